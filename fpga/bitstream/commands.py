# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.bitstream MODEL: place and route, and a record of what came of it.

Writes build/MODEL/bitstream/BOARD/MODEL.bit, and bitstream.json beside it, last.
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
from chain.cli import errors_as_text, model_name
from fpga import design, steps
from fpga.bitstream import board, toolchains
from fpga.bitstream.job import Built, Job

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
    opened = steps.open_model(build, model_name(model))
    steps.dataflow(opened)  # refuses an rtl/ that is missing, or not of this model.onnx
    made, design_hash = design.load(opened.rtl), design.digest(opened.rtl)
    target = opened.folder / FOLDER / chosen.name
    job = Job(made, design_hash, opened.rtl, chosen, programs, target / chain.name, lambda text: click.echo(text))
    bits, outcome = target / f"{made.model}.bit", target / RECORD
    for path in (outcome, bits):  # an earlier bitstream must not stand for a build that fails
        path.unlink(missing_ok=True)
    job.folder.mkdir(parents=True, exist_ok=True)
    built: Built = importlib.import_module(f"fpga.bitstream.{chain.name}").build(job)
    with files.atomic(bits) as temporary:
        shutil.copyfile(built.bits, temporary)
    files.write_json(outcome, describe(job, chain.name, built))
    record.write(opened.folder, f"bitstream-{chosen.name}", time.monotonic() - started)
    click.echo(
        f"{bits}: {chosen.title}, {built.timing.clock_mhz:g} MHz asked, {built.timing.fmax_mhz:.1f} MHz reached "
        f"({built.tool}, {time.monotonic() - started:.0f} s)"
    )


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
        "power_w": built.power_w,
    }
