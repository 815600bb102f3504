# SPDX-License-Identifier: BSD-3-Clause
"""Numbers to shapes, in pixels: what the page's SVG elements are made of. No drawing here, no colours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT = 300.0, 110.0
NODE_WIDTH, NODE_HEIGHT = 164.0, 92.0
GAP_X, GAP_Y = 40.0, 40.0
TITLE_LENGTH, OP_LENGTH = 18, 21

# What FINN's ops are, in words.
OP_NAMES = {
    "ConvolutionInputGenerator": "sliding window",
    "FMPadding": "padding",
    "StreamingDataWidthConverter": "width converter",
    "StreamingFIFO": "FIFO",
    "Thresholding": "thresholds",
}


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


@dataclass(frozen=True)
class Node:
    """One hardware node of the pipeline: its box, its texts, and its share of the slowest node's cycles (0 to 1)."""

    x: float
    y: float
    title: str
    op: str
    folding: str
    cycles: int
    load: float
    is_bottleneck: bool


@dataclass(frozen=True)
class Link:
    """The stream between two nodes: a path, and the depth of the FIFO on it (0: none) with its text's place."""

    path: str
    fifo_depth: int
    text_x: float
    text_y: float
    anchor: str


@dataclass(frozen=True)
class Pipeline:
    """All nodes and links, and the size of the picture."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    width: float
    height: float


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
        return round((value - left) / (right - left) * HISTOGRAM_WIDTH, 1)

    def outline(shares: Sequence[float]) -> str:
        points = [f"M{x(edges[first])},{HISTOGRAM_HEIGHT:g}"]
        for i in range(first, last):
            y = round(HISTOGRAM_HEIGHT * (1 - math.sqrt(shares[i]) / top), 1)
            points += [f"{x(edges[i])},{y:g}", f"{x(edges[i + 1])},{y:g}"]
        return " ".join([*points, f"{x(edges[last])},{HISTOGRAM_HEIGHT:g}"])

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


def pipeline(layers: Sequence[Mapping[str, Any]], columns: int = 5) -> Pipeline:
    """Lay out the nodes of the manifest in rows that run to and fro: neighbours in the stream stay neighbours."""
    cycles = [int(layer.get("cycles", 0)) for layer in layers]
    slowest = max(cycles, default=0)
    nodes: list[Node] = []
    for i, layer in enumerate(layers):
        row, column = divmod(i, columns)
        if row % 2:
            column = columns - 1 - column
        op = str(layer.get("op", "")).removesuffix("_rtl")
        words = OP_NAMES.get(op, op)
        nodes.append(
            Node(
                x=column * (NODE_WIDTH + GAP_X),
                y=row * (NODE_HEIGHT + GAP_Y),
                title=_shorten(str(layer.get("layer") or words or layer.get("name", "")), TITLE_LENGTH),
                op=_shorten(words if layer.get("layer") else op, OP_LENGTH),
                folding=" · ".join(f"{key.upper()} {layer[key]}" for key in ("pe", "simd") if layer.get(key)),
                cycles=cycles[i],
                load=cycles[i] / slowest if slowest else 0.0,
                is_bottleneck=slowest > 0 and i == cycles.index(slowest),
            )
        )
    links = [
        _link(a, b, int(layer.get("fifo_depth", 0))) for a, b, layer in zip(nodes, nodes[1:], layers, strict=False)
    ]
    rows = math.ceil(len(nodes) / columns)
    used = min(columns, len(nodes))
    width = used * NODE_WIDTH + max(used - 1, 0) * GAP_X
    return Pipeline(tuple(nodes), tuple(links), width, rows * NODE_HEIGHT + max(rows - 1, 0) * GAP_Y)


def _link(a: Node, b: Node, fifo_depth: int) -> Link:
    if a.y == b.y:
        y = a.y + NODE_HEIGHT / 2
        start, end = (a.x + NODE_WIDTH, b.x - 5) if a.x < b.x else (a.x, b.x + NODE_WIDTH + 5)
        return Link(f"M{start:g},{y:g} H{end:g}", fifo_depth, (start + end) / 2, y - 8, "middle")
    x = a.x + NODE_WIDTH / 2
    start, end = a.y + NODE_HEIGHT, b.y - 5
    return Link(f"M{x:g},{start:g} V{end:g}", fifo_depth, x - 8, (start + end) / 2 + 4, "end")


def _shares(counts: Sequence[float]) -> list[float]:
    total = float(sum(counts))
    return [float(count) / total for count in counts] if total else []


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
