# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of StreamFork: parameters of the cell `stream_fork`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.stream_fork import StreamFork


class StreamFork_rtl(RtlOp, StreamFork):
    """StreamFork on `fpga/rtl/stream_fork.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        return Cell("stream_fork", {"Width": self.get_instream_width()})
