# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.bitstream MODEL: place and route, and a record of what came of it.

Writes build/MODEL/bitstream/BOARD/MODEL.bit, what the driver reads beside it (.json, golden vectors, a Zynq's .hwh),
and bitstream.json, last.
"""

import dataclasses
import hashlib
import importlib
import shutil
import time
from pathlib import Path
from typing import Any

import click

from chain import files, record
from chain.cli import errors_as_text
from chain.errors import InputError
from fpga import design, steps
from fpga.bitstream import board, toolchains
from fpga.bitstream.job import Built, Job
from fpga.board.evaluate import write_golden
from fpga.shell import hwh
from fpga.shell import metadata as shell_metadata
from fpga.uart import metadata as uart_metadata

FORMAT = 1
FOLDER = "bitstream"
RECORD = "bitstream.json"


@click.command()
@click.argument("model")
@click.option("--build", default="build", show_default=True, type=click.Path(path_type=Path), help="build folder")
@click.option("--board", "board_name", default="pynq-z2", show_default=True, help=f"One of {', '.join(board.names())}.")
@click.option("--toolchain", default=None, help="The board's first if not given.")
@errors_as_text
def main(model: str, build: Path, board_name: str, toolchain: str | None) -> None:
    """Make the bitstream of MODEL (a recipe's name or path) for a board."""
    started = time.monotonic()
    chosen = board.load(board_name)
    chain = toolchains.choose(chosen, toolchain)
    programs = toolchains.require(chosen, chain)
    opened = steps.open_model(build, model)
    steps.dataflow(opened)  # refuses an rtl/ that is missing, or not of this model.onnx
    made, design_hash = design.load(opened.rtl), design.digest(opened.rtl)
    target = opened.folder / FOLDER / chosen.name
    job = Job(made, design_hash, opened.rtl, chosen, programs, target / chain.name, lambda text: click.echo(text))
    _require_part(job)
    bits, outcome = target / f"{made.model}.bit", target / RECORD
    hand_off, metadata = _for_the_driver(job, chain.name)  # refuses a clock that the board cannot have
    golden, reference = bits.with_suffix(".golden.npz"), opened.folder / "reference.npz"
    discard = [outcome, bits, bits.with_suffix(".hwh"), bits.with_suffix(".json"), golden]
    for path in discard:  # an earlier bitstream must not stand for a build that fails
        path.unlink(missing_ok=True)
    job.folder.mkdir(parents=True, exist_ok=True)
    try:
        built: Built = importlib.import_module(f"fpga.bitstream.{chain.name}").build(job)
        described = describe(job, chain.name, built)
        if hand_off:
            files.write_text(bits.with_suffix(".hwh"), hand_off)
        if metadata:
            files.write_json(bits.with_suffix(".json"), metadata | {"bit_sha256": described["bit_sha256"]})
            if reference.is_file():
                write_golden(reference, golden)
        with files.atomic(bits) as temporary:
            shutil.copyfile(built.bits, temporary)
        files.write_json(outcome, described)
    except BaseException:
        for path in (*discard, *job.folder.rglob("*.bit")):  # also what a tool has written of one
            path.unlink(missing_ok=True)
        raise
    record.write(opened.folder, f"bitstream-{chosen.name}", time.monotonic() - started)
    click.echo(
        f"{bits}: {chosen.title}, {built.timing.clock_mhz:g} MHz asked, {built.timing.fmax_mhz:.1f} MHz reached "
        f"({built.tool}, {time.monotonic() - started:.0f} s)"
    )


def _require_part(job: Job) -> None:
    """InputError for a design of another chip than the Zynq on the board: FINN has folded it into that one's cells.

    Nothing in it is a Xilinx part's where the board has none.
    """
    if job.board.zynq is not None and job.design.part != job.board.part:
        there = " or ".join(board.with_part(job.design.part))
        raise InputError(
            f"{job.design.model} is made for {job.design.part}, {job.board.title} has {job.board.part}: write "
            f'part = "{job.board.part}" into the recipe\'s [hardware], then repeat `make export rtl` and this'
            + (f"; or take BOARD={there}" if there else "")
        )


def _for_the_driver(job: Job, chain: str) -> tuple[str, dict[str, Any]]:
    """The .hwh's text, "" where there is none, and the .json's content without the bitstream's hash."""
    if chain == "finn":  # its design has a hand-off and a driver of its own
        return "", {}
    if job.board.ecp5 is not None:
        clock, baud = job.board.ecp5.clock_mhz, job.board.ecp5.baud
        return "", uart_metadata.of_board(job.design, job.design_hash, job.board.part, clock, baud, None)
    text = hwh.text(job.design.model, job.board.part, job.design.clock_mhz)
    made = dataclasses.replace(job.design, part=job.board.part)
    return text, shell_metadata.of_board(made, job.design_hash, None, hashlib.sha256(text.encode()).hexdigest())


def describe(job: Job, chain: str, built: Built) -> dict[str, Any]:
    """The content of bitstream.json."""
    return {
        "format": FORMAT,
        "model": job.design.model,
        "board": job.board.name,
        "part": job.board.part,
        "toolchain": chain,
        "tool": built.tool,
        "design_hash": job.design_hash,
        "bit_sha256": hashlib.sha256(built.bits.read_bytes()).hexdigest(),
        "timing": dataclasses.asdict(built.timing) | {"met": built.timing.met},
        "use": dict(built.use),
        "available": dict(built.available),
        "accelerator": dict(built.accelerator),
        "power_w": built.power_w,
        "netlist_images": built.netlist_images,
    }
