# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WindowSum: parameters of the cell `window_sum`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.window_sum import WindowSum


class WindowSum_rtl(RtlOp, WindowSum):
    """WindowSum on `fpga/rtl/window_sum.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        _, height, width, channels = self.get_nodeattr("shape")
        parameters = {
            "Ch": channels,
            "Pe": self.get_nodeattr("PE"),
            "Pixels": height * width,
            "InBits": self.get_input_datatype().bitwidth(),
            "OutBits": self.get_nodeattr("outBits"),
        }
        return Cell("window_sum", parameters)
