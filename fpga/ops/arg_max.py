# SPDX-License-Identifier: BSD-3-Clause
"""ArgMax: the index of the largest class, the first one on a tie."""

from typing import Any

from onnx import GraphProto
from qonnx.core.datatype import BaseDataType

from fpga.ops._base import Array, Kernel, StreamOp, unsigned

LEVELS = 3
"""Of logic, in a row of the tree over the lanes: a comparison on a carry chain, and the choice."""


class ArgMax(StreamOp):
    """[1, classes] signed integers to [1, 1], the class."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"classes": ("i", True, 0)})
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return [1, self.get_nodeattr("classes")]

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return [1, 1]

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return unsigned(max(1, (self.get_nodeattr("classes") - 1).bit_length()))

    def output_lanes(self, ind: int = 0) -> int:
        return 1

    def latency(self, graph: GraphProto) -> int:
        """Two cycles, and one for each register in the tree over the lanes."""
        rows = (self.get_nodeattr("PE") - 1).bit_length()
        return 2 + max(0, rows - 1) // self.step()

    def step(self) -> int:
        """Rows of the tree over the lanes between two registers."""
        return max(1, int(self.get_nodeattr("maxLevels")) // LEVELS)

    def kernel(self, graph: GraphProto) -> Kernel:
        def run(x: Array) -> tuple[Array, ...]:
            return (x.argmax(axis=-1, keepdims=True),)

        return run
