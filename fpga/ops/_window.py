# SPDX-License-Identifier: BSD-3-Clause
"""Windows as FINN's depthwise sliding window streams them, and what the ops behind it share."""

from typing import Any

from fpga.ops._base import Array, StreamOp


def interleave(windows: Array, channels: int, lanes: int) -> Array:
    """From [..., K*C] with C innermost to the order on the wire: for each group of `lanes` channels all K elements."""
    shape = windows.shape
    split = windows.reshape(*shape[:-1], -1, channels // lanes, lanes)
    return split.swapaxes(-3, -2).reshape(shape)


def elements(windows: Array, channels: int, lanes: int) -> Array:
    """The inverse, as a view [..., K, C/lanes, lanes] of windows [..., (C/lanes)*K*lanes]."""
    return windows.reshape(*windows.shape[:-1], channels // lanes, -1, lanes).swapaxes(-3, -2)


class WindowOp(StreamOp):
    """Windows [1, *vectors, K*C] to [1, *vectors, C], channel by channel. PE is the SIMD of the sliding window before.

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
        return super().get_folded_input_shape(ind)

    def lanes(self) -> int:
        """Channels side by side in the order in which a window comes."""
        return self.get_nodeattr("PE" if self.interleaved else "Channels")

    def elements(self, windows: Array) -> Array:
        """Windows [N, *vectors, K*C] as a view [N, *vectors, K, C / lanes, lanes]."""
        return elements(windows, self.get_nodeattr("Channels"), self.lanes())
