# SPDX-License-Identifier: BSD-3-Clause
"""Shapes from numbers: histograms keep inside their frame, pipelines put neighbours side by side."""

import itertools
import re

import pytest

from chain.report import figures
from tests.chain import made_up


def layer(edges: list[int], before: list[int], after: list[int], bits: int = 4) -> dict[str, object]:
    return {
        "name": "a",
        "accumulator_bits": bits,
        "overflow_rate": 0.1,
        "overflow_rate_before": 0.2,
        "histogram": {"edges": edges, "before": before, "after": after},
    }


def test_a_histogram_marks_the_ends_of_the_accumulator() -> None:
    figure = figures.histogram(layer([-16, -8, 0, 8, 16], [1, 1, 1, 1], [0, 2, 2, 0]))
    assert figure is not None
    assert (figure.low, figure.high) == (75.0, 225.0)  # -8 and 8 of -16..16 on 300 pixels
    assert [text for _, text in figure.ticks] == ["-8", "0", "7"]
    # Half of all sums in each of the two middle bins: full height; the others: none.
    steps = "0.0,110 75.0,110 75.0,0 150.0,0 150.0,0 225.0,0 225.0,110 300.0,110"
    assert figure.after == f"M0.0,110 {steps} 300.0,110"


def test_a_histogram_shows_the_range_even_if_no_sum_comes_near() -> None:
    figure = figures.histogram(layer([-2, 0, 2], [5, 5], [5, 5]))
    assert figure is not None
    ends = 1.15 * 8
    assert figure.low == round((ends - 8) / (2 * ends) * 300, 1) and figure.high == round(300 - figure.low, 1)
    assert figure.after.startswith(f"M{round((ends - 2) / (2 * ends) * 300, 1)},110 ")


@pytest.mark.parametrize("values", made_up.training()["layers"])
def test_no_point_leaves_the_frame(values: dict[str, object]) -> None:
    figure = figures.histogram(values)
    assert figure is not None
    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", figure.before + figure.after)
    assert points
    for x, y in points:
        assert 0 <= float(x) <= figures.HISTOGRAM_WIDTH and 0 <= float(y) <= figures.HISTOGRAM_HEIGHT


@pytest.mark.parametrize("histogram", [None, {}, {"edges": [0, 1], "after": [0]}, {"edges": [0, 1], "after": [1, 2]}])
def test_without_counts_there_is_no_histogram(histogram: dict[str, list[int]] | None) -> None:
    assert figures.histogram({"name": "a", "accumulator_bits": 8, "overflow_rate": 0, "histogram": histogram}) is None


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 11, 40])
def test_a_pipeline_puts_neighbours_side_by_side(count: int) -> None:
    nodes = [{"name": f"n{i}", "op": "X", "pe": 1, "simd": 1, "cycles": 10 + i, "fifo_depth": i} for i in range(count)]
    picture = figures.pipeline(nodes)
    assert len(picture.nodes) == count and len(picture.links) == max(count - 1, 0)
    assert len({(node.x, node.y) for node in picture.nodes}) == count
    for a, b in itertools.pairwise(picture.nodes):
        step = abs(a.x - b.x) / (figures.NODE_WIDTH + figures.GAP_X) + (b.y - a.y) / (
            figures.NODE_HEIGHT + figures.GAP_Y
        )
        assert step == 1
    assert all(0 <= n.x <= picture.width - figures.NODE_WIDTH for n in picture.nodes)
    assert [n.is_bottleneck for n in picture.nodes] == [False] * (count - 1) + [True] * min(count, 1)
    assert [link.fifo_depth for link in picture.links] == list(range(max(count - 1, 0)))


def test_of_equally_slow_nodes_the_first_is_the_bottleneck() -> None:
    nodes = [{"name": "a", "op": "X", "cycles": 5}, {"name": "b", "op": "X", "cycles": 9}, {"name": "c", "cycles": 9}]
    assert [n.is_bottleneck for n in figures.pipeline(nodes).nodes] == [False, True, False]


def test_a_node_shows_the_folding_that_it_has() -> None:
    nodes = [{"name": "a", "pe": 4, "simd": 9}, {"name": "b", "pe": 0, "simd": 2}, {"name": "c", "pe": 0, "simd": 0}]
    assert [n.folding for n in figures.pipeline(nodes).nodes] == ["PE 4 · SIMD 9", "SIMD 2", ""]
