# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WindowMax: parameters of the cell `window_max`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.window_max import WindowMax


class WindowMax_rtl(RtlOp, WindowMax):
    """WindowMax on `fpga/rtl/window_max.sv`."""

    interleaved = True

    def cell(self, graph: GraphProto) -> Cell:
        parameters = {
            "Ch": self.get_nodeattr("Channels"),
            "K": self.get_nodeattr("Kernel"),
            "Pe": self.get_nodeattr("PE"),
            "Bits": self.get_input_datatype().bitwidth(),
        }
        return Cell("window_max", parameters)
