# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of ArgMax: parameters of the cell `arg_max`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.arg_max import ArgMax


class ArgMax_rtl(RtlOp, ArgMax):
    """ArgMax on `fpga/rtl/arg_max.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        parameters = {
            "Classes": self.get_nodeattr("classes"),
            "Pe": self.get_nodeattr("PE"),
            "Bits": self.get_input_datatype().bitwidth(),
            "IndexBits": self.get_output_datatype().bitwidth(),
        }
        return Cell("arg_max", self.limited(parameters))
