# SPDX-License-Identifier: BSD-3-Clause
from fpga.shell import registers


def test_registers_are_words_that_do_not_overlap() -> None:
    offsets = [register.offset for register in registers.REGISTERS]
    assert len(set(offsets)) == len(offsets) == len(registers.OFFSETS)
    assert all(offset % 4 == 0 and offset < 1 << registers.ADDRESS_BITS for offset in offsets)
    assert {register.access for register in registers.REGISTERS} <= {"r", "w", "rw"}


def test_map_of_finns_dma() -> None:
    """What FINN's own driver writes: control, address, frames at the same offsets for both DMAs."""
    for way, base in (("IN", 0x000), ("OUT", 0x100)):
        names = ("CONTROL", "ADDRESS_LOW", "ADDRESS_HIGH", "FRAMES")
        assert [registers.OFFSETS[f"{way}_{name}"] - base for name in names] == [0x00, 0x10, 0x14, 0x1C]
