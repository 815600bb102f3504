# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WrapFold: parameters of the cell `wrap_fold`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.wrap_fold import WrapFold


class WrapFold_rtl(RtlOp, WrapFold):
    """WrapFold on `fpga/rtl/wrap_fold.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        parameters = {
            "Pe": self.get_nodeattr("PE"),
            "Bits": self.get_input_datatype().bitwidth(),
            "Fold": self.get_nodeattr("fold"),
        }
        return Cell("wrap_fold", parameters)
