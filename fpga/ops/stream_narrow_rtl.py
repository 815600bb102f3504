# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of StreamNarrow: parameters of the cell `stream_narrow`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.stream_narrow import StreamNarrow


class StreamNarrow_rtl(RtlOp, StreamNarrow):
    """StreamNarrow on `fpga/rtl/stream_narrow.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        parts = self.get_nodeattr("lanes") // self.get_nodeattr("PE")
        return Cell("stream_narrow", {"Width": self.get_outstream_width(), "Parts": parts})
