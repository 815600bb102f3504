# SPDX-License-Identifier: BSD-3-Clause
"""The compressor tree of `fpga/rtl` (wrap_dot, heap_sum, bit_heap) counted level by level, as it builds itself."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

ROWS = 4  # bit_heap stops at so many bits a column


@dataclass(frozen=True)
class Tree:
    """One sum.

    triples    tables that count three products on the way in
    products   single products that none of them counts
    levels     tables of the first, second and further levels of compressors
    adders     bits of the adders that join two operands; `blocks`: their carry chains, in blocks of four
    registers  of all three steps
    bits       of the sum that are not constant
    """

    triples: int = 0
    products: int = 0
    levels: tuple[int, int, int] = (0, 0, 0)
    adders: int = 0
    blocks: int = 0
    registers: int = 0
    bits: int = 0


@functools.cache
def dot(terms: int, in_bits: int, weight_bits: int, sum_bits: int) -> Tree:
    """wrap_dot: products by columns, three of them counted on the way in by two tables, then a heap."""

    def products(column: int) -> int:
        if column > in_bits + weight_bits - 2:
            return 0
        lowest = column - in_bits + 1 if column >= in_bits else 0
        return terms * (min(column, weight_bits - 1) - lowest + 1)

    counts = [products(column) for column in range(sum_bits)]
    triples = [count // 3 for count in counts]
    below = [0, *triples[:-1]]
    heights = [count - 2 * three + carry for count, three, carry in zip(counts, triples, below, strict=True)]
    singles = sum(count % 3 for count in counts)
    # The carries out of the highest column are dropped, and their tables with them.
    return replace(heap(tuple(heights)), triples=2 * sum(triples) - triples[-1], products=singles)


@functools.cache
def planes(terms: int, in_bits: int, sum_bits: int) -> Tree:
    """The sum of `terms` inputs: a heap of their bit planes."""
    return heap(tuple(terms if column < in_bits else 0 for column in range(sum_bits)))


@functools.cache
def heap(heights: tuple[int, ...]) -> Tree:
    """heap_sum: 6:3 compressors until a column has at most four bits, then two levels of registered adders."""
    columns, levels = list(heights), [0, 0, 0]
    level = 0
    while max(columns) > ROWS:
        groups = [height // 6 + (height % 6 == 5) for height in columns]
        after = [count + (height % 6) * (height % 6 != 5) for height, count in zip(columns, groups, strict=True)]
        for column, count in enumerate(groups):
            levels[min(level, 2)] += count
            for up in (1, 2):
                if column + up < len(columns):
                    after[column + up] += count
                    levels[min(level, 2)] += count
        columns, level = after, level + 1
    rows = [[height > row for height in columns] for row in range(ROWS)]
    first, second = _add(rows[0], rows[1]), _add(rows[2], rows[3])
    last = _add(first.bits, second.bits)
    return Tree(
        levels=(levels[0], levels[1], levels[2]),
        adders=first.adders + second.adders + last.adders,
        blocks=first.blocks + second.blocks + last.blocks,
        registers=sum(columns) + sum(first.bits) + sum(second.bits) + sum(last.bits),
        bits=sum(last.bits),
    )


@dataclass(frozen=True)
class _Sum:
    bits: list[bool]
    adders: int
    blocks: int


def _add(a: Sequence[bool], b: Sequence[bool]) -> _Sum:
    """Which bits a sum of two numbers has, given theirs; a chain runs from the first column of both to the carry."""
    both = [column for column, (left, right) in enumerate(zip(a, b, strict=True)) if left and right]
    either = [left or right for left, right in zip(a, b, strict=True)]
    if not both:
        return _Sum(either, 0, 0)
    top = max(column for column, used in enumerate(either) if used)
    end = min(top + 1, len(a) - 1)
    bits = [used or both[0] < column <= end for column, used in enumerate(either)]
    length = end - both[0] + 1
    return _Sum(bits, length, -(-length // 4))
