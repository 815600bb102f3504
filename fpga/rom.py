# SPDX-License-Identifier: BSD-3-Clause
"""Read-only memories: look-up tables or block RAM, by what each costs and what the part has.

Costs are those of Yosys' synth_xilinx for random contents (tests/fpga/test_rom.py compares them) and of the 7 series'
block RAMs (UG473). A part's block RAMs go to the memories that save most look-up tables for each of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fpga.resources import Part

BLOCK, DISTRIBUTED, AUTO = "block", "distributed", "auto"
"""The attribute rom_style (UG901, Yosys' memory_libmap); auto leaves it to the synthesis."""

SHARE = 0.75
"""Of a part's block RAMs, what weights may take: line buffers, FIFOs and the shell need some as well."""

WORTH = 8
"""A block RAM is spent if it saves at least one in WORTH of the look-up tables that the part has for each of them."""

# Depths and widths of an 18 kbit block RAM with one port for reading; a 36 kbit one is two of them side by side.
_ASPECTS = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))


@dataclass(frozen=True)
class Rom:
    """`depth` words of `width` bits, read one word a cycle into a register."""

    depth: int
    width: int

    @property
    def luts(self) -> int:
        """Look-up tables if it is made of them: 64 words of a bit in each.

        Multiplexers beside them join two or four (three take a fourth); between fours choose further look-up tables.
        """
        if self.depth < 2:
            return 0
        tables = math.ceil(self.depth / 64)
        fours = math.ceil(tables / 4)
        return self.width * (tables + (tables % 4 == 3) + math.ceil((fours - 1) / 3))

    @property
    def bram36(self) -> float:
        """Block RAMs of 36 kbit, in halves, if it is made of them."""
        return min(math.ceil(self.depth / depth) * math.ceil(self.width / width) for depth, width in _ASPECTS) / 2


def styles(roms: Sequence[Rom], part: Part) -> list[str]:
    """BLOCK or DISTRIBUTED for each of `roms`, together in `part`."""
    left = part.bram36 * SHARE
    chosen = [DISTRIBUTED] * len(roms)
    for index in sorted(range(len(roms)), key=lambda index: roms[index].luts / roms[index].bram36, reverse=True):
        rom = roms[index]
        if worthwhile(rom, part) and rom.bram36 <= left:
            chosen[index] = BLOCK
            left -= rom.bram36
    return chosen


def worthwhile(rom: Rom, part: Part) -> bool:
    """Whether block RAM saves enough, if the part has it left."""
    return rom.luts >= rom.bram36 * price(part)


def price(part: Part) -> float:
    """Look-up tables that a block RAM of 36 kbit must save at least."""
    return part.lut / part.bram36 / WORTH
