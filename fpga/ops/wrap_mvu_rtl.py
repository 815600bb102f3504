# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of WrapMVU: parameters and weight memory of the cell `wrap_mvu`."""

from onnx import GraphProto

from fpga import rtl_memory
from fpga.ops._rtl import RtlOp, integers
from fpga.ops._wrapper import Cell
from fpga.ops.wrap_mvu import WrapMVU


class WrapMVU_rtl(RtlOp, WrapMVU):
    """WrapMVU on `fpga/rtl/wrap_mvu.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        weights = integers(self.initializer(graph, 1)).T
        bits = self.get_input_datatype(1).bitwidth()
        pe, simd = self.get_nodeattr("PE"), self.get_nodeattr("SIMD")
        memory = f"{self.get_verilog_top_module_name()}_weights.hex"
        parameters = {
            "Mw": self.get_nodeattr("MW"),
            "Mh": self.get_nodeattr("MH"),
            "Simd": simd,
            "Pe": pe,
            "InBits": self.get_input_datatype().bitwidth(),
            "WeightBits": bits,
            "AccBits": self.get_nodeattr("accumulatorBits"),
            "InitFile": memory,
        }
        return Cell("wrap_mvu", parameters, {memory: rtl_memory.mvu_weights(weights, pe, simd, bits)})
