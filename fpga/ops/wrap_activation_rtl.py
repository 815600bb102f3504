# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WrapActivation: parameters and threshold memories of the cell `wrap_activation`."""

import numpy as np
from onnx import GraphProto

from chain.integers import fold
from fpga import rtl_memory
from fpga.ops._rtl import RtlOp, integers
from fpga.ops._wrapper import Cell
from fpga.ops.wrap_activation import WrapActivation


class WrapActivation_rtl(RtlOp, WrapActivation):
    """WrapActivation on `fpga/rtl/wrap_activation.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        kind, out_bits = self.get_input_datatype(), self.get_nodeattr("outBits")
        shared, style = self.get_nodeattr("rows") == 1, self.chosen_style()
        stem = f"{self.get_verilog_top_module_name()}_{style}"
        parameters = {
            "Ch": self.get_nodeattr("shape")[-1],
            "Pe": self.get_nodeattr("PE"),
            "InBits": kind.bitwidth(),
            "InSigned": int(kind.signed()),
            "Fold": self.get_nodeattr("fold"),
            "OutBits": out_bits,
            "ThresholdBits": self.get_nodeattr("thresholdBits"),
            "Shared": int(shared),
            "Style": style,
            "InitFile": f"./{stem}",
        }
        steps = rtl_memory.Staircase(
            integers(self.initializer(graph, 1)), integers(self.initializer(graph, 2)).astype(bool)
        )
        lanes = 1 if shared else self.get_nodeattr("PE")
        if style == "table":
            files = rtl_memory.activation_table(self._table(steps), lanes, out_bits)
        elif style == "interval":
            files = rtl_memory.activation_interval(steps, lanes, kind.bitwidth(), self.get_nodeattr("fold"))
        else:
            files = rtl_memory.activation_search(steps, lanes, out_bits, self.get_nodeattr("thresholdBits"))
        memories = {f"{stem}_{lane}.hex": lines for lane, lines in enumerate(files)}
        return Cell("wrap_activation", self.limited(parameters), memories)

    def _table(self, steps: rtl_memory.Staircase) -> np.ndarray:
        """The output for every bit pattern of the input, [rows, 2^InBits]."""
        kind = self.get_input_datatype()
        words = np.arange(1 << kind.bitwidth())
        m = np.where(words > kind.max(), words - (1 << kind.bitwidth()), words)
        f = fold(m, kind.bitwidth(), self.get_nodeattr("fold"))
        return steps(np.repeat(f[:, None], len(steps.flip), axis=1)).T
