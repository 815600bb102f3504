# SPDX-License-Identifier: BSD-3-Clause
"""The dot products of `fpga/rtl` counted as they build themselves: products, then a heap of bits on carry chains.

Each cell is of primitives for the 7 series (fpga/rtl_xc7), so that its look-up tables are known: a LUT6 a place of
add_four, and so on. What the tool is left to map (a single product, the sum of a pair of other than two bits) is told
apart. tests/fpga/estimate/test_heap.py compares all counts with syntheses.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fpga.products import Way
from fpga.unrolled.columns import left

SHIFT = 3  # registers in a row that Yosys makes a shift register (synth_xilinx)


@dataclass(frozen=True)
class Cells:
    """Of one dot product.

    lut        tables of cells that are made of primitives
    free       products that the tool maps: a table each, unless something else has room for it
    registers  behind the levels of the heap
    carry4     carry chains, in blocks of four
    """

    lut: int = 0
    free: int = 0
    registers: int = 0
    carry4: int = 0

    def times(self, count: int) -> "Cells":
        """So many of them."""
        return Cells(self.lut * count, self.free * count, self.registers * count, self.carry4 * count)

    def plus(self, other: "Cells") -> "Cells":
        """Both together."""
        return Cells(
            self.lut + other.lut,
            self.free + other.free,
            self.registers + other.registers,
            self.carry4 + other.carry4,
        )


@functools.cache
def binary(simd: int, in_bits: int, sum_bits: int, every: bool = False) -> Cells:
    """binary_dot, `every` for that of all inputs."""
    pairs, planes = (simd + 1) // 2, min(in_bits, sum_bits)
    places = pair_places(pairs, planes)
    heights = pair_heights(pairs, in_bits)
    levels = halvings(max(heights))
    chains = [sum(count > k for count in places) for k in range(places[-1])]
    summed = heap(tuple((heights + [0] * sum_bits)[:sum_bits]), levels)
    # Places have tables of their own; of the others' bits, an odd input is one as it is.
    left = planes * pairs - sum(places)
    if every:
        left = sum(pairs - 2 * here for here in places) - planes * (simd % 2)
    return summed.plus(Cells(lut=sum(places), free=left, carry4=sum(-(-length // 4) for length in chains)))


def pair_places(pairs: int, planes: int) -> list[int]:
    """How many bits of each plane binary_dot adds as it chooses them, as fpga/rtl/heap_pkg.sv counts them."""
    places = [0]
    for _ in range(planes):
        places.append((pairs + places[-1]) // 3)
    return places[1:]


def pair_heights(pairs: int, in_bits: int) -> list[int]:
    """Bits of each column behind that."""
    places = [0, *pair_places(pairs, in_bits)]
    left = [pairs + prior - 2 * here for prior, here in pairwise(places)]
    return [*left, places[-1]]


@functools.cache
def digits(simd: int, in_bits: int, weight_bits: int, ternary: bool, sum_bits: int) -> Cells:
    """digit_dot."""
    wide = in_bits + (not ternary)
    shifts = [0] if ternary else list(range(0, weight_bits, 2))
    heights = [simd * sum(shift <= c < shift + wide for shift in shifts) for c in range(in_bits + weight_bits)]
    levels = halvings(max(heights))
    heights = (heights + [0] * sum_bits)[:sum_bits]
    made = _signs(in_bits, sum_bits) if ternary else _booth(in_bits, weight_bits, sum_bits)
    return heap(tuple(heights), levels).plus(made.times(simd))


@functools.cache
def planes(simd: int, in_bits: int, weight_bits: int, sum_bits: int) -> Cells:
    """wrap_dot: products by columns, three of them counted on the way in by two tables."""
    reach = range(max(sum_bits, in_bits + weight_bits))
    products = [simd * max(0, min(c, weight_bits - 1) - max(0, c - in_bits + 1) + 1) for c in reach]
    threes = [count // 3 for count in products]
    heights = [products[c] - 2 * threes[c] + (threes[c - 1] if c else 0) for c in reach]
    levels = halvings(max(heights))
    products, threes, heights = products[:sum_bits], threes[:sum_bits], heights[:sum_bits]
    # The carries out of the highest column are dropped, and their tables with them.
    counting = 2 * sum(threes) - threes[-1]
    return heap(tuple(heights), levels).plus(Cells(lut=counting, free=sum(count % 3 for count in products)))


def dot(way: Way, simd: int, in_bits: int, weight_bits: int, sum_bits: int) -> Cells:
    """The dot product of a row of wrap_mvu."""
    if weight_bits == 1:
        return binary(simd, in_bits, sum_bits)
    if way == "planes":
        return planes(simd, in_bits, weight_bits, sum_bits)
    return digits(simd, in_bits, weight_bits, way == "ternary", sum_bits)


@functools.cache
def heap(heights: tuple[int, ...], levels: int) -> Cells:
    """bit_heap to two rows in so many levels: `heights` are the bits of each column.

    A bit that passes SHIFT levels and more becomes a shift register in a table.
    """
    total = Cells()
    columns = [[0] * height for height in heights]  # for how many levels each bit has been there
    for level in reversed(range(levels)):
        places = _places([len(column) for column in columns], 2 << level)
        after = []
        for column, here, prior in zip(columns, places, [0, *places[:-1]], strict=True):
            taken = 4 * here + max(0, here - prior)
            total = total.plus(_held(column[:taken]))
            after.append([1] * here + [age + 1 for age in column[taken:]] + [1] * (prior + max(0, prior - here)))
        total = total.plus(Cells(lut=sum(places), carry4=sum(-(-length // 4) for length in _chains(places))))
        columns = after
    for column in columns:
        total = total.plus(_held(column))
    return total


def _held(ages: Sequence[int]) -> Cells:
    """What has held bits for so many levels."""
    long = [age for age in ages if age >= SHIFT]
    return Cells(lut=len(long), registers=sum(ages) - sum(long))


def halvings(tall: int) -> int:
    """Levels from columns of at most `tall` bits to two rows.

    >>> [halvings(tall) for tall in (1, 4, 5, 8, 9)]
    [1, 1, 2, 2, 3]
    """
    return (tall - 1).bit_length() - 1 if tall > 4 else 1


def _places(columns: Sequence[int], target: int) -> list[int]:
    """Places on carry chains of each column: what it fills, and more only if the level would leave too much."""
    result, prior = [], 0
    for height in columns:
        here = height // 4
        for _ in range(target):
            here += left(height, height, here, prior) > target
        result.append(here)
        prior = here
    return result


def _chains(places: Sequence[int]) -> list[int]:
    """Lengths of the chains: the k-th runs over neighbouring columns of more than k places."""
    lengths = []
    for k in range(max(places, default=0)):
        run = 0
        for here in (*places, 0):
            if here > k:
                run += 1
            elif run:
                lengths.append(run)
                run = 0
    return lengths


def _signs(in_bits: int, sum_bits: int) -> Cells:
    """sign_gate: two bits of a product in a table, an odd one is left to the tool."""
    used = min(in_bits, sum_bits)
    pairs = sum(low < used for low in range(0, in_bits - 1, 2))
    return Cells(lut=pairs, free=in_bits % 2 * (in_bits <= sum_bits))


def _booth(in_bits: int, weight_bits: int, sum_bits: int) -> Cells:
    """booth_product: its tables, each of one bit or two of them, of which one must count."""
    tables: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for digit in range((weight_bits + 1) // 2):
        for bit in range(in_bits + 1):
            at = (digit, bit)
            if digit == 0 and bit > 0 and bit % 2 == 0:
                table = (0, bit - 1)  # the upper of two neighbours
            elif digit == 1 and bit == 0:
                table = (0, 0)
            elif digit > 0 and in_bits > 1 and bit == in_bits:
                table = (digit, bit - 1)
            else:
                table = at
            tables.setdefault(table, set()).add(at)
    return Cells(lut=sum(any(2 * digit + bit < sum_bits for digit, bit in bits) for bits in tables.values()))
