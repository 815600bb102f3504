# SPDX-License-Identifier: BSD-3-Clause
"""The front, and the page that shows it."""

from xml.etree import ElementTree

from training.search.front import front
from training.search.picture import Content, render
from training.search.study import Found


def found(number: int, cost: float, accuracy: float, stopped: bool = False, fits: bool = True) -> Found:
    return Found(number, {"conv": 4 + number, "fc": 6}, accuracy, cost, 2, stopped, fits)


ALL = [
    found(0, 100, 0.9),
    found(1, 90, 0.9),
    found(2, 80, 0.7, fits=False),
    found(3, 85, 0.65, fits=False),
    found(4, 120, 0.95),
    found(5, 10, 0.99, stopped=True, fits=False),
]


def test_the_front_has_what_no_other_beats() -> None:
    assert [one.number for one in front(ALL)] == [2, 1, 4]
    assert front(ALL[5:]) == []


def test_the_page_shows_every_candidate_and_rings_the_best() -> None:
    page = render(Content("toy<", "bits", 0.91, 0.88, 110, ALL, ALL[1]))
    assert "toy&lt;: accuracy" in page and "://" not in page
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    circles = [element for element in svg.iter("circle") if element.get("class") != "best"]
    (ring,) = (element for element in svg.iter("circle") if element.get("class") == "best")
    assert len(circles) == len(ALL)
    assert (ring.get("cx"), ring.get("cy")) == (circles[1].get("cx"), circles[1].get("cy"))
    across = [float(circle.get("cx", "")) for circle in circles]
    assert sorted(range(6), key=across.__getitem__) == [5, 2, 3, 1, 0, 4]
    assert float(circles[0].get("cy", "")) < float(circles[2].get("cy", ""))


def test_a_page_of_one_candidate() -> None:
    assert "<svg" in render(Content("toy", "bits", 0.0, 0.0, 5, [found(0, 5, 0.0)], found(0, 5, 0.0)))
