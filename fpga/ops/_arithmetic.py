# SPDX-License-Identifier: BSD-3-Clause
"""Wraparound on floats that hold integers, in place and without leaving BLAS's types: what makes execution fast."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chain.errors import UnsupportedError

Array = npt.NDArray[Any]


def exact_type(bound: int, node: str) -> type[np.floating]:
    """The float type in which sums up to `bound` are exact. Tensors are float32, so sums from 2^24 on are refused."""
    if bound >= 1 << 53:
        raise UnsupportedError(f"node {node!r}: its sums reach {bound}, beyond what can be checked exactly (2^53)")
    return np.float32 if bound < 1 << 24 else np.float64


def wrap(sums: Array, bits: int, bound: int) -> Array:
    """Wrap exact integers in a float array (any shape, overwritten) to `bits` bits; |sums| <= `bound`.

    >>> wrap(np.array([127.0, 128.0, -129.0]), 8, 200).tolist()
    [127.0, -128.0, 127.0]
    """
    half = 1 << (bits - 1)
    if bound < half:
        return sums
    # x / 2^B, its floor and the product with 2^B are exact for a power of two; the sum with H needs one bit more
    exact = sums if bound + half < 1 << 24 else sums.astype(np.float64)
    turns = exact + half
    turns *= 1.0 / (2 * half)
    np.floor(turns, out=turns)
    turns *= 2 * half
    exact -= turns
    return exact
