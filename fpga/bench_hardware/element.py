# SPDX-License-Identifier: BSD-3-Clause
"""A processing element by itself: a design's look-up tables but for the memory of its weights.

Weights are the same bits in every design. Where they lie is a choice of its own, and in block RAM they take none.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chain.files import write_json
from fpga import primitives, resources, yosys
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import RECIPES, counted, kept

OURS, RIVALS = "weight_rom", "plain_rom"
"""The modules that hold weights, of which a synthesis for this knows nothing but the ports."""


@dataclass(frozen=True)
class Element:
    """What is kept of it."""

    lut: int


def luts(design: Design, folder: Path) -> int:
    """Look-up tables without the weights' memory, by that of fpga/bench_hardware/flow.py's recipes that takes fewer.

    What was counted goes to `folder`. ToolError if Yosys fails, InputError for a damaged file.
    """
    path = folder / f"{design.key(primitives.XC7)}-yosys-{yosys.version()}-element.json"
    known = kept(path, Element)
    if known is None:
        known = Element(min(_count(design, recipe, folder) for recipe in RECIPES))
        write_json(path, {"top": design.top, "figures": {"lut": known.lut}})
    return known.lut


def _count(design: Design, recipe: int, folder: Path) -> int:
    # Yosys' hierarchy would look for a module of these parameters.
    parameters = " ".join(f"-unset {name}" for name in ("Depth", "Width", "RomStyle", "InitFile", "AddressBits"))
    bare = [f"setparam {parameters} t:{OURS} t:{RIVALS}"]
    opened = f"--blackboxed-module {OURS if primitives.XC7.used(design.files) else RIVALS}"
    with tempfile.TemporaryDirectory(prefix=".synthesis.", dir=folder) as scratch:
        target = Path(scratch).absolute()
        log = folder.absolute() / f"{design.top}.yosys.log"
        yosys.run(counted(design, recipe, target, opened, bare), design.folder.absolute(), target / "log.txt", log)
        stat = json.loads((target / "stat.txt").read_text(encoding="utf-8"))
    cells = stat["modules"][f"\\{design.top}"]["num_cells_by_type"]
    return resources.tally({kind: int(number) for kind, number in cells.items() if kind not in (OURS, RIVALS)}).lut
