# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WrapVVU: parameters and weight memory of the cell `wrap_vvu`."""

from onnx import GraphProto

from fpga import rtl_memory
from fpga.ops._rtl import integers
from fpga.ops._weighted import WeightedRtl
from fpga.ops._wrapper import Cell
from fpga.ops.wrap_vvu import WrapVVU


class WrapVVU_rtl(WeightedRtl, WrapVVU):
    """WrapVVU on `fpga/rtl/wrap_vvu.sv`."""

    interleaved = True

    def cell(self, graph: GraphProto) -> Cell:
        rows = integers(self.initializer(graph, 1)).T
        bits, pe = self.get_input_datatype(1).bitwidth(), self.get_nodeattr("PE")
        channels, taps = rows.shape
        sizes = {"Ch": channels, "K": taps, "Pe": pe}
        return self.weighted_cell("wrap_vvu", sizes, rtl_memory.vvu_weights(rows, pe, bits))
