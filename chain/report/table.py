# SPDX-License-Identifier: BSD-3-Clause
"""The report as tables in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chain.report import bitstreams, measurements
from chain.report.pipeline import OP_NAMES
from chain.report.summary import accumulators, bottlenecks, stage_rows, totals
from chain.report.words import count, micro, percent, plain, rate


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print stages, layers, speed and resources, and whatever is amiss."""
    console.print(_stages(report))
    console.print(_layers(report))
    console.print(_hardware(report))
    for bitstream in bitstreams.shown(report):
        console.print(_bitstream(bitstream))
    for found in measurements.shown(report):
        console.print(_measurement(found))
        for text in (*(f"left out: {text}" for text in found.left_out), found.energy):
            if text:
                console.print(escape(text), highlight=False)
    console.print(f"to repeat: {escape(report['repeat'])}", soft_wrap=True, highlight=False)
    for note in report["notes"]:
        console.print(f"[yellow]note:[/] {escape(note)}")
    for stage, text in report["divergences"].items():
        console.print(f"[bold red]{stage} differs:[/] {escape(text)}")


def _stages(report: Mapping[str, Any]) -> Table:
    title = f"{report['model']}: accumulators of {accumulators(report)}"
    table = Table("stage", title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("accuracy", "correct", "differ"):
        table.add_column(heading, justify="right")
    for row in stage_rows(report):
        differs = "-" if row.mismatches is None else f"[{'red' if row.mismatches else 'green'}]{row.mismatches}[/]"
        style = "dim" if row.is_reference else ""
        table.add_row(
            row.title, percent(row.value), f"{count(row.correct)} of {count(row.images)}", differs, style=style
        )
    return table


def _layers(report: Mapping[str, Any]) -> Table:
    table = Table("layer", box=box.SIMPLE_HEAD)
    for heading in ("weights", "inputs", "accumulator", "overflow", "before"):
        table.add_column(heading, justify="right")
    for layer in report["layers"]:
        before = layer.get("overflow_rate_before")
        table.add_row(
            layer["name"],
            f"{plain(layer['weight_bits'])} bit",
            f"{layer['activation_bits']} bit",
            f"{layer['accumulator_bits']} bit",
            rate(layer["overflow_rate"]),
            "-" if before is None else rate(before),
        )
    return table


def _bitstream(shown: bitstreams.Shown) -> Table:
    stale = " [yellow](of an earlier design)[/]" if shown.stale else ""
    table = Table("", title=f"{escape(shown.title)}{stale}", title_justify="left", box=box.SIMPLE_HEAD)
    table.caption, table.caption_justify = escape(shown.about), "left"
    for heading in ("used", "share", "compared", "difference"):
        table.add_column(heading, justify="right")
    for row in shown.rows:
        table.add_row(*row)
    return table


def _hardware(report: Mapping[str, Any]) -> Table:
    resources, cycles = report["resources"], report["cycles"]
    table = Table("hardware", "", "", box=box.SIMPLE_HEAD)
    table.columns[1].justify = "right"
    clock = f"{plain(report['clock_mhz'])} MHz"
    table.add_row("frames a second", count(report["fps"]), f"simulated: {clock} / {count(cycles['interval'])} cycles")
    table.add_row("latency", micro(report["latency_us"]), f"simulated: {count(cycles['fill'])} cycles / {clock}")
    for node in bottlenecks(report):
        op = OP_NAMES.get(node["op"], node["op"])
        table.add_row("bottleneck", node["layer"] or node["name"], f"{count(node['cycles'])} cycles an image, {op}")
    for total in totals(report):
        of = f"{percent(total.share)} of {count(total.available)}; " if total.available else ""
        table.add_row(total.title, plain(total.used), f"{of}estimated by {resources['tool']}")
    table.add_row("seconds", count(sum(report["seconds"].values())), "all steps together")
    return table


def _measurement(found: measurements.Shown) -> Table:
    table = Table(title=found.title, title_justify="left", caption=found.about, box=box.SIMPLE_HEAD)
    table.caption_justify = "left"
    for heading in found.headings:
        table.add_column(heading, justify="right")
    for row in found.rows:
        table.add_row(*row)
    return table
