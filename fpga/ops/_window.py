# SPDX-License-Identifier: BSD-3-Clause
"""The order in which FINN's depthwise sliding window streams its elements."""

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


def interleave(windows: Array, channels: int, lanes: int) -> Array:
    """From [..., K*C] with C innermost to the order on the wire: for each group of `lanes` channels all K elements."""
    shape = windows.shape
    split = windows.reshape(*shape[:-1], -1, channels // lanes, lanes)
    return split.swapaxes(-3, -2).reshape(shape)


def elements(windows: Array, channels: int, lanes: int) -> Array:
    """The inverse, as a view [..., K, C/lanes, lanes] of windows [..., (C/lanes)*K*lanes]."""
    return windows.reshape(*windows.shape[:-1], channels // lanes, -1, lanes).swapaxes(-3, -2)
