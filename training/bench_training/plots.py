# SPDX-License-Identifier: BSD-3-Clause
"""The page's pictures: widths from left to right, a figure upwards."""

from collections.abc import Callable, Mapping, Sequence

from chain.report.charts import Chart, Reading, chart
from training.bench_training.plan import METHODS
from training.bench_training.rows import Row, gain

AGAINST = (("ours", "a2q", "a2q"), ("ours", "a2q+", "a2q+"), ("ours, 4-bit", "a2q+", "ours, 4-bit"))
"""Which method's gain over which rival is shown, in which method's style; the last two have weights of 4 bits both."""

RIVAL_WIDTHS = (12, 10, 8)
STYLES = {name: f"m{index}" for index, name in enumerate(METHODS)}

Figure = Callable[[int], tuple[float, float] | None]
"""Mean and standard deviation at a width."""


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
    if not widths:
        return None
    lines = {f"{name} over {rival}": (STYLES[style], gain(rows, name, rival)) for name, rival, style in AGAINST}
    return _chart(title, widths, lines)


def _widths(rows: Sequence[Row]) -> tuple[int, ...]:
    return tuple(sorted({row["B"] for row in rows if METHODS[row["method"]].by_width}, reverse=True))


def _chart(title: str, widths: Sequence[int], lines: Mapping[str, tuple[str, Figure]]) -> Chart:
    readings = {name: (style, [_reading(at(bits)) for bits in widths]) for name, (style, at) in lines.items()}
    return chart(title, [str(bits) for bits in widths], readings)


def _reading(figure: tuple[float, float] | None) -> Reading | None:
    return figure and (figure[0], figure[0] - figure[1], figure[0] + figure[1])
