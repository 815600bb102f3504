# SPDX-License-Identifier: BSD-3-Clause
"""`python -m fpga STEP MODEL`: from the exported model to simulated and sized hardware."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chain.agreement import StageResult
from chain.cli import errors_as_text
from chain.report.pipeline import OP_NAMES
from fpga import levels, steps
from fpga.design import Design
from fpga.resources import Resources, part_of

if TYPE_CHECKING:
    from fpga.folding import Folding

console = Console()

RTL_CYCLES = 1_000_000
NETLIST_CYCLES = 3_000_000
"""What a simulation without --images may take, in cycles: seconds of the RTL, of the netlist half a minute for a small
network and ten for a large one.
"""

MEMORIES = {"block": "BRAM", "distributed": "LUT"}


@click.group(help=__doc__)
def main() -> None:
    pass


def step(function: Callable[..., None]) -> click.Command:
    """A command of MODEL and --build whose errors are told in text."""
    command = errors_as_text(function)
    command = click.option("--build", default="build", type=click.Path(path_type=Path), help="Folder of all results.")(
        command
    )
    command = click.argument("model")(command)
    return main.command(name=function.__name__, help=function.__doc__)(command)


_seed = click.option("--seed", type=int, default=1, show_default=True, help="Of the random stalls.")
_stalls = click.option(
    "--stalls", type=click.IntRange(0, 99), default=25, show_default=True, help="Per cent of the cycles, on both ends."
)


@main.command("check-part")
@click.argument("model")
@errors_as_text
def check_part(model: str) -> None:
    """Say, before MODEL is trained, whether its recipe's part is known."""
    steps.require_part(model)


@step
@click.option("--fps", type=float, help="Target frame rate; default: the recipe's.")
@click.option("--lut", type=int, help="Budget of look-up tables, instead of a frame rate.")
def rtl(model: str, build: Path, fps: float | None, lut: int | None) -> None:
    """Map model.onnx to FINN's graph, fold it, size FIFOs and write rtl/; then check the graph on all test images."""
    opened = steps.open_model(build, model)
    _tell_of_changes(opened)
    with _quiet():
        folding, design = steps.build_rtl(opened, fps, lut)
    _show_folding(folding, design)
    count = len(steps.reference(opened).images)
    with _quiet(), _progress("dataflow graph", count) as advance:
        result = steps.check_graph(opened, advance)
    _show(result)


@step
@click.option("--images", type=click.IntRange(min=1), help="Test images to simulate; default: 200, or more if quick.")
@_seed
@_stalls
def sim(model: str, build: Path, images: int | None, seed: int, stalls: int) -> None:
    """Simulate rtl/ in Verilator, compare every stream, and measure fill and interval."""
    opened = steps.open_model(build, model)
    count = images or steps.affordable_images(opened, RTL_CYCLES, least=200)
    with _quiet(), _progress("RTL", count) as advance:
        result = steps.check_rtl(opened, count, seed, stalls, advance)
    extra = result.extra
    console.print(
        f"fill {extra['fill']:,} cycles, interval {extra['interval']:,.1f} (bound {extra['bound']:,}), "
        f"{extra['fps']:,.0f} FPS; simulated {extra['cycles_per_second']:,.0f} cycles a second"
    )
    runs: Any = extra["runs"]
    compared = (f"{run['images']:,} images ({run['run']})" for run in runs)
    console.print(f"compared: {', '.join(compared)}")
    _show(result)


@step
def resources(model: str, build: Path) -> None:
    """Count look-up tables, flip-flops, memories and multipliers with Yosys: the whole, by layer, by kind of node."""
    opened = steps.open_model(build, model)
    with console.status("Yosys: synth_xilinx"):
        counted = steps.count_resources(opened)
    _show_resources(counted)


@step
@click.option(
    "--images",
    type=click.IntRange(min=1),
    help=f"Test images to simulate; default: what {NETLIST_CYCLES:,} cycles carry.",
)
@_seed
@_stalls
def netlist(model: str, build: Path, images: int | None, seed: int, stalls: int) -> None:
    """Simulate the netlist that Yosys made, with stalls on both ends, and compare its outputs."""
    opened = steps.open_model(build, model)
    count = images or steps.affordable_images(opened, NETLIST_CYCLES, least=4)
    total = len(steps.reference(opened).images)
    if count < total:
        why = "as asked for" if images else f"what {NETLIST_CYCLES:,} cycles of this slow simulation carry"
        console.print(f"netlist: {count:,} of {total:,} test images, {why} (--images)")
    with _progress("netlist", count) as advance:
        result = steps.check_netlist(opened, count, seed, stalls, advance)
    _show(result)


@step
def explore(model: str, build: Path) -> None:
    """Estimate what each frame rate costs, with the network's accumulators and with 32 bits: explore.html and .json."""
    from fpga import explore as exploring

    opened = steps.open_model(build, model)
    _tell_of_changes(opened)
    with _quiet(), _progress("estimating", 4) as advance:
        front = steps.explore(opened, advance)
    exploring.save(front, opened.folder)
    table = Table(title=f"{front.model}: the cheapest folding at {front.clock_mhz:g} MHz, LUTs estimated")
    table.add_column("FPS", justify="right")
    for series in front.series:
        table.add_column(series.accumulators, justify="right")
    for fps, points in exploring.rows(front):
        table.add_row(f"{fps:,.0f}", *(f"{point.luts:,}" if point else "" for point in points))
    console.print(table)
    console.print(f"{opened.folder / 'explore.html'}")


@main.command()
@click.option("--build", default="build", type=click.Path(path_type=Path), help="Folder of all results.")
@errors_as_text
def calibrate(build: Path) -> None:
    """Synthesise random nodes and fit the estimates' factors to them; goes on where it was interrupted."""
    from fpga.estimate import calibrate as calibration
    from fpga.estimate import coefficients

    with _quiet(), _progress("synthesis of random nodes", sum(calibration.COUNTS.values())) as advance:
        measured = list(calibration.measure((build / "calibration").absolute(), advance, calibration.COUNTS))
    calibration.save(measured, calibration.MEASURED)
    table = calibration.table(calibration.rows(measured))
    table.save(coefficients.SHIPPED)
    shown = Table(title=f"{coefficients.SHIPPED}: errors on nodes held out")
    shown.add_column("nodes", no_wrap=True)
    for name in ("number", "LUT ±10 %", "median", "FF ±10 %", "levels", "±1"):
        shown.add_column(name, justify="right")
    for kind, errors in (*table.errors["kinds"].items(), ("all", table.errors["held_out"])):
        lut, ff, levels = errors["lut"], errors["ff"], errors["levels"]
        shares = (lut["within_10_percent"], lut["median"], ff["within_10_percent"])
        values = (f"{value:.1%}" for value in (*shares, levels["exact"], levels["within_1"]))
        shown.add_row(kind, str(errors["nodes"]), *values)
    console.print(shown)


def _tell_of_changes(model: steps.Model) -> None:
    if note := steps.changed(model):
        console.print(note, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _show_folding(folding: "Folding", design: Design) -> None:
    from fpga.layers import CONVERTERS

    is_fast = levels.is_fast(design.part, design.clock_mhz)
    estimated = "estimated, without the registers that this clock adds" if is_fast else "estimated"
    title = f"{design.model}: folding at {folding.clock_mhz:g} MHz; LUT to levels are {estimated}; ◀ is the slowest"
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("layer", "op"):
        table.add_column(name, overflow="fold")
    for name in ("PE", "SIMD", "cycles", "FIFO", "LUT", "FF", "BRAM36", "levels"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("weights")
    slowest = design.bottleneck
    estimates = iter(folding.choices)
    for layer in design.layers:
        takes = [""] * 4
        if layer.op not in CONVERTERS:
            found = next(estimates).takes
            takes = [f"{found.lut:,}", f"{found.ff:,}", f"{found.bram36:g}", str(found.levels)]
        mark = " ◀" if layer is slowest else ""
        sizes = [f"{value:,}" if value else "" for value in (layer.pe, layer.simd, layer.cycles)]
        fifos = ", ".join(f"{edge.fifo_depth:,}" for edge in design.edges_from(layer) if edge.fifo_depth)
        table.add_row(
            layer.layer,
            OP_NAMES.get(layer.op, layer.op) + mark,
            *sizes,
            fifos,
            *takes,
            MEMORIES.get(layer.weights),
            style="bold" if mark else None,
        )
    console.print(table)
    for name, had, has in folding.padded:
        console.print(f"layer {name}: {had} channels padded to {has}, which folds better")
    console.print(
        f"bottleneck: {slowest.layer or slowest.name} ({slowest.op}), {slowest.cycles:,} cycles an image = "
        f"{design.clock_mhz * 1e6 / design.bound:,.0f} FPS at most"
    )


def _show_resources(counted: Resources) -> None:
    part = part_of(counted.device)
    table = Table(title=f"{counted.device}, {counted.tool} synth_xilinx")
    table.add_column("layer")
    for name in ("LUT", "FF", "BRAM36", "DSP", "levels"):
        table.add_column(name, justify="right")
    for layer, use in counted.layers.items():
        levels = str(counted.levels.get(layer, ""))
        table.add_row(layer, f"{use.lut:,}", f"{use.ff:,}", f"{use.bram36:g}", f"{use.dsp:,}", levels)
    whole = counted.whole
    table.add_section()
    table.add_row("all", f"{whole.lut:,}", f"{whole.ff:,}", f"{whole.bram36:g}", f"{whole.dsp:,}", style="bold")
    table.add_row(
        "of", f"{part.lut:,}", f"{part.ff:,}", f"{part.bram36:,}", f"{part.dsp:,}", str(counted.allowed or "")
    )
    console.print(table)
    _show_kinds(counted)
    for layer in counted.slow:
        console.print(
            f"[bold]layer {layer}: {counted.levels[layer]} levels of logic between registers, where "
            f"{counted.clock_mhz:g} MHz allows about {counted.allowed}[/]: place and route may miss the clock; a lower "
            "clock_mhz in the recipe's \\[hardware] is safe"
        )


def _show_kinds(counted: Resources) -> None:
    """What the streams between the units take."""
    table = Table("kind of node", caption="units: dot products, activations, folds; shared: what serves several kinds")
    for name in ("LUT", "share", "FF", "share", "BRAM36", "share"):
        table.add_column(name, justify="right")
    whole = counted.whole
    for kind, use in counted.whole_by_kind.items():
        cells: list[str] = []
        for of, total in ((use.lut, whole.lut), (use.ff, whole.ff), (use.bram36, whole.bram36)):
            cells += [f"{of:,.10g}", f"{100 * of / total:.1f} %" if total else ""]
        table.add_row(kind, *cells)
    console.print(table)


def _show(result: StageResult) -> None:
    share = result.correct / result.images
    console.print(
        f"stage {result.stage}: {result.images:,} images, {result.mismatches} differ from {result.against}, "
        f"accuracy {share:.4f}"
    )
    result.require_agreement()


@contextlib.contextmanager
def _progress(what: str, count: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=count)
        yield lambda done: progress.advance(task, done)


@contextlib.contextmanager
def _quiet() -> Iterator[Any]:
    """FINN and QONNX warn about much that is as it should be here."""
    import logging
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
