# SPDX-License-Identifier: BSD-3-Clause
"""What a network costs at every frame rate, with its own accumulators and with wide ones: estimates, no synthesis."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.files import write_json, write_text
from chain.report import standalone
from chain.report.scale import around
from chain.report.words import count
from fpga.estimate.coefficients import shipped
from fpga.folding import Network
from fpga.resources import part_of

WIDE = 32
POINTS = 80  # of a front, at most
WIDTH, HEIGHT = 720, 380
ROWS = 16  # of the table, at most
_ACCUMULATING = ("WrapMVU", "WrapVVU")

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Point:
    """The cheapest folding of a frame rate. `cycles` an image of its slowest node."""

    fps: float
    cycles: int
    luts: int
    bram36: float


@dataclass(frozen=True)
class Series:
    """The front of one accumulator width, the slowest first; no point is slower and larger than another."""

    accumulators: str
    points: tuple[Point, ...]

    def at(self, fps: float) -> Point | None:
        """The cheapest point of at least that frame rate, if there is one."""
        return min((point for point in self.points if point.fps >= fps), key=lambda point: point.luts, default=None)


@dataclass(frozen=True)
class Front:
    """The fronts of a network in a part."""

    model: str
    part: str
    clock_mhz: float
    series: tuple[Series, ...]


def explore(graph: Any, name: str, part: str, clock_mhz: float, advance: Advance = lambda done: None) -> Front:
    """The fronts of the dataflow graph (of mapping.to_dataflow) as it is and with WIDE accumulators."""
    own = Series(_widths(graph), tuple(_front(graph, clock_mhz, advance)))
    wide = Series(f"{WIDE} bits", tuple(_front(with_accumulators(graph, WIDE), clock_mhz, advance)))
    return Front(name, part, clock_mhz, (own, wide) if own.accumulators != wide.accumulators else (own,))


def with_accumulators(model: Any, widths: int | Mapping[str, int]) -> Any:
    """A copy of the dataflow graph whose sums have `widths` bits, given for all layers or for some by name; those of
    WIDE bits are not folded. For estimates, not to be run.
    """
    from qonnx.core.datatype import DataType
    from qonnx.custom_op.registry import getCustomOp
    from qonnx.transformation.general import GiveReadableTensorNames

    changed = model.transform(GiveReadableTensorNames())  # transform copies
    sums: dict[str, int] = {}
    for node in changed.graph.node:
        inst = getCustomOp(node)
        if node.op_type in _ACCUMULATING:
            own = inst.get_nodeattr("accumulatorBits")
            bits = widths if isinstance(widths, int) else widths.get(inst.get_nodeattr("layer"), own)
            inst.set_nodeattr("accumulatorBits", bits)
            if node.op_type == "WrapMVU" and bits != own:
                inst.note(changed.graph)
        elif node.input[0] in sums:
            bits = sums[node.input[0]]
            inst.set_nodeattr("inputDataType", f"INT{bits}")
        else:
            continue
        if bits == WIDE and "fold" in inst.get_nodeattr_types():
            inst.set_nodeattr("fold", 0)
        if node.op_type not in ("WrapActivation", "ArgMax"):
            for tensor in node.output:
                sums[tensor] = bits
                changed.set_tensor_datatype(tensor, DataType[f"INT{bits}"])
    return changed


def save(front: Front, folder: Path) -> tuple[Path, Path]:
    """Write `folder`/explore.json and `folder`/explore.html."""
    rows = [
        {"accumulators": series.accumulators, "points": [vars(point) for point in series.points]}
        for series in front.series
    ]
    table, page = folder / "explore.json", folder / "explore.html"
    facts = {"model": front.model, "part": front.part, "clock_mhz": front.clock_mhz}
    write_json(table, {**facts, "estimated_with": shipped().made_with, "series": rows})
    write_text(page, render(front))
    return table, page


def render(front: Front) -> str:
    """The page's text."""
    points = [point for series in front.series for point in series.points]
    limit, most = part_of(front.part).lut, max(point.luts for point in points)
    x, y = around([point.fps for point in points], WIDTH), around([most, 0, min(limit, 2 * most)], HEIGHT)
    return standalone.render(
        Path(__file__).with_name("explore.html"),
        {"count": count},
        front=front,
        rows=list(rows(front)),
        limit=limit,
        errors=shipped().errors,
        x=x,
        y=y,
        x_ticks=[(x(value), count(round(value))) for value in x.ticks() if value >= 0],
        y_ticks=[(round(HEIGHT - y(value), 1), count(round(value))) for value in y.ticks() if value >= 0],
        width=WIDTH,
        height=HEIGHT,
    )


def rows(front: Front) -> Iterator[tuple[float, list[Point | None]]]:
    """Frame rates of the first series, evenly chosen, with each series' cheapest point of at least that rate."""
    first = front.series[0].points
    picked = sorted({round(i * (len(first) - 1) / max(1, ROWS - 1)) for i in range(ROWS)})
    for point in (first[index] for index in picked):
        yield point.fps, [series.at(point.fps) for series in front.series]


def _front(graph: Any, clock_mhz: float, advance: Advance) -> Iterator[Point]:
    """Points from the slowest and smallest to the fastest; of equal cost only the fastest."""
    network = Network(graph, clock_mhz)
    advance(1)
    limits = network.limits()
    picked = sorted({round(i * (len(limits) - 1) / (POINTS - 1)) for i in range(POINTS)})
    waiting: Point | None = None
    for limit in reversed([limits[index] for index in picked]):
        point = Point(clock_mhz * 1e6 / limit, limit, network.cost(limit), network.bram36(limit))
        if waiting is not None and point.luts > waiting.luts:
            yield waiting
        waiting = point
    if waiting is not None:
        yield waiting
    advance(1)


def _widths(graph: Any) -> str:
    """The accumulators of a graph in words."""
    from qonnx.custom_op.registry import getCustomOp

    found = sorted(
        {int(getCustomOp(n).get_nodeattr("accumulatorBits")) for n in graph.graph.node if n.op_type in _ACCUMULATING}
    )
    return f"{found[0]} bits" if len(found) == 1 else f"{found[0]} to {found[-1]} bits"
