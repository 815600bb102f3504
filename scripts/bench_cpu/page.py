# SPDX-License-Identifier: BSD-3-Clause
"""The rows as one HTML page that needs nothing else: no network, no script, no file beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chain.files import write_text
from chain.report import standalone
from scripts.bench_cpu import plots
from scripts.bench_cpu.rows import OURS, Row

NAME = "cpu.html"
BUSY = 0.5
"""Waiting processes a core above which the page says that the figures are not to be trusted."""


def render(rows: Sequence[Row]) -> str:
    """The page's text."""
    by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in ("machine", "layer", "network", "target")}
    settings = by_kind["machine"][0]["settings"]
    return standalone.render(
        Path(__file__).with_name("page.html"),
        {"figure": figure},
        settings=settings,
        busy=busy(rows),
        machines=by_kind["machine"],
        targets=by_kind["target"],
        layers=by_kind["layer"],
        networks=by_kind["network"],
        charts=plots.charts(rows),
        bars=[plots.bars(row) for row in by_kind["network"]],
        legend=plots.LEGEND,
        losses=losses(rows),
        ours=OURS,
        plots=plots,
    )


def save(rows: Sequence[Row], folder: Path) -> Path:
    """Write `folder`/cpu.html."""
    path = folder / NAME
    write_text(path, render(rows))
    return path


def busy(rows: Sequence[Row]) -> float | None:
    """The greatest load seen if that was too much beside the benchmark's own threads, otherwise None."""
    cores = rows[0]["settings"]["cores"]
    first = rows[0]["settings"]["load"]
    return first if first > BUSY * cores else None


def losses(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every comparison that an exact rival or another tool wins: where, which, and by how much."""
    found = []
    for row in rows:
        if row.get("wins"):
            winners = ", ".join(f"{name} ({figure(1 / row['ratios'][name])} times)" for name in row["wins"])
            found.append({"where": where(row), "winners": winners})
    return found


def where(row: Row) -> str:
    """A row's settings in words."""
    s = row["settings"]
    threads = "1 thread" if s["threads"] == 1 else f"{s['threads']} threads"
    if row["kind"] == "network":
        return f"{s['network']}, batch {s['batch']}, {threads}, {s['isa']}"
    shape = f"{s['layer']} {s['outputs']} x {s['fan_in']}, {s['weights']}, {s['activation_bits']}-bit"
    return f"{shape}, batch {s['batch']}, {threads}, {s['isa']}"


def target_line(row: Row) -> str:
    """A target and its result in one line."""
    wanted, at_most = row["target"], row["settings"]["at_most"]
    sign = "<=" if at_most else ">="
    verdict = "" if row["met"] is None else f" (target {sign} {figure(wanted)}: {'met' if row['met'] else 'not met'})"
    return f"{row['settings']['what']}: {figure(row['ours']['value'])}{verdict}"


def figure(value: float) -> str:
    """Three significant digits, thousands apart.

    >>> [figure(2.0456), figure(0.61), figure(12345.6)]
    ['2.05', '0.61', '12,346']
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{float(f'{value:.3g}'):g}"
