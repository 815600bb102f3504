# SPDX-License-Identifier: BSD-3-Clause
"""The curve: well-formed SVG whose points are where the values say."""

from xml.etree import ElementTree

import pytest

from host.errors import EmptyError
from host.plot import Curve

SVG = "{http://www.w3.org/2000/svg}"


def test_points_and_labels() -> None:
    root = ElementTree.fromstring(Curve([1, 2, 4], [50.0, 100.0, 25.0], "batch", "a < b", "title & more")._repr_svg_())
    (line,) = root.iter(f"{SVG}polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    left, right, top, bottom = 90, 540, 36, 268
    values = ((1, 50), (2, 100), (4, 25))
    expected = [(left + (right - left) * x / 4, bottom - (bottom - top) * y / 100) for x, y in values]
    for got, wanted in zip(points, expected, strict=True):
        assert got == pytest.approx(wanted, abs=0.06)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts[:3] == ["title & more", "batch", "a < b"]
    assert texts[3:] == ["0", "25", "50", "75", "100", "1", "2", "4"]


def test_close_ticks_are_left_out_and_zeros_are_drawn() -> None:
    root = ElementTree.fromstring(Curve([0, 1, 1000], [0, 0, 0], "x", "y", "")._repr_svg_())
    assert [element.text for element in root.iter(f"{SVG}text")][-2:] == ["0", "1,000"]
    assert len(list(root.iter(f"{SVG}circle"))) == 3


@pytest.mark.parametrize(("x", "y"), [([], []), ([1], []), ([1], [1, 2])])
def test_no_points(x: list[float], y: list[float]) -> None:
    with pytest.raises(EmptyError, match="expected as many, at least one"):
        Curve(x, y, "", "", "")
