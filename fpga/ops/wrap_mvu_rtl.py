# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WrapMVU: parameters and weight memory of the cell `wrap_mvu`, or a module for these weights alone."""

from onnx import GraphProto

from fpga import rtl_memory
from fpga.ops._weighted import WeightedRtl
from fpga.ops._window import interleave
from fpga.ops._wrapper import Cell
from fpga.ops.wrap_mvu import WrapMVU
from fpga.products import Integers
from fpga.unrolled import verilog


class WrapMVU_rtl(WeightedRtl, WrapMVU):
    """WrapMVU on `fpga/rtl/wrap_mvu.sv`; fully unrolled, on a pipeline of adders (fpga/unrolled)."""

    interleaved = True

    def rows(self, graph: GraphProto) -> Integers:
        rows = super().rows(graph)
        return interleave(rows, self._group_channels(), self.get_nodeattr("SIMD")) if self._groups() > 1 else rows

    def cell(self, graph: GraphProto) -> Cell:
        bits, pe, simd = self.get_input_datatype(1).bitwidth(), self.get_nodeattr("PE"), self.get_nodeattr("SIMD")
        if self.unrolled():
            name = f"{self.get_verilog_top_module_name()}_sums"
            title = f"the products of a vector and {pe} rows of {simd} constant weights"
            return Cell(name, text=verilog.module(name, self.circuit(graph), title), parts=verilog.CELLS)
        chosen = self.products(graph)
        mh, mw = chosen.codes.shape
        sizes = {"Mw": mw, "Mh": mh, "Groups": self._groups(), "Simd": simd, "Pe": pe}
        constants = chosen.constants, self.get_nodeattr("accumulatorBits") - 1
        lines = rtl_memory.mvu_codes(chosen.codes, pe, simd, bits, *constants)
        cell = self.weighted_cell("wrap_mvu", sizes, lines)
        if chosen.way == "planes":
            return cell
        parameters: dict[str, int | str] = {"Products": chosen.way, "Negatives": chosen.negatives}
        memories = {}
        if chosen.starts is not None:
            file = f"{self.get_verilog_top_module_name()}_starts.hex"
            parameters["StartFile"] = f"./{file}"
            memories[file] = rtl_memory.mvu_starts(chosen.starts, pe, self.get_nodeattr("accumulatorBits"))
        return Cell(cell.name, {**cell.parameters, **parameters}, {**cell.memories, **memories})
