# SPDX-License-Identifier: BSD-3-Clause
"""StreamFork: one stream to two readers."""

from typing import Any

from onnx import GraphProto

from fpga.ops._base import Array, Kernel, StreamOp


class StreamFork(StreamOp):
    """[1, ..., C] to two outputs of the same."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"shape": ("ints", True, []), "outFIFODepths": ("ints", False, [2, 2])})
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("shape"))

    def latency(self, graph: GraphProto) -> int:
        return 0

    def kernel(self, graph: GraphProto) -> Kernel:
        def run(x: Array) -> tuple[Array, ...]:
            return (x, x)

        return run
