# SPDX-License-Identifier: BSD-3-Clause
"""The page's pictures: lines over the layers' shapes, and bars, whose places are in SVG's units."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from chain.report.charts import Chart, Reading, chart
from scripts.bench_cpu.rows import OURS, Row

BAR = 22
BAR_WIDTH = 420
_COLOURS = {
    OURS: "ours",
    "16-bit lanes": "lanes16",
    "32-bit lanes": "lanes32",
    "dot product": "dot",
    "dot product, 16-bit sums": "pairs",
    "bit planes": "planes",
    "limit": "limit",
}
LEGEND = tuple(_COLOURS.items())


@dataclass(frozen=True)
class Bar:
    """One contender of a network: from 0 to `width`, stroke from `low` to `high`."""

    name: str
    is_ours: bool
    y: int
    width: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Bars:
    """All contenders of a network, the fastest first."""

    title: str
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        """Of the picture."""
        return BAR * len(self.bars)


def charts(rows: Sequence[Row]) -> list[Chart]:
    """A picture for each instruction set, kind of layer, weights, bits, batch and threads that has several shapes."""
    keys = ("isa", "layer", "weights", "activation_bits", "batch", "threads")
    layers = [row for row in rows if row["kind"] == "layer"]
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in layers:
        groups.setdefault(tuple(row["settings"][key] for key in keys), []).append(row)
    return [_chart(group) for group in groups.values() if len(group) > 1]


def bars(row: Row) -> Bars:
    """The picture of a network's row."""
    figures = {OURS: row["ours"], **row["rivals"]}
    ordered = sorted(figures, key=lambda name: -figures[name]["value"])
    scale = BAR_WIDTH / max(figure["range"][1] for figure in figures.values())
    made = tuple(
        Bar(
            name,
            name == OURS,
            BAR * i,
            figures[name]["value"] * scale,
            figures[name]["range"][0] * scale,
            figures[name]["range"][1] * scale,
            f"{figures[name]['value']:,.0f}",
        )
        for i, name in enumerate(ordered)
    )
    s = row["settings"]
    threads = "1 thread" if s["threads"] == 1 else f"{s['threads']} threads"
    return Bars(f"{s['network']}, batch {s['batch']}, {threads}, {s['isa']}", made)


def _chart(rows: Sequence[Row]) -> Chart:
    rows = sorted(rows, key=lambda row: row["settings"]["fan_in"])
    names = list(dict.fromkeys(itertools.chain([OURS], *(row["rivals"] for row in rows))))
    lines: dict[str, tuple[str, list[Reading | None]]] = {}
    for name in names:
        figures = [row["ours"] if name == OURS else row["rivals"].get(name) for row in rows]
        readings = [(figure["value"], *figure["range"]) if figure else None for figure in figures]
        lines[name] = (_COLOURS.get(name, "dot"), readings)
    limits = [row["limit"]["value"] for row in rows]
    lines["limit"] = (_COLOURS["limit"], [(limit, limit, limit) for limit in limits])
    shapes = [f"{row['settings']['outputs']}x{row['settings']['fan_in']}" for row in rows]
    s = rows[0]["settings"]
    title = f"{s['layer']}, {s['weights']}, {s['activation_bits']}-bit levels, {s['isa']}"
    if (s["batch"], s["threads"]) != (64, 1):
        title += f", batch {s['batch']}, threads {s['threads']}"
    return chart(title, shapes, lines, from_zero=True)
