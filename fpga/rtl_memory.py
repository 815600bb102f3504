# SPDX-License-Identifier: BSD-3-Clause
"""Memory contents of the cells in fpga/rtl: integers in, lines of $readmemh files out.

Each function returns the words of a memory, first address first, as hexadecimal lines of equal length. The cells'
headers describe the same layouts. Values are checked: InputError names the first one that does not fit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chain.errors import InputError

Integers = npt.NDArray[np.integer]
Lines = list[str]


@dataclass(frozen=True)
class Staircase:
    """Thresholds of a monotone step function, channel by channel.

    thresholds  [Ch, N] ascending; out = number of thresholds that g reaches (g >= t)
    flip        [Ch] bool; g = -f - 1 (that is, ~f) where true: the function falls; else g = f
    """

    thresholds: npt.NDArray[np.int64]
    flip: npt.NDArray[np.bool_]

    @property
    def bits(self) -> int:
        """The narrowest signed width that holds every threshold."""
        return signed_bits(int(self.thresholds.min()), int(self.thresholds.max()))

    def __call__(self, f: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The function's values for `f` [..., Ch]."""
        values = np.asarray(f, dtype=np.int64)
        g = np.where(self.flip, ~values, values)
        return (g[..., None] >= self.thresholds).sum(axis=-1)


def staircase(levels: Integers, first: int, out_bits: int) -> Staircase:
    """Thresholds of monotone `levels` [Ch, F]: the outputs (0 .. 2^out_bits - 1) for f = first, first+1, ...

    A level that is reached everywhere gets the least g as its threshold, one that is never reached the greatest g + 1.

    >>> staircase(np.array([[0, 1, 3], [2, 1, 0]]), -1, 2).thresholds.tolist()
    [[0, 1, 1], [-1, 0, 1]]
    """
    levels = _matrix(levels, "levels")
    steps = np.diff(levels, axis=1)
    falls = np.asarray((steps < 0).any(axis=1))
    mixed = np.flatnonzero(falls & (steps > 0).any(axis=1))
    if mixed.size:
        raise InputError(f"channel {mixed[0]} both rises and falls: thresholds cannot express it, a table can")
    _check(levels, 0, (1 << out_bits) - 1, "level")
    count = levels.shape[1]
    rising = np.where(falls[:, None], levels[:, ::-1], levels)
    below = np.array([np.searchsorted(row, np.arange(1, 1 << out_bits)) for row in rising])
    least = np.where(falls, -(first + count - 1) - 1, first)
    return Staircase(below + least[:, None], falls)


def signed_bits(low: int, high: int) -> int:
    """Width of the narrowest two's complement number that holds `low` and `high`.

    >>> signed_bits(-128, 127), signed_bits(0, 128), signed_bits(0, 0)
    (8, 9, 1)
    """
    return max((~low if low < 0 else low).bit_length(), (~high if high < 0 else high).bit_length()) + 1


def mvu_weights(weights: Integers, pe: int, simd: int, weight_bits: int) -> Lines:
    """wrap_mvu's memory: `weights` [Mh, Mw]; weight_bits 1 takes -1 and +1, else two's complement.

    Word nf * Sf + sf, with Sf = Mw / simd, holds weight (p, s) = weights[nf * pe + p][sf * simd + s] at bit
    (p * simd + s) * weight_bits.
    """
    return mvu_codes(weight_codes(_matrix(weights, "weights"), weight_bits), pe, simd, weight_bits)


def mvu_codes(
    codes: Integers, pe: int, simd: int, weight_bits: int, constants: Integers | None = None, constant_bits: int = 0
) -> Lines:
    """The same of the weights' bit patterns, for wrap_mvu's other codes.

    The words of a row together hold its one of `constants` [Mh], of `constant_bits`, above their weights: as many bits
    each, the lowest first, and below the constant what is left over.
    """
    matrix = _matrix(codes, "weights")
    mh, mw = matrix.shape
    _divides(pe, mh, "pe", "rows")
    _divides(simd, mw, "simd", "columns")
    words = matrix.reshape(mh // pe, pe, mw // simd, simd).transpose(0, 2, 1, 3)
    planes = _planes(words.reshape(-1, pe * simd), weight_bits)
    if constants is not None:
        steps = mw // simd
        each = -(-constant_bits // steps)
        unused = steps * each - constant_bits
        parts = np.pad(_planes(np.asarray(constants)[:, None], constant_bits), ((0, 0), (unused, 0)))
        parts = parts.reshape(mh // pe, pe, steps, each).transpose(0, 2, 1, 3)
        planes = np.concatenate([planes, parts.reshape(len(planes), -1)], axis=1)
    return _lines(planes)


def mvu_starts(starts: Integers, pe: int, acc_bits: int) -> Lines:
    """wrap_mvu's StartFile: word r holds `starts`[r * pe + p], 0 .. 2^acc_bits - 1, at bit p * acc_bits."""
    _divides(pe, len(starts), "pe", "rows")
    return hex_lines(np.asarray(starts).reshape(-1, pe), acc_bits)


def vvu_weights(weights: Integers, pe: int, weight_bits: int) -> Lines:
    """wrap_vvu's memory: `weights` [Ch, K]; word cf * K + k holds weights[cf * pe + p][k] at bit p * weight_bits."""
    matrix = _matrix(weights, "weights")
    ch, k = matrix.shape
    _divides(pe, ch, "pe", "channels")
    codes = weight_codes(matrix, weight_bits)
    return hex_lines(codes.reshape(ch // pe, pe, k).transpose(0, 2, 1).reshape(-1, pe), weight_bits)


def activation_search(steps: Staircase, pe: int, out_bits: int, threshold_bits: int) -> list[Lines]:
    """wrap_activation's memories for Style "search": one list of lines a lane, for the files <stem>_<lane>.hex.

    Word cf * 2^out_bits + i of lane p is threshold t_i (i = 1 ..) of channel cf * pe + p; word i = 0 is its flip bit.
    One channel for all (Shared) is a staircase of one channel and pe = 1.
    """
    channels, count = steps.thresholds.shape
    _divides(pe, channels, "pe", "channels")
    if count != (1 << out_bits) - 1:
        raise InputError(f"{count} thresholds a channel, expected {(1 << out_bits) - 1} for {out_bits} output bits")
    _check(steps.thresholds, -(1 << (threshold_bits - 1)), (1 << (threshold_bits - 1)) - 1, "threshold")
    if (np.diff(steps.thresholds, axis=1) < 0).any():
        raise InputError("the thresholds of a channel must ascend")
    words = np.concatenate([steps.flip[:, None].astype(np.int64), steps.thresholds], axis=1)
    words &= (1 << threshold_bits) - 1
    return [hex_lines(words[lane::pe].reshape(-1, 1), threshold_bits) for lane in range(pe)]


def activation_interval(steps: Staircase, pe: int, in_bits: int, fold: int) -> list[Lines]:
    """wrap_activation's memories for Style "interval": one list of lines a lane, for the files <stem>_<lane>.hex.

    Words cf * 2 and cf * 2 + 1 of lane p are those of channel cf * pe + p for the inner and the outer side of the
    fold's corner: the pattern of m that the output steps at (the inner side's with the sign bit inverted), and above it
    (bit in_bits) whether the output is 1 before that pattern, in place of from there on.
    One channel for all (Shared) is a staircase of one channel and pe = 1.
    """
    channels, count = steps.thresholds.shape
    _divides(pe, channels, "pe", "channels")
    if count != 1:
        raise InputError(f"{count} thresholds a channel, expected 1 for an interval")
    if fold < 1:
        raise InputError(f"fold {fold}, expected at least 1 for an interval")
    threshold, flip = steps.thresholds[:, 0], steps.flip
    half = 1 << (in_bits - 1)
    # Inside, f = m = pattern - half, and ~f >= threshold where m < -threshold. Outside, f = fold * (half - pattern).
    inner = half + np.where(flip, -threshold, threshold)
    outer = half + np.where(flip, -((-threshold - 1) // fold), -threshold // fold + 1)
    first, falls = np.stack([inner, outer], axis=1), np.stack([flip, ~flip], axis=1)
    beyond = first >> in_bits  # where every pattern is on one side of it
    codes = np.where(beyond, 0, first) + ((falls ^ (beyond > 0)).astype(np.int64) << in_bits)
    return [hex_lines(codes[lane::pe].reshape(-1, 1), in_bits + 1) for lane in range(pe)]


def activation_table(table: Integers, pe: int, out_bits: int) -> list[Lines]:
    """wrap_activation's memories for Style "table": one list of lines a lane, for the files <stem>_<lane>.hex.

    `table` [Ch, 2^InBits] is the output for the raw input word m (its bit pattern, before the fold). Word
    cf * 2^InBits + m of lane p is table[cf * pe + p][m].
    """
    table = _matrix(table, "table")
    _divides(pe, table.shape[0], "pe", "channels")
    if table.shape[1] & (table.shape[1] - 1):
        raise InputError(f"a table of {table.shape[1]} entries a channel; expected a power of two")
    _check(table, 0, (1 << out_bits) - 1, "table entry")
    return [hex_lines(table[lane::pe].reshape(-1, 1), out_bits) for lane in range(pe)]


def weight_codes(weights: Integers, weight_bits: int) -> npt.NDArray[np.int64]:
    """The bit patterns of `weights` (any shape): 1 for +1 and 0 for -1 with one bit, else two's complement."""
    values = np.asarray(weights).astype(np.int64)
    if weight_bits == 1:
        wrong = values[np.abs(values) != 1]
        if wrong.size:
            raise InputError(f"weight {wrong[0]} with 1 bit; expected -1 or +1")
        return (values + 1) // 2
    _check(values, -(1 << (weight_bits - 1)), (1 << (weight_bits - 1)) - 1, "weight")
    return values & ((1 << weight_bits) - 1)


def hex_lines(codes: Integers, bits: int) -> Lines:
    """One line a row of `codes` [words, fields]: field i (unsigned, `bits` wide) at bit i * bits."""
    return _lines(_planes(codes, bits))


def _planes(codes: Integers, bits: int) -> npt.NDArray[np.uint8]:
    """Bits [words, fields * bits] of `codes` [words, fields], the lowest first."""
    fields = np.asarray(codes).astype(np.int64)
    planes = (fields[:, :, None] >> np.arange(bits)) & 1
    return planes.reshape(len(fields), -1).astype(np.uint8)


def _lines(planes: npt.NDArray[np.uint8]) -> Lines:
    digits = -(-planes.shape[1] // 4)
    data = np.packbits(planes, axis=1, bitorder="little")
    return [row.tobytes()[::-1].hex()[-digits:].rjust(digits, "0") for row in data]


def _matrix(values: Integers, what: str) -> npt.NDArray[np.int64]:
    matrix = np.asarray(values)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InputError(f"{what} of shape {list(matrix.shape)}; expected two axes, none of length 0")
    if not np.issubdtype(matrix.dtype, np.integer):
        raise InputError(f"{what} of type {matrix.dtype}; expected integers")
    return matrix.astype(np.int64)


def _divides(part: int, whole: int, part_name: str, whole_name: str) -> None:
    if part < 1 or whole % part:
        raise InputError(f"{part_name} = {part} does not divide {whole} {whole_name}")


def _check(values: npt.NDArray[np.int64], low: int, high: int, what: str) -> None:
    wrong = values[(values < low) | (values > high)]
    if wrong.size:
        raise InputError(f"{what} {wrong.flat[0]} outside [{low}, {high}]")
