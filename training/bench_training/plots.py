# SPDX-License-Identifier: BSD-3-Clause
"""Where the page's pictures have their lines, in SVG's units: widths from left to right, a figure upwards."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chain.report import axis
from training.bench_training.plan import METHODS
from training.bench_training.rows import Row, gain

WIDTH, HEIGHT, LEFT = 300, 190, 44
RIVALS = ("a2q", "a2q+")
RIVAL_WIDTHS = (12, 10, 8)
STYLES = {name: f"m{index}" for index, name in enumerate(METHODS)}

Figure = Callable[[int], tuple[float, float] | None]


@dataclass(frozen=True)
class Line:
    """One method over the widths: points of a polyline, dots, and vertical strokes one standard deviation each way."""

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
    """Lines; `ticks` at the left are (y, text), at the bottom (x, text)."""

    title: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    widths: tuple[tuple[float, str], ...]


def groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each network, by a title; 4-bit rivals stand with the network that they rival."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        title = f"{row['network']}, {row['weights']} weights, {row['activation_bits']}-bit activations"
        found.setdefault(title, []).append(row)
    return found


def accuracy(title: str, rows: Sequence[Row]) -> Chart:
    """Accuracy in percent by width, a line a method; what has no width is a line across."""
    widths = _widths(rows)
    lines: dict[str, Figure] = {}
    for name in dict.fromkeys(row["method"] for row in rows):
        found = {row["B"]: (100 * row["mean"], 100 * row["std"]) for row in rows if row["method"] == name}
        across = None if METHODS[name].by_width else next(iter(found.values()))
        lines[name] = lambda bits, found=found, across=across: found.get(bits, across)  # type: ignore[misc]
    return _chart(title, widths, {name: (STYLES[name], figure) for name, figure in lines.items()})


def fold(title: str, rows: Sequence[Row]) -> Chart:
    """What the fold gains over the penalty alone, in points, by width."""
    return _chart(title, _widths(rows), {"over the penalty alone": (STYLES["ours"], gain(rows, "ours", "penalty"))})


def rivals(title: str, rows: Sequence[Row]) -> Chart | None:
    """What ours gains over A2Q and A2Q+, in points, at the widths that they are used at; None if none is there."""
    widths = tuple(bits for bits in RIVAL_WIDTHS if bits in _widths(rows))
    return (
        _chart(title, widths, {f"over {name}": (STYLES[name], gain(rows, "ours", name)) for name in RIVALS})
        if widths
        else None
    )


def _widths(rows: Sequence[Row]) -> tuple[int, ...]:
    return tuple(sorted({row["B"] for row in rows if METHODS[row["method"]].by_width}, reverse=True))


def _chart(title: str, widths: Sequence[int], lines: Mapping[str, tuple[str, Figure]]) -> Chart:
    xs = {bits: round(LEFT + (i + 0.5) * (WIDTH - LEFT) / len(widths), 1) for i, bits in enumerate(widths)}
    there = {name: [(x, v) for bits, x in xs.items() if (v := at(bits))] for name, (_, at) in lines.items()}
    ends = [mean + sign * std for points in there.values() for _, (mean, std) in points for sign in (-1, 1)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    step = axis.step(max(high - low, 0.1))
    low, high = math.floor(low / step) * step, max(math.ceil(high / step) * step, math.floor(low / step) * step + step)

    def y(value: float) -> float:
        return round(HEIGHT * (high - value) / (high - low), 1)

    made = tuple(
        Line(
            name,
            lines[name][0],
            tuple((x, y(mean)) for x, (mean, _) in points),
            tuple((x, y(mean - std), y(mean + std)) for x, (mean, std) in points),
        )
        for name, points in there.items()
    )
    ticks = tuple((y(low + i * step), f"{low + i * step:g}") for i in range(round((high - low) / step) + 1))
    return Chart(title, made, ticks, tuple((x, str(bits)) for bits, x in xs.items()))
