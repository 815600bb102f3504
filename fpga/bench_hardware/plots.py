# SPDX-License-Identifier: BSD-3-Clause
"""Where the page's pictures have their marks, in SVG's units: a layer a line, ratios on a logarithmic axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fpga.bench_hardware.rows import Row

WIDTH, LINE = 420, 20
STYLES = {"plain32": "wide", "finn-min": "finn", "plain8": "narrow", "da4ml": "da"}
_TICKS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)


@dataclass(frozen=True)
class Mark:
    """A rival's ratio to ours: where it is, and what it says when pointed at."""

    x: float
    style: str
    text: str


@dataclass(frozen=True)
class Strip:
    """The marks of one row, at height `y`."""

    y: int
    name: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Picture:
    """Strips above each other; `ticks` are (x, text), `even` is where neither is smaller."""

    strips: tuple[Strip, ...]
    ticks: tuple[tuple[float, str], ...]
    even: float
    legend: tuple[tuple[str, str], ...]

    @property
    def height(self) -> int:
        """Of the strips."""
        return LINE * len(self.strips)


def ratios(rows: Sequence[Row]) -> Picture:
    """The ratios of these rows, which must be some."""
    values = [ratio for row in rows for ratio in row["ratios"].values()]
    low, high = min(0.9, *values) * 0.95, max(1.1, *values) * 1.05
    scale = WIDTH / math.log(high / low)

    def x(value: float) -> float:
        return round(scale * math.log(value / low), 1)

    strips = tuple(
        Strip(
            LINE * index,
            name_of(row),
            tuple(Mark(x(v), STYLES[rival], f"{rival}: {v:.2f} times ours") for rival, v in row["ratios"].items()),
        )
        for index, row in enumerate(rows)
    )
    ticks = tuple((x(tick), f"{tick:g}") for tick in _TICKS if low <= tick <= high)
    rivals = dict.fromkeys(rival for row in rows for rival in row["ratios"])
    return Picture(strips, ticks, x(1.0), tuple((rival, STYLES[rival]) for rival in rivals))


def name_of(row: Row) -> str:
    """What a row is of."""
    return str(row["settings"].get("layer") or row["settings"]["network"])
