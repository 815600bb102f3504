# SPDX-License-Identifier: BSD-3-Clause
"""StreamNarrow: the same elements in words of fewer: a width converter whose wide words are whole numbers of narrow."""

from typing import Any

from onnx import GraphProto

from fpga.ops._base import Array, Kernel, StreamOp


class StreamNarrow(StreamOp):
    """[1, ..., C] in words of `lanes` elements to words of PE, which divides `lanes`."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"shape": ("ints", True, []), "lanes": ("i", True, 0)})
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("shape"))

    def input_lanes(self, ind: int = 0) -> int:
        return self.get_nodeattr("lanes")

    def kernel(self, graph: GraphProto) -> Kernel:
        def run(x: Array) -> tuple[Array, ...]:
            return (x,)

        return run
