# SPDX-License-Identifier: BSD-3-Clause
"""The command line: all comparisons, build/bench/hardware.json and hardware.html."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from chain.cli import errors_as_text
from chain.files import write_json
from chain.progress import bar
from fpga.bench_hardware import contest, flow, networks, page, place, plan
from fpga.bench_hardware import rows as summing
from fpga.bench_hardware.contest import Contest
from fpga.bench_hardware.flow import Flow
from fpga.bench_hardware.layer import Layer
from fpga.bench_hardware.rows import Row


@click.command()
@click.option("--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@click.option("--full", is_flag=True, help="Every layer, place and route on an ECP5, and whole networks.")
@click.option("--processes", type=click.IntRange(1), default=None, help="Syntheses at a time; the cores if not given.")
@errors_as_text
def main(build: Path, full: bool, processes: int | None) -> None:
    """Compare the hardware with its rivals, into BUILD/bench/hardware.json and hardware.html.

    What was synthesised before, of the same RTL with the same tools, is not synthesised again.
    """
    start = time.monotonic()
    folder, workers = build / "bench", processes or flow.workers()
    cells = Flow(folder / "hardware")
    rtl = folder / "hardware" / "rtl"
    console = Console(stderr=True)
    rows = compare("layers", plan.layers(full), contest.folded, cells, rtl, workers, console)
    rows += compare("unrolled layers", plan.unrolled(full), contest.unrolled, cells, rtl, workers, console)
    if full:
        rows += place.rows(plan.placed(), folder / "hardware", workers, console)
        rows += networks.rows(build, plan.NETWORKS, cells, rtl, workers, console)
    rows += summing.means(rows)
    write_json(folder / "hardware.json", rows)
    shown = page.save(rows, folder)
    Console(width=120).print(table(rows))
    click.echo(f"{len(rows)} rows in {time.monotonic() - start:.0f} s: {folder / 'hardware.json'}, {shown}")


def compare(
    title: str,
    layers: Sequence[Layer],
    prepare: Callable[[Layer, Path], Contest],
    cells: Flow,
    rtl: Path,
    workers: int,
    console: Console,
) -> list[Row]:
    """The rows of these layers, whose RTL `prepare` writes."""
    with bar(console) as progress:
        task = progress.add_task(f"{title}: RTL", total=len(layers))
        contests = []
        for layer in layers:
            contests.append(prepare(layer, rtl))
            progress.advance(task)
        designs = [design for one in contests for design in one.designs.values()]
        task = progress.add_task(f"{title}: synthesis", total=len(designs))
        found = contest.run(designs, cells, workers, lambda: progress.advance(task))
    return [summing.of_contest(one, found) for one in contests]


def table(rows: Sequence[Row]) -> Table:
    """The geometric means."""
    made = Table("rows", "rival", "number", "rival / ours", "least", "most", "losses", "target")
    for row in rows:
        if row["kind"] == "mean":
            s = row["settings"]
            wanted = "" if row["target"] is None else f"{row['target']:g} ({'met' if row['met'] else 'not met'})"
            figures = (f"{value:.2f}" for value in (row["ratio"], *row["range"]))
            made.add_row(s["of"], s["rival"], str(s["rows"]), *figures, str(s["losses"]), wanted)
    return made
