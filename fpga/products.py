# SPDX-License-Identifier: BSD-3-Clause
"""How wrap_mvu multiplies: the way, the weights' codes, and the constants that come of it.

Signed digits leave out the carries of negative products, which add up to a constant of the row (fpga/rtl/digit_dot.sv).
A ternary weight of 0 has two codes, of which the second counts as negative: rows that have enough zeros are made to
count alike, and the constant is one of the cell. Otherwise the rows' constants are a small memory beside the sums.

Binary weights come in pairs, and those of twice -1 add up to a constant of the row (fpga/rtl/binary_dot.sv). It comes
with the weights.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fpga import rtl_memory

Integers = npt.NDArray[np.int64]
Way = Literal["planes", "ternary", "booth"]


@dataclass(frozen=True)
class Products:
    """`way`: "planes", "ternary" or "booth", as wrap_mvu's Products.

    codes      [Mh, Mw] the weights' bit patterns
    negatives  wrap_mvu's Negatives
    starts     [Mh] what each row's sum starts with, mod 2^AccBits; None: nothing but what the cell knows by itself
    constants  [Mh] what comes with the weights of each row, mod 2^(AccBits - 1), if they are binary
    """

    way: Way
    codes: Integers
    negatives: int = 0
    starts: Integers | None = None
    constants: Integers | None = None


def choose(weights: Integers, pe: int, simd: int, in_bits: int, weight_bits: int, acc_bits: int) -> Products:
    """The cheapest way for `weights` [Mh, Mw]. InputError for one that `weight_bits` do not hold."""
    if weight_bits == 2 and weights.min() >= -1:
        made = by("ternary", weights, simd, in_bits, weight_bits, acc_bits)
    elif weight_bits > 1 and in_bits > 1:
        made = by("booth", weights, simd, in_bits, weight_bits, acc_bits)
    else:
        return by("planes", weights, simd, in_bits, weight_bits, acc_bits)
    if made.starts is None or digits_pay(len(weights) // pe, simd, in_bits, acc_bits):
        return made
    return by("planes", weights, simd, in_bits, weight_bits, acc_bits)


def digits_pay(words: int, simd: int, in_bits: int, acc_bits: int) -> bool:
    """Whether signed digits are cheaper although rows need constants of their own, `words` of them a lane.

    By synthesised units: digits save about a table an input bit, constants cost one a sum bit for each 32 words.
    """
    return words == 1 or simd * in_bits > acc_bits * -(-words // 32)


def alike(weights: Integers) -> bool:
    """Whether rows of ternary `weights` [Mh, Mw] can be made to start alike."""
    return _alike(weights) is not None


def by(way: Way, weights: Integers, simd: int, in_bits: int, weight_bits: int, acc_bits: int) -> Products:
    """The products of `weights` in the given way; "ternary" takes -1, 0 and 1, "booth" two bits or more."""
    codes = rtl_memory.weight_codes(weights, weight_bits)
    if way == "planes":
        paired = weight_bits == 1 and simd > 1
        return Products(way, codes, constants=_pairs(codes, simd, in_bits, acc_bits) if paired else None)
    if way == "ternary" and (alike := _alike(weights)) is not None:
        return Products(way, *alike)
    extra = (1 << in_bits if way == "ternary" else 2 << in_bits) - 1
    return Products(way, codes, starts=-_signs(codes, weight_bits) * extra & ((1 << acc_bits) - 1))


def constant_bits(steps: int, simd: int, acc_bits: int) -> int:
    """Bits of a binary row's constant that come with the weights of each of its `steps` words, as wrap_mvu has them."""
    return -(-(acc_bits - 1) // steps) if simd > 1 else 0


def _pairs(codes: Integers, simd: int, in_bits: int, acc_bits: int) -> Integers:
    """[Mh] what the pairs of weights of -1 take from each row of 1-bit `codes`, mod 2^(acc_bits - 1)."""
    steps = codes.reshape(len(codes), -1, simd)
    pairs = (simd + 1) // 2
    negative = (steps[:, :, : simd - pairs] | steps[:, :, pairs:]) == 0
    lost = negative.sum(axis=(1, 2)) * ((1 << in_bits) - 1)
    return np.asarray(-lost & ((1 << (acc_bits - 1)) - 1), dtype=np.int64)


def _signs(codes: Integers, weight_bits: int) -> Integers:
    """[Mh] the sum of each row's negative digits, one of digit d weighing 4^d."""
    digits = range((weight_bits + 1) // 2)
    highs = [codes >> min(2 * d + 1, weight_bits - 1) & 1 for d in digits]
    return np.asarray(sum(high.sum(axis=1) << (2 * d) for d, high in enumerate(highs)), dtype=np.int64)


def _alike(weights: Integers) -> tuple[Integers, int] | None:
    """Codes of ternary `weights` with as many first bits set in every row, and how many. None if zeros are too few."""
    negatives, zeros = (weights < 0).sum(axis=1), weights == 0
    most = int(negatives.max())
    lacking = most - negatives
    if (lacking > zeros.sum(axis=1)).any():
        return None
    second = zeros & (np.cumsum(zeros, axis=1) <= lacking[:, None])
    return np.where(second, 2, rtl_memory.weight_codes(weights, 2)), most
