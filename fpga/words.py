# SPDX-License-Identifier: BSD-3-Clause
"""Integers <-> stream words: element 0 in the least significant bits, words padded to whole bytes, little endian."""

import numpy as np
import numpy.typing as npt

from chain.errors import InputError


def pack(values: npt.NDArray[np.integer], bits: int, per_word: int) -> npt.NDArray[np.uint8]:
    """Words of `values` (any shape, size a multiple of `per_word`): uint8 [words, bytes a word].

    Signed values are taken as two's complement. InputError if a value needs more than `bits` bits.

    >>> pack(np.array([1, 2, 3, -1]), 4, 2).tolist()
    [[33], [243]]
    """
    flat = np.ascontiguousarray(values).reshape(-1).astype(np.int64)
    if flat.size and (flat.min() < -(1 << (bits - 1)) or flat.max() >= 1 << bits):
        raise InputError(f"values {flat.min()}..{flat.max()} do not fit {bits} bits")
    if bits == 8 and per_word >= 1:
        return (flat & 0xFF).astype(np.uint8).reshape(-1, per_word)
    shifts = np.arange(bits, dtype=np.int64)
    planes = ((flat[:, None] >> shifts) & 1).astype(np.uint8).reshape(-1, per_word * bits)
    return np.packbits(planes, axis=1, bitorder="little")


def unpack(words: npt.NDArray[np.uint8], bits: int, per_word: int, signed: bool) -> npt.NDArray[np.int32]:
    """The integers of `words` (uint8 [words, bytes a word]), flat: int32 [words * per_word].

    >>> unpack(np.array([[33], [243]], dtype=np.uint8), 4, 2, signed=True).tolist()
    [1, 2, 3, -1]
    """
    if bits == 8:
        flat = np.ascontiguousarray(words[:, :per_word]).reshape(-1)
        return (flat.view(np.int8) if signed else flat).astype(np.int32)
    planes = np.unpackbits(words, axis=1, bitorder="little", count=per_word * bits).reshape(-1, bits)
    weights = np.left_shift(np.int64(1), np.arange(bits, dtype=np.int64))
    if signed:
        weights[-1] = -weights[-1]
    total = np.zeros(len(planes), dtype=np.int64)
    for index, weight in enumerate(weights):
        total += planes[:, index] * weight
    return total.astype(np.int32)


def word_bytes(bits: int, per_word: int) -> int:
    """Bytes of a word."""
    return (bits * per_word + 7) // 8
