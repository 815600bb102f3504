# SPDX-License-Identifier: BSD-3-Clause
"""The command line: all comparisons, build/bench/hardware.json and hardware.html."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from chain.cli import errors_as_text
from chain.files import write_json
from chain.progress import bar
from fpga.bench_hardware import activity, bound, contest, element, flow, networks, page, place, plan
from fpga.bench_hardware import rows as summing
from fpga.bench_hardware.contest import Contest
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Flow
from fpga.bench_hardware.layer import Layer
from fpga.bench_hardware.rows import Row
from fpga.bench_hardware.workers import each


@click.command()
@click.option("--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@click.option("--full", is_flag=True, help="Every layer, switching, place and route on an ECP5, whole networks.")
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
    folded = prepare("layers", plan.layers(full), contest.folded, rtl, console)
    contests = folded + prepare("unrolled layers", plan.unrolled(full), contest.unrolled, rtl, console)
    rows = compare(contests, cells, workers, console)
    rows += elements(folded, cells.folder, workers, console)
    if full:
        _bounds(rows, cells.folder, workers, console)
        examined = [one for one in contests if one.layer in plan.examined()]
        rows += place.rows(examined, cells.folder, workers, console)
        rows += networks.rows(build, plan.NETWORKS, cells, rtl, workers, console)
        _save(rows, folder)  # the switching takes long, and is not all
        rows = _switching(examined, rows, cells, workers, console)
        rows = networks.with_switching(build, rows, cells, rtl, workers, console)
    rows, shown = _save(rows, folder)
    Console(width=120).print(table(rows))
    click.echo(f"{len(rows)} rows in {time.monotonic() - start:.0f} s: {folder / 'hardware.json'}, {shown}")


def prepare(
    title: str, layers: Sequence[Layer], write: Callable[[Layer, Path], Contest], rtl: Path, console: Console
) -> list[Contest]:
    """The contests of these layers, whose RTL `write` puts into `rtl`."""
    with bar(console) as progress:
        return [write(layer, rtl) for layer in progress.track(layers, description=f"{title}: RTL")]


def compare(contests: Sequence[Contest], cells: Flow, workers: int, console: Console) -> list[Row]:
    """A row a contest, without switching."""
    designs = [design for one in contests for design in one.designs.values()]
    with bar(console) as progress:
        task = progress.add_task("synthesis", total=len(designs))
        found = contest.run(designs, cells, workers, lambda: progress.advance(task))
    return [summing.of_contest(one, found) for one in contests]


def elements(contests: Sequence[Contest], folder: Path, workers: int, console: Console) -> list[Row]:
    """A row a contest of what its designs take without the weights' memories."""
    designs = [design for one in contests for design in one.designs.values()]
    found = _elements("without weights", designs, folder, workers, console)
    return [summing.of_elements(one, found) for one in contests]


def _elements(title: str, designs: Sequence[Design], folder: Path, workers: int, console: Console) -> dict[Design, int]:
    """Look-up tables of each of `designs` without the weights' memory."""
    with bar(console) as progress:
        task = progress.add_task(title, total=len(designs))
        tasks = {design: partial(element.luts, design, folder) for design in designs}
        return each(tasks, workers, lambda: progress.advance(task))


def _switching(
    contests: Sequence[Contest], rows: Sequence[Row], cells: Flow, workers: int, console: Console
) -> list[Row]:
    """The rows, those of `contests` with their switching."""
    with bar(console) as progress:
        task = progress.add_task("switching", total=sum(len(one.designs) for one in contests))
        changes = activity.run(contests, cells, cells.folder / "simulations", workers, lambda: progress.advance(task))
    of = {(one.kind, one.layer.name): one for one in contests}
    return [
        summing.with_switching(row, one, changes)
        if (one := of.get((row["kind"], row["settings"].get("layer"))))
        else row
        for row in rows
    ]


def _save(rows: Sequence[Row], folder: Path) -> tuple[list[Row], Path]:
    """The rows and their means, written to `folder`, and the page that shows them."""
    made = [*rows, *summing.means(rows)]
    write_json(folder / "hardware.json", made)
    return made, page.save(made, folder)


def _bounds(rows: Sequence[Row], folder: Path, workers: int, console: Console) -> None:
    """Add to the folded layers' rows how far their dot products are from what they could take."""
    layers = plan.layers(True)
    units = [bound.unit(layer, folder) for layer in layers]
    luts = _elements("bounds", units, folder, workers, console)
    for layer, unit, row in zip(layers, units, rows[: len(layers)], strict=True):
        found = bound.of(layer, luts[unit])
        rivals = {name: figures["lut"] for name, figures in row["rivals"].items()}
        row["bound"] = asdict(found) | {"ratios": bound.ratios(found, row["ours"]["lut"], rivals)}


def table(rows: Sequence[Row]) -> Table:
    """The geometric means, of the rival's figure by ours; of clocks ours by the rival's."""
    made = Table("rows", "rival", "number", "gain", "least", "most", "losses", "target")
    for row in rows:
        if row["kind"] == "mean":
            s = row["settings"]
            wanted = "" if row["target"] is None else f"{row['target']:g} ({'met' if row['met'] else 'not met'})"
            figures = (f"{value:.2f}" for value in (row["ratio"], *row["range"]))
            made.add_row(s["network"] or s["of"], s["rival"], str(s["rows"]), *figures, str(s["losses"]), wanted)
    return made
