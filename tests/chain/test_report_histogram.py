# SPDX-License-Identifier: BSD-3-Clause
"""Histograms keep inside their frame and mark the accumulator's ends."""

import re

import pytest

from chain.report import histogram as histograms
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
    figure = histograms.histogram(layer([-16, -8, 0, 8, 16], [1, 1, 1, 1], [0, 2, 2, 0]))
    assert figure is not None
    assert (figure.low, figure.high) == (75.0, 225.0)  # -8 and 8 of -16..16 on 300 pixels
    assert [text for _, text in figure.ticks] == ["-8", "0", "7"]
    # Half of all sums in each of the two middle bins: full height; the others: none.
    steps = "0.0,110 75.0,110 75.0,0 150.0,0 150.0,0 225.0,0 225.0,110 300.0,110"
    assert figure.after == f"M0.0,110 {steps} 300.0,110"


def test_a_histogram_shows_the_range_even_if_no_sum_comes_near() -> None:
    figure = histograms.histogram(layer([-2, 0, 2], [5, 5], [5, 5]))
    assert figure is not None
    ends = 1.15 * 8
    assert figure.low == round((ends - 8) / (2 * ends) * 300, 1) and figure.high == round(300 - figure.low, 1)
    assert figure.after.startswith(f"M{round((ends - 2) / (2 * ends) * 300, 1)},110 ")


@pytest.mark.parametrize("values", made_up.training()["layers"])
def test_no_point_leaves_the_frame(values: dict[str, object]) -> None:
    figure = histograms.histogram(values)
    assert figure is not None
    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", figure.before + figure.after)
    assert points
    for x, y in points:
        assert 0 <= float(x) <= histograms.WIDTH and 0 <= float(y) <= histograms.HEIGHT


@pytest.mark.parametrize("histogram", [None, {}, {"edges": [0, 1], "after": [0]}, {"edges": [0, 1], "after": [1, 2]}])
def test_without_counts_there_is_no_histogram(histogram: dict[str, list[int]] | None) -> None:
    assert (
        histograms.histogram({"name": "a", "accumulator_bits": 8, "overflow_rate": 0, "histogram": histogram}) is None
    )
