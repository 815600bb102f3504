# SPDX-License-Identifier: BSD-3-Clause
"""Where memories go."""

import pytest

from fpga import rom
from fpga.estimate import memory
from fpga.estimate.memory import Memory


def test_weights_go_where_their_node_says():
    block, tables = memory.weights(512, 36, rom.BLOCK), memory.weights(512, 36, rom.DISTRIBUTED)
    assert block == Memory(bram36=0.5)
    assert tables.lut == rom.Rom(512, 36).luts and tables.registers == 36 and tables.bram36 == 0
    assert memory.weights(512, 36, rom.AUTO) in (block, tables)
    assert memory.weights(1, 36, rom.AUTO) == Memory()


def test_few_words_have_few_different_bits():
    """Four words have 16 different columns; two of them are constants."""
    assert memory.contents(4, 1000).registers == pytest.approx(14)
    assert memory.contents(4, 2).registers < 2


@pytest.mark.parametrize(
    ("depth", "width", "lut", "bram36"),
    [(32, 6, 4, 0), (32, 7, 8, 0), (64, 3, 4, 0), (33, 6, 8, 0), (128, 128, 0, 2), (512, 2, 32, 0), (1024, 16, 0, 0.5)],
)
def test_small_memories_are_lut_ram_and_large_ones_block_ram(depth, width, lut, bram36):
    found = memory.ram(depth, width)
    assert found.bram36 == bram36 and lut <= found.lut <= lut + 3 * width


def test_line_buffer_may_be_told_to_be_lut_ram():
    assert memory.ram(1024, 16, distributed=True).bram36 == 0
