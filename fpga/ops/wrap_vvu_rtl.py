# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WrapVVU: parameters and weight memory of the cell `wrap_vvu`."""

from onnx import GraphProto

from fpga import rtl_memory
from fpga.ops._rtl import RtlOp, integers
from fpga.ops._wrapper import Cell
from fpga.ops.wrap_vvu import WrapVVU


class WrapVVU_rtl(RtlOp, WrapVVU):
    """WrapVVU on `fpga/rtl/wrap_vvu.sv`."""

    interleaved = True

    def cell(self, graph: GraphProto) -> Cell:
        weights = integers(self.initializer(graph, 1)).T
        bits, pe = self.get_input_datatype(1).bitwidth(), self.get_nodeattr("PE")
        memory = f"{self.get_verilog_top_module_name()}_weights.hex"
        parameters = {
            "Ch": self.get_nodeattr("Channels"),
            "K": self.get_nodeattr("Kernel"),
            "Pe": pe,
            "InBits": self.get_input_datatype().bitwidth(),
            "WeightBits": bits,
            "AccBits": self.get_nodeattr("accumulatorBits"),
            "InitFile": memory,
        }
        return Cell("wrap_vvu", parameters, {memory: rtl_memory.vvu_weights(weights, pe, bits)})
