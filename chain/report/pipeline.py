# SPDX-License-Identifier: BSD-3-Clause
"""The pipeline as a picture, in pixels: where each box and each line goes. No drawing here, no colours.

A row holds the hardware nodes of one layer of the network, from left to right; a long row is broken. The stream
returns to the left below a row. A stream between any other two nodes is a branch: it runs down a lane at the right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

NODE_WIDTH, NODE_HEIGHT = 122.0, 66.0
COLUMNS = 6
LABEL_WIDTH, LABEL_LENGTH, OP_LENGTH = 112.0, 15, 17
GAP = 32.0  # between two boxes of a row
STUB = 13.0  # of a line that leaves a row at its end
LANE, FIRST_LANE = 18.0, 46.0  # between two lanes, and from the longest row to the first
ABOVE_TRACK, TRACK, BELOW_TRACK = 22.0, 10.0, 16.0  # of the horizontal lines between two rows
ENDS = 26.0  # room for what comes in above the first row, and for a mark below the last
HEAD = 5.0  # what an arrow's head adds to its line
CORNER = 5.0

# What the ops are, in words.
OP_NAMES = {
    "ConvolutionInputGenerator": "sliding window",
    "FMPadding": "padding",
    "StreamingDataWidthConverter": "width converter",
    "StreamAdd": "add",
    "StreamFork": "fork",
    "Thresholding": "thresholds",
    "WindowMax": "maximum",
    "WindowSum": "sum",
    "WrapActivation": "activation",
    "WrapFold": "fold",
    "WrapMVU": "matrix-vector",
    "WrapVVU": "depthwise",
}

Point = tuple[float, float]


@dataclass(frozen=True)
class Node:
    """One hardware node: its box, its texts, and its share of the slowest node's cycles (0 to 1)."""

    x: float
    y: float
    name: str
    op: str
    folding: str
    cycles: int
    load: float
    is_bottleneck: bool


@dataclass(frozen=True)
class Link:
    """One stream: the corners of its line, what it says of itself, and the depth of its FIFO (0: none) with its place.

    A branch runs beside the rows.
    """

    points: tuple[Point, ...]
    about: str
    fifo_depth: int
    text: Point
    anchor: str
    is_branch: bool

    @property
    def path(self) -> str:
        """The line with rounded corners, as an SVG path."""
        return _path(self.points)


@dataclass(frozen=True)
class Text:
    """A word beside the boxes; `full` is the whole of it where it is cut short."""

    x: float
    y: float
    text: str
    full: str


@dataclass(frozen=True)
class Pipeline:
    """Everything in the picture, and its size."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    layers: tuple[Text, ...]
    ends: tuple[Text, ...]
    width: float
    height: float

    @property
    def bottlenecks(self) -> list[Node]:
        """The slowest nodes; several where the folding has made them equal."""
        return [node for node in self.nodes if node.is_bottleneck]


def pipeline(layers: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]) -> Pipeline:
    """Lay out `layers` and `edges` of the manifest, which gives both in stream order."""
    if not layers:
        return Pipeline((), (), (), (), 0.0, 0.0)
    layout = _Layout(layers, edges)
    slowest = max(int(layer["cycles"]) for layer in layers)
    return Pipeline(
        nodes=tuple(_node(layer, layout.corner(str(layer["name"])), slowest) for layer in layers),
        links=tuple(layout.links()),
        layers=tuple(layout.layers()),
        ends=tuple(layout.ends()),
        width=layout.width,
        height=layout.tops[-1],
    )


@dataclass(frozen=True)
class _Cell:
    """Where a node stands. `is_last`: of its row."""

    row: int
    column: int
    is_last: bool


_OUTSIDE = _Cell(-1, -1, False)


@dataclass(eq=False)
class _Route:
    """How a stream runs: "straight" to the right neighbour, in a "return" to the next row's first node, or as a
    "branch" down a lane. From outside it comes "in" from above, and it goes "out" to the right.
    """

    edge: Mapping[str, Any]
    source: _Cell
    sink: _Cell
    kind: str
    lane: int = 0


class _Layout:
    """The places in one picture: cells of nodes, lines (tracks) between the rows and beside them (lanes)."""

    def __init__(self, layers: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]) -> None:
        self._rows = _rows(layers)
        self._cells = {
            name: _Cell(row, column, column == len(names) - 1)
            for row, (_, names) in enumerate(self._rows)
            for column, name in enumerate(names)
        }
        self._routes: list[_Route] = []
        for edge in edges:
            source, sink = (self._cells.get(str(edge[end]), _OUTSIDE) for end in ("source", "sink"))
            # Two streams between the same nodes must not lie on each other.
            again = any(route.source == source and route.sink == sink for route in self._routes)
            self._routes.append(_Route(edge, source, sink, "branch" if again else _kind(source, sink)))
        self._branches = [route for route in self._routes if route.kind == "branch"]
        self._assign_lanes()
        self._stack()
        longest = max(len(names) for _, names in self._rows)
        self._right = LABEL_WIDTH + longest * (NODE_WIDTH + GAP) - GAP + FIRST_LANE
        self.width = self._right + max((route.lane * LANE + HEAD for route in self._branches), default=0.0)

    def corner(self, name: str) -> Point:
        """The upper left corner of a node's box."""
        return self._corner(self._cells[name])

    def layers(self) -> Iterator[Text]:
        """The network's layers, before their rows."""
        for row, (layer, _) in enumerate(self._rows):
            if layer:
                yield Text(0.0, self.tops[row] + NODE_HEIGHT / 2 + 4, _shorten(layer, LABEL_LENGTH), layer)

    def ends(self) -> Iterator[Text]:
        """What comes in and what goes out, at the lines' free ends."""
        for route in self._routes:
            points = self._points(route)
            if route.kind == "in":
                yield Text(points[0][0] + 9, points[0][1] + 12, "images", "images")
            if route.kind == "out":
                yield Text(points[0][0] + 5, points[0][1] + 15, "results", "results")

    def links(self) -> Iterator[Link]:
        """The lines. A FIFO's depth stands over the line's first stretch, or beside it if that is upright."""
        for route in self._routes:
            points = self._points(route)
            (x, y), (x1, y1) = points[:2]
            if route.kind == "in":  # its name is at the right
                text, anchor = (x - 6, y + 12), "end"
            elif y != y1:
                text, anchor = (x + 6, y + 14), "start"
            elif route.kind == "straight":
                text, anchor = ((x + x1) / 2, y - 6), "middle"
            else:
                text, anchor = (x + 5, y - 5), "start"
            about, depth = _about(route.edge), int(route.edge["fifo_depth"])
            yield Link(points, about, depth, text, anchor, route.kind == "branch")

    def _assign_lanes(self) -> None:
        """Give each branch the first lane that is free from its first row to its last."""
        taken: list[_Route] = []
        for route in self._branches:
            beside = [r.lane for r in taken if r.source.row < route.sink.row and route.source.row < r.sink.row]
            route.lane = next(lane for lane in range(len(taken) + 1) if lane not in beside)
            taken.append(route)

    def _stack(self) -> None:
        """Set the rows and, between them, the horizontal lines: leaving branches, the return, arriving branches."""
        between: list[list[tuple[str, _Route]]] = [[] for _ in range(len(self._rows) + 1)]
        for route in self._branches:
            if not route.source.is_last:
                between[route.source.row + 1].append(("leaving", route))
        for kind in ("return", "branch"):
            for route in self._routes:
                if route.kind == kind:
                    between[route.sink.row].append(("arriving", route))
        self.tops: list[float] = []  # of the rows, and the picture's height
        self._tracks: dict[tuple[str, _Route], float] = {}
        y = 0.0
        for lines in between:
            for i, line in enumerate(lines):
                self._tracks[line] = y + ABOVE_TRACK + i * TRACK
            y += ABOVE_TRACK + (len(lines) - 1) * TRACK + BELOW_TRACK if lines else ENDS
            self.tops.append(y)
            y += NODE_HEIGHT

    def _corner(self, cell: _Cell) -> Point:
        return LABEL_WIDTH + cell.column * (NODE_WIDTH + GAP), self.tops[cell.row]

    def _points(self, route: _Route) -> tuple[Point, ...]:
        if route.kind == "straight":
            (x, y), (end, _) = self._corner(route.source), self._corner(route.sink)
            return (x + NODE_WIDTH, y + NODE_HEIGHT / 2), (end - HEAD, y + NODE_HEIGHT / 2)
        if route.kind == "out":
            x, y = self._exit(route)
            return (x, y), (x + GAP - HEAD, y)
        at, top = self._entry(route)
        if route.kind == "in":
            return (at, top - ENDS + 4), (at, top - HEAD)
        x, y = self._exit(route)
        arriving = self._tracks["arriving", route]
        lane = x + STUB if route.kind == "return" else self._right + route.lane * LANE
        leaving = self._tracks.get(("leaving", route))
        begin = ((x, y), (lane, y)) if leaving is None else ((x, y), (x, leaving), (lane, leaving))
        return (*begin, (lane, arriving), (at, arriving), (at, top - HEAD))

    def _exit(self, route: _Route) -> Point:
        """Where a line leaves its box: at the side at a row's end, else below, where several share the edge."""
        x, y = self._corner(route.source)
        ports = [r for r in self._routes if r.source is route.source and r.kind != "straight"]
        ports.sort(key=lambda r: r.kind != "branch")  # the return is lowest, under the branches
        share = (ports.index(route) + 1) / (len(ports) + 1)
        if route.source.is_last:
            return x + NODE_WIDTH, y + NODE_HEIGHT * share
        return x + NODE_WIDTH * share, y + NODE_HEIGHT

    def _entry(self, route: _Route) -> Point:
        """Where a line comes to its box from above; several share the edge, the return at the left."""
        x, y = self._corner(route.sink)
        ports = [r for r in self._routes if r.sink is route.sink and r.kind != "straight"]
        ports.sort(key=lambda r: r.kind == "branch")
        return x + NODE_WIDTH * (ports.index(route) + 1) / (len(ports) + 1), y


def _rows(layers: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Each row's layer of the network ("" where a row continues the one above) and its nodes' names."""
    rows = []
    for layer, group in groupby(layers, key=lambda node: str(node.get("layer") or "")):
        names = [str(node["name"]) for node in group]
        for first in range(0, len(names), COLUMNS):
            rows.append(("" if first else layer, names[first : first + COLUMNS]))
    return rows


def _kind(source: _Cell, sink: _Cell) -> str:
    if source is _OUTSIDE:
        return "in"
    if sink is _OUTSIDE:
        return "out"
    if (sink.row, sink.column) == (source.row, source.column + 1):
        return "straight"
    if source.is_last and (sink.row, sink.column) == (source.row + 1, 0):
        return "return"
    return "branch"


def _node(layer: Mapping[str, Any], corner: Point, slowest: int) -> Node:
    op, cycles = str(layer["op"]), int(layer["cycles"])
    return Node(
        x=corner[0],
        y=corner[1],
        name=str(layer["name"]),
        op=_shorten(OP_NAMES.get(op, op), OP_LENGTH),
        folding=" · ".join(f"{key.upper()} {layer[key]}" for key in ("pe", "simd") if layer.get(key)),
        cycles=cycles,
        load=cycles / slowest if slowest else 0.0,
        is_bottleneck=slowest > 0 and cycles == slowest,
    )


def _about(edge: Mapping[str, Any]) -> str:
    fifo = f", FIFO of {edge['fifo_depth']:,} words" if edge["fifo_depth"] else ""
    ends = f"{edge['source'] or 'images'} to {edge['sink'] or 'results'}"
    return f"{ends}: {edge['words_per_frame']:,} words of {edge['bits']:,} bits an image{fifo}"


def _path(points: Sequence[Point]) -> str:
    """A line along the axes through `points` whose corners are rounded."""
    steps = [f"M{points[0][0]:g},{points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        (x0, y0), (x1, y1) = _towards(corner, before), _towards(corner, after)
        steps.append(f"L{x0:g},{y0:g} Q{corner[0]:g},{corner[1]:g} {x1:g},{y1:g}")
    return " ".join([*steps, f"L{points[-1][0]:g},{points[-1][1]:g}"])


def _towards(corner: Point, other: Point) -> Point:
    """The point that lies a corner's radius from `corner`, at most half way, in the direction of `other`."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)
    share = min(CORNER / length, 0.5) if length else 0.0
    return corner[0] + share * dx, corner[1] + share * dy


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
