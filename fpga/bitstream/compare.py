# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.bitstream.compare MODEL: a board's whole netlist, synthesised and simulated against PyTorch.

Needs no vendor tool: the netlist is what openXC7 would place and route (build/MODEL/bitstream/BOARD/netlist).
"""

import time
from pathlib import Path

import click

from chain.agreement import StageResult
from chain.cli import errors_as_text
from fpga import design, steps
from fpga.bitstream import board, netlist, synthesis
from fpga.bitstream.job import Job
from fpga.shell.library import Board

IMAGES = 64
_MEMORY = 1 << 24


@click.command()
@click.argument("model")
@click.option("--build", default="build", show_default=True, type=click.Path(path_type=Path), help="build folder")
@click.option("--board", "board_name", default="pynq-z2", show_default=True, help="A board with a Zynq-7000.")
@click.option(
    "--images", default=IMAGES, show_default=True, type=click.IntRange(min=1), help="Test images to simulate."
)
@errors_as_text
def main(model: str, build: Path, board_name: str, images: int) -> None:
    """Synthesise MODEL with everything around it on a board, and compare the netlist's outputs with PyTorch's."""
    started = time.monotonic()
    opened = steps.open_model(build, model)
    steps.dataflow(opened)  # refuses an rtl/ that is missing, or not of this model.onnx
    given, made = steps.reference(opened), design.load(opened.rtl)
    folder = opened.folder / "bitstream" / board_name / "netlist"
    job = Job(made, design.digest(opened.rtl), opened.rtl, board.load(board_name), {}, folder, click.echo)
    netlist.require_models(job)
    click.echo(f"{board_name}: Yosys, the whole top level")
    synthesised = synthesis.synthesise(job, folder)
    click.echo(f"{synthesised.json}: {sum(synthesised.cells.values()):,} cells, every one a primitive; Verilator")
    library = netlist.library(synthesised, job, opened.cache)
    count = min(images, len(given.images))
    memory = bytearray(_MEMORY)
    with click.progressbar(length=count, label="netlist") as bar, Board(library, opened.rtl, memory) as simulated:
        outputs = netlist.run(simulated, memory, job, given.images[:count], bar.update).reshape(count, -1)
    expected = steps.results(made, given.outputs[:count])
    result = StageResult("netlist", "torch")
    result.add(given.labels[:count], steps.predictions(made, outputs), {"output": expected}, {"output": outputs})
    click.echo(f"{count} images, {result.mismatches} differ from PyTorch ({time.monotonic() - started:.0f} s)")
    result.require_agreement()


if __name__ == "__main__":
    main()
