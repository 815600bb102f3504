# SPDX-License-Identifier: BSD-3-Clause
"""A layer's sums as a figure, in pixels: the outlines and marks of an SVG. No drawing here, no colours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 300.0, 110.0


@dataclass(frozen=True)
class Histogram:
    """One layer's sums, before and after training. Heights are square roots of shares, so that tails stay visible.

    `low` and `high` are the x of -H and H, the ends of what the accumulator holds; `ticks` are (x, text).
    """

    layer: str
    bits: int
    before: str
    after: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    rate_before: float | None
    rate: float


def histogram(layer: Mapping[str, Any]) -> Histogram | None:
    """The figure of one layer of training.json; None if it has no histogram or its histogram counts nothing."""
    values = layer.get("histogram") or {}
    edges = [float(edge) for edge in values.get("edges", ())]
    after = _shares(values.get("after", ()))
    before = _shares(values.get("before", ()))
    bins = len(edges) - 1
    if bins < 1 or len(after) != bins or not any(after):
        return None
    before = before if len(before) == bins else []
    bits = int(layer["accumulator_bits"])
    half = float(1 << (bits - 1))

    filled = [i for i in range(bins) if after[i] or (before and before[i])]
    first, last = filled[0], filled[-1] + 1
    left, right = min(edges[first], -1.15 * half), max(edges[last], 1.15 * half)
    top = math.sqrt(max([*after, *before]))

    def x(value: float) -> float:
        return round((value - left) / (right - left) * WIDTH, 1)

    def outline(shares: Sequence[float]) -> str:
        points = [f"M{x(edges[first])},{HEIGHT:g}"]
        for i in range(first, last):
            y = round(HEIGHT * (1 - math.sqrt(shares[i]) / top), 1)
            points += [f"{x(edges[i])},{y:g}", f"{x(edges[i + 1])},{y:g}"]
        return " ".join([*points, f"{x(edges[last])},{HEIGHT:g}"])

    return Histogram(
        layer=str(layer["name"]),
        bits=bits,
        before=outline(before) if before else "",
        after=outline(after),
        low=x(-half),
        high=x(half),
        ticks=((x(-half), f"-{half:,.0f}"), (x(0.0), "0"), (x(half), f"{half - 1:,.0f}")),
        rate_before=layer.get("overflow_rate_before"),
        rate=float(layer["overflow_rate"]),
    )


def _shares(counts: Sequence[float]) -> list[float]:
    total = float(sum(counts))
    return [float(count) / total for count in counts] if total else []
