# SPDX-License-Identifier: BSD-3-Clause
"""What read-only memories cost, against Yosys, and which of them get the block RAMs."""

import json

import numpy as np
import pytest

from fpga import rom, yosys
from fpga.ops._cells import RTL
from fpga.resources import PARTS, Part, tally
from fpga.rom import BLOCK, DISTRIBUTED, Rom

Z7020 = PARTS["xc7z020"]


def measured(made: Rom, style: str, folder):
    """What Yosys makes of weight_rom with random contents."""
    contents = np.random.default_rng(made.depth).integers(0, 1 << made.width, made.depth)
    (folder / "weights.hex").write_text("".join(f"{word:0{-(-made.width // 4)}x}\n" for word in contents))
    text = (RTL / "weight_rom.sv").read_text().replace('RomStyle = "auto"', f'RomStyle = "{style}"')
    (folder / "weight_rom.sv").write_text(text)
    commands = [
        f"read_slang --top weight_rom -G Depth={made.depth} -G Width={made.width} weight_rom.sv",
        "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top weight_rom",
        "tee -q -o stat.json stat -json",
    ]
    yosys.run(commands, folder, folder / "log.txt")
    (facts,) = json.loads((folder / "stat.json").read_text())["modules"].values()
    return tally({cell: int(number) for cell, number in facts["num_cells_by_type"].items()})


@pytest.mark.parametrize("depth", [36, 128, 144])
def test_luts_as_yosys_makes_them(tmp_path, depth):
    made = Rom(depth, 16)
    assert measured(made, DISTRIBUTED, tmp_path).lut == pytest.approx(made.luts, rel=0.3)


@pytest.mark.parametrize(("depth", "width"), [(36, 40), (600, 20), (2000, 9)])
def test_block_rams_as_yosys_makes_them(tmp_path, depth, width):
    use = measured(Rom(depth, width), BLOCK, tmp_path)
    assert (use.lut, use.bram36) == (0, Rom(depth, width).bram36)


def test_block_rams():
    sizes = {
        (512, 36): 0.5,
        (512, 72): 1,
        (513, 36): 1,
        (1024, 36): 1,
        (36, 1024): 14.5,
        (288, 512): 7.5,
        (16384, 1): 0.5,
    }
    assert {size: Rom(*size).bram36 for size in sizes} == sizes


def test_a_single_word_is_a_constant():
    assert Rom(1, 512).luts == 0 and rom.styles([Rom(1, 512)], Z7020) == [DISTRIBUTED]


def test_shallow_memories_stay_in_tables():
    """One look-up table for 36 bits that are no deeper than it is not worth a block RAM, 144 words of them are."""
    assert rom.styles([Rom(2, 4), Rom(144, 36)], Z7020) == [DISTRIBUTED, BLOCK]


def test_the_part_is_not_exceeded():
    """The deepest memories, which save most for each block RAM, come first; a smaller one still takes what is left."""
    part = Part(lut=17_600, ff=35_200, bram36=12, dsp=80)
    roms = [Rom(64, 576), Rom(512, 576), Rom(256, 36), Rom(128, 72)]
    assert rom.styles(roms, part) == [DISTRIBUTED, BLOCK, BLOCK, DISTRIBUTED]
    taken = sum(made.bram36 for made, style in zip(roms, rom.styles(roms, part), strict=True) if style == BLOCK)
    assert taken <= part.bram36 * rom.SHARE
