# SPDX-License-Identifier: BSD-3-Clause
"""Where Yosys puts a memory, and what that takes: its memory_libmap weighs costs, this does the same.

Costs are those of synth_xilinx for the 7 series: a look-up table of 64 bits for a read-only memory counts 1, a LUT RAM
of four tables 8, half a block RAM 129 and a whole one 257.
"""

import functools
from dataclasses import dataclass

HALF, FULL, QUAD = 129, 257, 8
# (address bits, data bits) of a RAMB18 and a RAMB36 as a simple dual-port memory
_HALF_SHAPES = ((14, 1), (13, 2), (12, 4), (11, 9), (10, 18), (9, 36))
_FULL_SHAPES = ((15, 1), (14, 2), (13, 4), (12, 9), (11, 18), (10, 36), (9, 72))


@dataclass(frozen=True)
class Memory:
    """`lut`: tables that hold bits; `select`: tables that select among them; `registers` outside of the memory."""

    lut: float = 0
    select: float = 0
    registers: float = 0
    bram36: float = 0


@functools.cache
def rom(depth: int, width: int, ports: int = 1, registered: bool = True) -> Memory:
    """A read-only memory of `depth` words of `width` bits; only with a registered output it may be a block RAM."""
    if depth <= 1:
        return Memory()
    cost, blocks = _blocks(depth, width)
    if registered and ports == 1 and cost < depth * width / 64:
        return Memory(bram36=blocks)
    tables, select = _logic(depth, width)
    return Memory(tables * ports, select * ports, width if registered else 0)


@functools.cache
def ram(depth: int, width: int, distributed: bool = False) -> Memory:
    """A memory with one write and one registered read port."""
    words, lanes = (32, 6) if depth <= 32 else (64, 3)
    banks = -(-depth // words)
    cost, blocks = _blocks(depth, width)
    # The last cell of a row is paid by the bits that are used.
    if not distributed and cost < QUAD * banks * width / lanes:
        return Memory(bram36=blocks)
    cells = banks * -(-width // lanes)
    return Memory(4 * cells, width * _selectors(banks), width)


def _blocks(depth: int, width: int) -> tuple[float, float]:
    """The least cost of block RAMs that hold a memory, and how many RAMB36 they are."""
    found = []
    for cost, size, shapes in ((HALF, 0.5, _HALF_SHAPES), (FULL, 1.0, _FULL_SHAPES)):
        for address, data in shapes:
            count = -(-depth // (1 << address)) * -(-width // data)
            found.append((cost * count, size * count))
    return min(found)


def _logic(depth: int, width: int) -> tuple[float, float]:
    """Tables of `width` random functions of a `depth` words' address: of few inputs, several are the same function."""
    if depth <= 8:
        functions = 2.0**depth
        other = functions * (1 - (1 - 1 / functions) ** width)  # different ones among `width` draws, on average
        return max(0.0, other - 2 - depth.bit_length()), 0
    # 256 words are four tables and the multiplexers beside them
    return -(-depth // 64) * width, width * _selectors(-(-depth // 256))


def _selectors(inputs: int) -> float:
    """Tables of a multiplexer, four inputs to a table."""
    total = 0.0
    while inputs > 1:
        total += inputs // 4 + (inputs % 4 > 1)
        inputs = -(-inputs // 4)
    return total
