# SPDX-License-Identifier: BSD-3-Clause
"""Where Yosys puts a memory, and what that takes: its memory_libmap weighs costs, this does the same.

Costs are those of synth_xilinx for the 7 series: a look-up table of 64 bits for a read-only memory counts 1, a LUT RAM
of four tables 48/7, half a block RAM 129 and a whole one 257, two that share their words 513. Weights are placed by
`fpga.rom`.
"""

import functools
from dataclasses import dataclass

from fpga import rom
from fpga.resources import PARTS, Use

USUAL = PARTS["xc7z020"]
HALF, FULL, CASCADE, QUAD = 129, 257, 513, 48 / 7
CHOOSE = 0.5  # for a bit that is chosen from one more bank
# (address bits, data bits) of a RAMB18 and a RAMB36 as a simple dual-port memory
_HALF_SHAPES = ((14, 1), (13, 2), (12, 4), (11, 9), (10, 18), (9, 36))
_CASCADE_SHAPES = ((16, 1), (15, 2), (14, 4), (13, 9))
_BYTE = 9  # bits that are written together
_FULL_SHAPES = ((15, 1), (14, 2), (13, 4), (12, 9), (11, 18), (10, 36), (9, 72))
_FEW = 8  # words


@dataclass(frozen=True)
class Memory:
    """`lut`: look-up tables that hold bits or select among them; `registers` outside of the memory."""

    lut: float = 0
    registers: float = 0
    bram36: float = 0


@functools.cache
def weights(depth: int, width: int, style: str) -> Memory:
    """A memory of weights, in what its node says it is made of; before that is said, as `fpga.rom` will choose in a
    part that has block RAM left.
    """
    memory = rom.Rom(depth, width)
    if style == rom.AUTO:
        style = rom.BLOCK if depth > 1 and rom.worthwhile(memory, USUAL) else rom.DISTRIBUTED
    if style != rom.BLOCK or depth < 2:
        return contents(depth, width)
    return _blocks(depth, width).memory


@functools.cache
def table(depth: int, width: int) -> Memory:
    """A read-only memory with a registered output that Yosys places."""
    blocks = _blocks(depth, width)
    return blocks.memory if blocks.cost < depth * width / 64 else contents(depth, width)


@functools.cache
def contents(depth: int, width: int, registered: bool = True) -> Memory:
    """A read-only memory in look-up tables."""
    if depth > _FEW:
        return Memory(rom.Rom(depth, width).luts, width * registered)
    if depth < 2:
        return Memory()
    # So few words have few different bits: the same ones share a table and a register.
    functions = 2.0**depth
    different = (functions - 2) * (1 - (1 - 1 / functions) ** width)
    return Memory(max(0.0, different - (depth - 1).bit_length()), different * registered)


@functools.cache
def ram(depth: int, width: int, distributed: bool = False) -> Memory:
    """A memory with one write and one registered read port."""
    words, lanes = (32, 6) if depth <= 32 else (64, 3)
    banks = -(-depth // words)
    blocks = _blocks(depth, -(-width // _BYTE) * _BYTE)
    # The last cell of a row is paid by the bits that are used.
    cost = QUAD * banks * width / lanes + CHOOSE * width * (banks - 1)
    if not distributed and blocks.cost < cost:
        return blocks.memory
    cells = banks * -(-width // lanes)
    return Memory(4 * cells + width * selectors(banks), width)


def places(words: int) -> int:
    """Depth of a memory of so many words that place_counters go through: all that its address has, unless that takes
    more LUT RAM.

    >>> [places(words) for words in (18, 72, 144)]
    [32, 128, 144]
    """
    whole = 1 << (words - 1).bit_length()
    return whole if whole - words < 64 else words


@functools.cache
def lut_ram(depth: int, width: int) -> Memory:
    """A memory in LUT RAM that is read and written at one place in a cycle."""
    if depth <= 32:
        return Memory(4 * -(-width // 8))
    banks = -(-depth // 256)
    return Memory(width * (4 * banks if depth > 128 else -(-depth // 64)) + width * selectors(banks))


def price(use: Use) -> float:
    """LUTs, and those that its block RAMs must save at least."""
    return use.lut + use.bram36 * rom.price(USUAL)


def rounded(words: int) -> int:
    """Depth of a FIFO for `words` words: what costs the same memory holds more.

    Two registers; else a memory of 32, 64, 128, .. words (whole LUT RAMs) or of a power of two from 512 on (block RAM),
    and the output register.

    >>> [rounded(words) for words in (0, 2, 3, 33, 34, 300, 600)]
    [2, 2, 33, 33, 65, 321, 1025]
    """
    if words <= 2:
        return 2
    for size in (32, 64):
        if words <= size + 1:
            return size + 1
    if words <= 513:
        return -(-(words - 1) // 64) * 64 + 1
    return (1 << (words - 2).bit_length()) + 1


@dataclass(frozen=True)
class _Blocks:
    """Block RAMs that hold a memory, and what Yosys counts for them; tables choose between those that share a word."""

    cost: float
    lut: float
    bram36: float

    @property
    def memory(self) -> Memory:
        return Memory(self.lut, 0, self.bram36)


def _blocks(depth: int, width: int) -> _Blocks:
    """The cheapest: what a row of a block RAM has left over takes bits of words elsewhere."""
    found = []
    for cost, size, shapes in ((HALF, 0.5, _HALF_SHAPES), (FULL, 1, _FULL_SHAPES), (CASCADE, 2, _CASCADE_SHAPES)):
        for address, data in shapes:
            banks = -(-depth // (1 << address))
            count = -(-banks * width // data)
            chosen = CHOOSE * width * (banks - 1)
            found.append(_Blocks(cost * count + chosen, width * selectors(banks), size * count))
    return min(found, key=lambda blocks: blocks.cost)


def selectors(inputs: int) -> float:
    """Tables of a multiplexer, four inputs to a table; of more than eight they are not packed so well."""
    total = 2.0 * (inputs > 8)
    while inputs > 1:
        total += inputs // 4 + (inputs % 4 > 1)
        inputs = -(-inputs // 4)
    return total
