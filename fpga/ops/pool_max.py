# SPDX-License-Identifier: BSD-3-Clause
"""PoolMax: max pooling whose windows tile the image, without a sliding window."""

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto

from fpga.estimate import memory
from fpga.ops._base import Array, Kernel, StreamOp


class PoolMax(StreamOp):
    """[1, H, W, C] unsigned integers to [1, H // KH, W // KW, C]; `kernel` is [KH, KW], the stride as well."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"shape": ("ints", True, []), "kernel": ("ints", True, [])})
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("shape"))

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        one, height, width, channels = self.get_nodeattr("shape")
        rows, columns = self.get_nodeattr("kernel")
        return [one, height // rows, width // columns, channels]

    def places(self) -> int:
        """Words of the row of maxima, each window's from a power of two on."""
        _, _, width, channels = self.get_nodeattr("shape")
        fold = channels // self.get_nodeattr("PE")
        return (-(-width // self.get_nodeattr("kernel")[1]) - 1) * (1 << (fold - 1).bit_length()) + memory.places(fold)

    def ahead(self) -> bool:
        """Whether a maximum is read a cycle ahead: where Yosys puts so many into block RAM, or the clock is fast."""
        return self.short() or memory.ram(self.places(), self.get_outstream_width()).bram36 > 0

    def completes(self) -> npt.NDArray[np.bool_]:
        """For each input word of an image: does it complete a window?"""
        _, height, width, channels = self.get_nodeattr("shape")
        rows, columns = self.get_nodeattr("kernel")
        y, x = np.arange(height) % rows == rows - 1, np.arange(width) % columns == columns - 1
        return np.repeat(y[:, None] & x, channels // self.get_nodeattr("PE"))

    def kernel(self, graph: GraphProto) -> Kernel:
        _, height, width, channels = self.get_normal_output_shape()
        rows, columns = self.get_nodeattr("kernel")

        def run(x: Array) -> tuple[Array, ...]:
            tiles = x[:, : height * rows, : width * columns].reshape(-1, height, rows, width, columns, channels)
            return (tiles.max(axis=(2, 4)),)

        return run
