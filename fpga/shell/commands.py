# SPDX-License-Identifier: BSD-3-Clause
"""`python -m fpga.shell MODEL`: build the simulated board of a stitched design, and the files that PYNQ loads."""

import time
from pathlib import Path

import click

from chain import record
from chain.cli import errors_as_text
from fpga import design, steps
from fpga.shell import hwh, metadata


@click.command()
@click.argument("model")
@click.option("--build", default="build", show_default=True, type=click.Path(path_type=Path), help="build folder")
@errors_as_text
def main(model: str, build: Path) -> None:
    """Build the simulated board of MODEL (a recipe's name or path) from build/MODEL/rtl into build/MODEL/board."""
    started = time.perf_counter()
    opened = steps.open_model(build, model)
    steps.dataflow(opened)  # refuses an rtl/ that is missing, or not of this model.onnx
    bundle = metadata.write(opened.rtl, opened.folder / "board", opened.cache)
    seconds = time.perf_counter() - started
    record.write(opened.folder, "shell", seconds)
    click.echo(f"{bundle.bit}: stand-in for the simulated board, with {bundle.hwh.name} and {bundle.json.name}")
    click.echo(f"{bundle.library}: shell and accelerator, Verilated ({seconds:.1f} s)")
    made = design.load(opened.rtl)
    wanted = made.clock_mhz  # of what the other stages report
    reached = hwh.clock(wanted, hwh.processor(made.part)).mhz
    if reached < wanted * 0.9999:
        click.echo(
            f"clock: the board's dividers reach {reached:.6g} MHz, not the recipe's {wanted:g}. Figures of the board "
            f"are for {reached:.6g} MHz, those of the other stages for {wanted:g}: they promise "
            f"{100 * (wanted / reached - 1):.1f} % more FPS than the board will have. They agree with "
            f"clock_mhz = {reached:.6g} in the recipe's [hardware]"
        )
