# SPDX-License-Identifier: BSD-3-Clause
"""WindowMax: maximum over each window, behind FINN's depthwise sliding window: max pooling."""

from typing import Any

from onnx import GraphProto

from fpga.ops._base import Array, Kernel, StreamOp
from fpga.ops._window import elements


class WindowMax(StreamOp):
    """Windows [1, OH, OW, K*C] of unsigned integers to [1, OH, OW, C]. PE is the SIMD of the sliding window before it.

    As FINN's own ops, the general form takes windows with C innermost, the RTL form takes them as they stream.
    """

    interleaved = False

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"Channels": ("i", True, 0), "Kernel": ("i", True, 0), "vectors": ("ints", True, [])})
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return [1, *self.get_nodeattr("vectors"), self.get_nodeattr("Kernel") * self.get_nodeattr("Channels")]

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return [1, *self.get_nodeattr("vectors"), self.get_nodeattr("Channels")]

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        self.get_folded_output_shape()  # PE divides the channels, not only the window
        return self._folded(self.get_normal_input_shape(ind), self.input_lanes(ind))

    def lut_estimation(self, fpgapart: str = "") -> int:
        """LUTs: a comparator and a multiplexer a lane."""
        return self.get_nodeattr("PE") * 2 * self.get_input_datatype().bitwidth() + 10

    def kernel(self, graph: GraphProto) -> Kernel:
        channels = self.get_nodeattr("Channels")
        lanes = self.get_nodeattr("PE") if self.interleaved else channels

        def run(x: Array) -> tuple[Array, ...]:
            return (elements(x, channels, lanes).max(axis=-3).reshape(*x.shape[:-1], channels),)

        return run
