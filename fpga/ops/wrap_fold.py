# SPDX-License-Identifier: BSD-3-Clause
"""WrapFold: the cyclic activation alone, for a last layer that has no thresholds behind it."""

from typing import Any

from onnx import GraphProto

from chain.integers import fold
from fpga.ops._base import Array, Kernel, StreamOp


class WrapFold(StreamOp):
    """[1, ..., C] signed integers of B bits to the same, folded."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"shape": ("ints", True, []), "fold": ("i", True, 0)})
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("shape"))

    def kernel(self, graph: GraphProto) -> Kernel:
        bits, k = self.get_input_datatype().bitwidth(), self.get_nodeattr("fold")

        def run(x: Array) -> tuple[Array, ...]:
            return (fold(x.astype("int64"), bits, k),)

        return run
