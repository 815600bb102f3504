# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of StreamAdd: parameters of the cell `stream_add`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.stream_add import StreamAdd


class StreamAdd_rtl(RtlOp, StreamAdd):
    """StreamAdd on `fpga/rtl/stream_add.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        parameters = {
            "Pe": self.get_nodeattr("PE"),
            "In0Bits": self.get_input_datatype(0).bitwidth(),
            "In1Bits": self.get_input_datatype(1).bitwidth(),
            "OutBits": self.get_nodeattr("outBits"),
        }
        return Cell("stream_add", parameters)
