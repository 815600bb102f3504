# SPDX-License-Identifier: BSD-3-Clause
"""WindowSum: the sum over all pixels: global average pooling in integers."""

from typing import Any

from onnx import GraphProto
from qonnx.core.datatype import BaseDataType

from fpga.ops._base import Array, Kernel, StreamOp, unsigned


class WindowSum(StreamOp):
    """[1, H, W, C] unsigned integers to [1, 1, 1, C] of `outBits` bits, which hold H*W times the largest input."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"shape": ("ints", True, []), "outBits": ("i", True, 0)})
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("shape"))

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return [1, 1, 1, self.get_nodeattr("shape")[-1]]

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return unsigned(self.get_nodeattr("outBits"))

    def kernel(self, graph: GraphProto) -> Kernel:
        def run(x: Array) -> tuple[Array, ...]:
            return (x.sum(axis=(1, 2), keepdims=True),)

        return run
