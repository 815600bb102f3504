# SPDX-License-Identifier: BSD-3-Clause
"""StreamAdd: the sum of two streams of unsigned integers: residual connections."""

from typing import Any

from onnx import GraphProto
from qonnx.core.datatype import BaseDataType, DataType

from fpga.ops._base import Array, Kernel, StreamOp, unsigned


class StreamAdd(StreamOp):
    """Two inputs [1, ..., C] (types `inputDataType`, `inputDataType1`) to their exact sum of `outBits` bits."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update(
            {
                "shape": ("ints", True, []),
                "inputDataType1": ("s", True, ""),
                "outBits": ("i", True, 0),
                "inFIFODepths": ("ints", False, [2, 2]),
            }
        )
        return types

    def get_input_datatype(self, ind: int = 0) -> BaseDataType:
        return DataType[self.get_nodeattr("inputDataType1")] if ind else super().get_input_datatype()

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return unsigned(self.get_nodeattr("outBits"))

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("shape"))

    def kernel(self, graph: GraphProto) -> Kernel:
        def run(a: Array, b: Array) -> tuple[Array, ...]:
            return (a + b,)

        return run
