# SPDX-License-Identifier: BSD-3-Clause
"""`python -m fpga.shell MODEL`: build the simulated board of a stitched design, and the files that PYNQ loads."""

import time
from pathlib import Path

import click

from chain import record
from chain.cli import errors_as_text, model_name
from fpga.shell import metadata


@click.command()
@click.argument("model")
@click.option("--build", default="build", show_default=True, type=click.Path(path_type=Path), help="build folder")
@errors_as_text
def main(model: str, build: Path) -> None:
    """Build the simulated board of MODEL (a recipe's name or path) from build/MODEL/rtl into build/MODEL/board."""
    started = time.perf_counter()
    name = model_name(model)
    folder = build / name
    bundle = metadata.write(folder / "rtl", folder / "board", build / "verilator")
    seconds = time.perf_counter() - started
    record.write(folder, "shell", seconds)
    click.echo(f"{bundle.bit}: stand-in for the simulated board, with {bundle.hwh.name} and {bundle.json.name}")
    click.echo(f"{bundle.library}: shell and accelerator, Verilated ({seconds:.1f} s)")
