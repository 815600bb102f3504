# SPDX-License-Identifier: BSD-3-Clause
"""The arithmetic that every stage obeys, on numpy integers (WrapNet, arXiv 2007.13242, section 3)."""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

NARROWEST, WIDEST = 4, 32
"""Widths of accumulators, in bits."""


def half(bits: int) -> int:
    """H = 2^(bits-1): an accumulator of `bits` bits holds [-H, H-1]."""
    return 1 << (bits - 1)


def wrap(z: npt.ArrayLike, bits: int) -> Integers:
    """Two's complement wraparound of exact sums `z` (any shape) to `bits` bits.

    >>> wrap([127, 128, -129], 8).tolist()
    [127, -128, 127]
    """
    h = half(bits)
    return ((np.asarray(z, dtype=np.int64) + h) & (2 * h - 1)) - h


def fold(m: npt.ArrayLike, bits: int, k: int | None) -> Integers:
    """Cyclic activation of wrapped sums `m` (any shape): sign(m) * min(|m|, k * (H - |m|)); `m` itself for k None or 0.

    Continuous across an overflow: both ends of the range fold to zero.

    >>> fold([96, 97, 127, -128], 8, 3).tolist()
    [96, 93, 3, 0]
    """
    m = np.asarray(m, dtype=np.int64)
    if not k:
        return m
    magnitude = np.abs(m)
    return np.sign(m) * np.minimum(magnitude, k * (half(bits) - magnitude))
