# SPDX-License-Identifier: BSD-3-Clause
"""Where a picture of lines over a few labelled places has its parts, in SVG's units; macros/charts.html draws it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.report import axis

WIDTH, HEIGHT, LEFT = 300, 190, 44
LEAST_REACH = 0.1
"""Of the vertical axis, where all values are the same."""

Reading = tuple[float, float, float]
"""A value, and the ends of the stroke through it."""


@dataclass(frozen=True)
class Line:
    """Points of a polyline, and vertical strokes (x, from, to) through those whose value has a spread."""

    name: str
    style: str
    points: tuple[tuple[float, float], ...]
    strokes: tuple[tuple[float, float, float], ...]

    @property
    def polyline(self) -> str:
        """As SVG takes it."""
        return " ".join(f"{x},{y}" for x, y in self.points)


@dataclass(frozen=True)
class Chart:
    """Lines; `y_ticks` at the left are (y, text), `x_ticks` at the bottom (x, text); the lines begin at x = `left`."""

    title: str
    lines: tuple[Line, ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_ticks: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def chart(
    title: str,
    labels: Sequence[str],
    lines: Mapping[str, tuple[str, Sequence[Reading | None]]],
    from_zero: bool = False,
) -> Chart:
    """The picture of `lines`, by name (style, a reading for each of `labels`; None where there is none). The axis ends
    at ticks that hold all readings, and begins at zero if `from_zero`.
    """
    xs = [round(LEFT + (i + 0.5) * (WIDTH - LEFT) / len(labels), 1) for i in range(len(labels))]
    there = {
        name: [(x, reading) for x, reading in zip(xs, readings, strict=True) if reading is not None]
        for name, (_, readings) in lines.items()
    }
    ends = [end for points in there.values() for _, (_, *stroke) in points for end in stroke] or [0.0, 1.0]
    least, most = 0.0 if from_zero else min(ends), max(ends)
    step = axis.step(max(most - least, LEAST_REACH))
    first = math.floor(least / step)
    last = max(math.ceil(most / step), first + 1)

    def y(value: float) -> float:
        return round(HEIGHT * (last * step - value) / ((last - first) * step), 1)

    return Chart(
        title,
        tuple(
            Line(
                name,
                lines[name][0],
                tuple((x, y(value)) for x, (value, _, _) in points),
                tuple((x, y(low), y(high)) for x, (_, low, high) in points if low < high),
            )
            for name, points in there.items()
        ),
        tuple((y(i * step), f"{i * step:,g}") for i in range(first, last + 1)),
        tuple(zip(xs, labels, strict=True)),
    )
