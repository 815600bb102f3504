# SPDX-License-Identifier: BSD-3-Clause
"""A design through Yosys' synth_xilinx, as `make resources` calls it: cells and levels, kept in a file of its hash.

Our cells that are instances of primitives (fpga/primitives.py) are so here too; rivals have none of them.
"""

import gzip
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from chain.errors import InputError
from chain.files import atomic, write_json
from fpga import levels, primitives, resources, switching, yosys
from fpga.bench_hardware.design import Design

T = TypeVar("T")

WHOLE, APART = 1, 2
RECIPES = (WHOLE, APART)
"""Ways of synthesis, as numbers in the names of files: all in one module, or large read-only memories mapped by
themselves. Neither is the better for all designs, so that each counts by its smaller netlist."""


@dataclass(frozen=True)
class Figures:
    """Cells of a 7 series part; `levels` of tables between registers, `chain` CARRY4 in the longest carry chain."""

    lut: int
    ff: int
    bram36: float
    dsp: int
    carry4: int
    levels: int
    chain: int


class Flow:
    """Synthesis with its results in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, design: Design) -> Figures:
        """The figures of the recipe with fewer look-up tables, found now unless they are known.

        ToolError if Yosys fails, InputError for a damaged file.
        """
        return self._best(design)[0]

    def netlist(self, design: Design) -> Path:
        """The metered netlist (fpga/switching.py) of that recipe, compressed; its name is that of its contents.

        Few designs are asked for it, so that the recipe is run again for it, once.
        """
        recipe = self._best(design)[1]
        path = self._path(design, recipe).with_suffix(".v.gz")
        if not path.is_file():
            with self._synthesised(design, recipe) as made:
                text = switching.metered(made, design.top)
            with atomic(path) as temporary:
                temporary.write_bytes(gzip.compress(text.encode("utf-8"), 6, mtime=0))
        return path

    def _best(self, design: Design) -> tuple[Figures, int]:
        return min(((self._run(design, recipe), recipe) for recipe in RECIPES), key=lambda found: found[0].lut)

    def _path(self, design: Design, recipe: int) -> Path:
        return self.folder / f"{design.key(primitives.XC7)}-yosys-{yosys.version()}-{recipe}.json"

    def _run(self, design: Design, recipe: int) -> Figures:
        path = self._path(design, recipe)
        known = kept(path, Figures)
        if known is not None:
            return known
        with self._synthesised(design, recipe) as made:
            stat = json.loads((made / "stat.txt").read_text(encoding="utf-8"))
            depth = levels.count(made / "netlist.json", design.top)
        cells = stat["modules"][f"\\{design.top}"]["num_cells_by_type"]
        use = resources.tally({kind: int(number) for kind, number in cells.items()})
        figures = Figures(use.lut, use.ff, use.bram36, use.dsp, use.carry4, depth.logic, depth.carry4)
        about = {"top": design.top, "parameters": design.parameters, "yosys": yosys.version(), "recipe": recipe}
        write_json(path, about | {"figures": asdict(figures)})
        return figures

    @contextmanager
    def _synthesised(self, design: Design, recipe: int) -> Iterator[Path]:
        """A folder with what `commands` write, for as long as it is needed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".synthesis.", dir=self.folder) as scratch:
            target = Path(scratch).absolute()
            log = self.folder.absolute() / f"{design.top}.yosys.log"
            yosys.run(commands(design, recipe, target), design.folder.absolute(), target / "log.txt", log)
            yield target


def kept(path: Path, kind: type[T]) -> T | None:
    """The "figures" in the file `path`, None if there is no such file. InputError if it is damaged."""
    try:
        return kind(**json.loads(path.read_text(encoding="utf-8"))["figures"])
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}): remove it, and run this again") from None


def commands(design: Design, recipe: int, target: Path) -> list[str]:
    """Yosys' commands, from the design's files to stat.txt, netlist.json and netlist.v in `target`."""
    return [*counted(design, recipe, target), *switching.write_commands(target)]


def counted(design: Design, recipe: int, target: Path, options: str = "", before: Sequence[str] = ()) -> list[str]:
    """Yosys' commands, from the design's files to stat.txt in `target`.

    `options` are further ones of read_slang, `before` commands on what it has read, before modules are looked for.
    """
    *read, hierarchy = design.read_commands(primitives.XC7, options, kept_apart=recipe == APART)
    return [
        *read,
        *before,
        hierarchy,
        "chformal -remove",
        "delete t:$print t:$check",
        *(resources.synthesis(design.top) if recipe == APART else [f"{resources.SYNTHESIS} -top {design.top}"]),
        f'tee -q -o "{target}/stat.txt" stat -json',
    ]


def workers() -> int:
    """Syntheses at a time."""
    return len(os.sched_getaffinity(0))
