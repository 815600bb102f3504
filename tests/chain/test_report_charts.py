# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of lines: where the values lie between the ticks, and what is drawn of them."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from chain.report import standalone
from chain.report.charts import HEIGHT, LEFT, WIDTH, chart

LINES = {
    "ours & more": ("thick", [(80.0, 70.0, 95.0), None, (90.0, 90.0, 90.0)]),
    "rival": ("thin", [None, None, (60.0, 50.0, 70.0)]),
}


def test_ticks_hold_all_readings_and_places_are_proportional() -> None:
    made = chart("title", ["16", "8", "4"], LINES)
    values = [float(text) for _, text in made.y_ticks]
    assert values[0] <= 50 < values[1] and values[-2] < 95 <= values[-1]
    assert (made.y_ticks[0][0], made.y_ticks[-1][0]) == (HEIGHT, 0)
    low, high = values[0], values[-1]
    ours, rival = made.lines
    for line, (_, readings) in zip(made.lines, LINES.values(), strict=True):
        there = [reading for reading in readings if reading]
        expected = [HEIGHT * (high - value) / (high - low) for value, _, _ in there]
        assert [y for _, y in line.points] == pytest.approx(expected, abs=0.06)
    third = (WIDTH - LEFT) / 3
    places = pytest.approx([LEFT + third / 2, LEFT + 1.5 * third, LEFT + 2.5 * third], abs=0.06)
    assert [x for x, _ in made.x_ticks] == places
    assert [x for x, _ in ours.points] == [made.x_ticks[0][0], made.x_ticks[2][0]]
    # A value without a spread has no stroke; an upper end is further up.
    assert [x for x, _, _ in ours.strokes] == [made.x_ticks[0][0]]
    ((_, lower, upper),) = rival.strokes
    assert lower > rival.points[0][1] > upper


@pytest.mark.parametrize(
    ("readings", "from_zero", "first", "last"),
    [
        ([(9000.0, 9000.0, 9000.0)], True, "0", "10,000"),
        ([(-0.3, -0.4, -0.2)], False, "-0.4", "-0.2"),
        ([(2.0, 2.0, 2.0)], False, "2", "2.025"),
        ([None], False, "0", "1"),
    ],
)
def test_the_ends_of_the_axis(readings: list, from_zero: bool, first: str, last: str) -> None:
    made = chart("", ["8"], {"only": ("", readings)}, from_zero)
    assert (made.y_ticks[0][1], made.y_ticks[-1][1]) == (first, last)


def test_the_macro_draws_all_of_it(tmp_path: Path) -> None:
    template = tmp_path / "page.html"
    template.write_text('{% import "charts.html" as draw %}{{ draw.lines(chart, "accuracy < 1") }}', encoding="utf-8")
    made = chart("title", ["16", "8", "4"], LINES)
    svg = ElementTree.fromstring(standalone.render(template, {}, chart=made))
    assert svg.get("aria-label") == "accuracy < 1"
    assert [element.get("points") for element in svg.iter("polyline")] == [line.polyline for line in made.lines]
    assert [element.text for element in svg.iter("title")] == list(LINES)
    classes = [element.get("class") for element in svg.iter("line")]
    assert classes == ["grid"] * len(made.y_ticks) + ["stroke thick", "stroke thin"]
    assert [element.text for element in svg.iter("text")] == [text for _, text in (*made.y_ticks, *made.x_ticks)]
