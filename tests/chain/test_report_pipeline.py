# SPDX-License-Identifier: BSD-3-Clause
"""The pipeline's picture: every node and stream is in it, nothing lies on anything else, lines end at their boxes."""

import itertools
import re
from typing import Any

import pytest

from chain.report import pipeline as pipelines
from chain.report.pipeline import NODE_HEIGHT, NODE_WIDTH, Pipeline
from tests.chain import made_up


def node(name: str, layer: str = "a", cycles: int = 5, **more: Any) -> dict[str, Any]:
    return {"name": name, "op": "X", "pe": 0, "simd": 0, "cycles": cycles, "layer": layer, **more}


def edge(source: str, sink: str, depth: int = 0) -> dict[str, Any]:
    return {"source": source, "sink": sink, "fifo_depth": depth, "bits": 8, "words_per_frame": 64}


def chain(names: list[str]) -> list[dict[str, Any]]:
    return [edge(a, b, i) for i, (a, b) in enumerate(itertools.pairwise(["", *names, ""]))]


def residual() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Two blocks, the second within a longer branch: fork -> conv -> (fork2 -> conv2 -> add2) -> add."""
    layers = [
        ("in", "stem"),
        ("fork", "stem"),
        ("conv", "b"),
        ("fork2", "b"),
        ("conv2", "c"),
        ("add2", "d"),
        ("add", "e"),
    ]
    names = [name for name, _ in layers]
    edges = [*chain(names), edge("fork2", "add2", 17), edge("fork", "add", 257)]
    return [node(name, layer) for name, layer in layers], edges


def segments(picture: Pipeline) -> list[tuple[int, float, float, float, float]]:
    """Every straight piece of every line, with the line's number; ends sorted."""
    found = []
    for i, link in enumerate(picture.links):
        for (x0, y0), (x1, y1) in itertools.pairwise(link.points):
            assert x0 == x1 or y0 == y1
            found.append((i, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    return found


def check(picture: Pipeline) -> None:
    """No line crosses a box or runs along another line; nothing leaves the picture."""
    for _, x0, y0, x1, y1 in segments(picture):
        assert x0 >= 0 and y0 >= 0 and x1 <= picture.width and y1 <= picture.height
        for box in picture.nodes:
            inside = x1 > box.x and x0 < box.x + NODE_WIDTH and y1 > box.y and y0 < box.y + NODE_HEIGHT
            assert not inside, (box.name, x0, y0, x1, y1)
    for (i, ax0, ay0, ax1, ay1), (j, bx0, by0, bx1, by1) in itertools.combinations(segments(picture), 2):
        if i != j:
            level = ay0 == ay1 == by0 == by1 and min(ax1, bx1) > max(ax0, bx0)
            upright = ax0 == ax1 == bx0 == bx1 and min(ay1, by1) > max(ay0, by0)
            assert not level and not upright
    assert len({(box.x, box.y) for box in picture.nodes}) == len(picture.nodes)


def test_nothing_gives_an_empty_picture() -> None:
    picture = pipelines.pipeline([], [])
    assert (picture.nodes, picture.links, picture.bottlenecks) == ((), (), [])


@pytest.mark.parametrize("count", [1, 2, 6, 7, 13])
def test_a_long_layer_is_broken_into_rows(count: int) -> None:
    names = [f"n{i}" for i in range(count)]
    picture = pipelines.pipeline([node(name) for name in names], chain(names))
    check(picture)
    assert [link.fifo_depth for link in picture.links] == list(range(count + 1))
    assert not any(link.is_branch for link in picture.links)
    assert len({box.y for box in picture.nodes}) == -(-count // pipelines.COLUMNS)
    assert [text.text for text in picture.layers] == ["a"]
    assert [text.text for text in picture.ends] == ["images", "results"]
    assert all(text.x + 40 <= picture.width for text in picture.ends)


def test_branches_run_beside_the_rows() -> None:
    picture = pipelines.pipeline(*residual())
    check(picture)
    boxes = {box.name: box for box in picture.nodes}
    inner, outer = (link for link in picture.links if link.is_branch)
    assert (inner.fifo_depth, outer.fifo_depth) == (17, 257)
    for link, source, sink in ((inner, "fork2", "add2"), (outer, "fork", "add")):
        (x0, y0), (x1, y1) = link.points[0], link.points[-1]
        assert x0 == boxes[source].x + NODE_WIDTH and 0 < y0 - boxes[source].y < NODE_HEIGHT
        assert 0 < x1 - boxes[sink].x < NODE_WIDTH and y1 == boxes[sink].y - pipelines.HEAD
        assert max(x for x, _ in link.points) > max(box.x for box in picture.nodes) + NODE_WIDTH
    assert max(inner.points)[0] != max(outer.points)[0]  # they overlap in height, so each has its own lane


def test_branches_that_follow_each_other_share_a_lane() -> None:
    names = ["f1", "c1", "a1", "f2", "c2", "a2"]
    edges = [*chain(names), edge("f1", "a1"), edge("f2", "a2")]
    picture = pipelines.pipeline([node(name, name) for name in names], edges)
    check(picture)
    first, second = (link for link in picture.links if link.is_branch)
    assert max(first.points)[0] == max(second.points)[0]


def test_both_branches_may_have_layers_of_their_own() -> None:
    """fork -> conv1 -> conv2 -> add beside fork -> down -> add: one line runs down to each of the last two rows."""
    names = ["fork", "conv1", "conv2", "down", "add"]
    ends = [("", "fork"), ("fork", "conv1"), ("fork", "down"), ("conv1", "conv2"), ("conv2", "add"), ("down", "add")]
    picture = pipelines.pipeline([node(name, name) for name in names], [edge(*end) for end in ends] + [edge("add", "")])
    check(picture)
    assert [link.is_branch for link in picture.links] == [False, False, True, False, True, False, False]


def test_a_branch_from_the_middle_of_a_row_to_the_middle_of_another() -> None:
    layers = [node("a"), node("fork"), node("b"), node("c", "x"), node("add", "x"), node("d", "x")]
    edges = [*chain([layer["name"] for layer in layers]), edge("fork", "add", 3)]
    picture = pipelines.pipeline(layers, edges)
    check(picture)
    assert [link.fifo_depth for link in picture.links if link.is_branch] == [3]


def test_two_streams_between_the_same_nodes_are_both_seen() -> None:
    picture = pipelines.pipeline([node("fork"), node("add")], [*chain(["fork", "add"]), edge("fork", "add", 9)])
    check(picture)
    assert [link.is_branch for link in picture.links] == [False, False, False, True]


def test_all_equally_slow_nodes_are_bottlenecks() -> None:
    layers = [node("a"), node("b", cycles=9), node("c", cycles=9)]
    picture = pipelines.pipeline(layers, chain(["a", "b", "c"]))
    assert [box.name for box in picture.bottlenecks] == ["b", "c"]
    assert [box.load for box in picture.nodes] == [5 / 9, 1, 1]


def test_a_node_shows_the_folding_that_it_has() -> None:
    layers = [node("a", pe=4, simd=9), node("b", simd=2), node("c")]
    assert [box.folding for box in pipelines.pipeline(layers, []).nodes] == ["PE 4 · SIMD 9", "SIMD 2", ""]


def test_a_stream_says_what_flows() -> None:
    links = pipelines.pipeline([node("a")], [edge("", "a"), edge("a", "", 1025)]).links
    assert [link.about for link in links] == [
        "images to a: 64 words of 8 bits an image",
        "a to results: 64 words of 8 bits an image, FIFO of 1,025 words",
    ]


def test_a_path_follows_its_points() -> None:
    link = pipelines.pipeline(*residual()).links[-1]
    numbers = [float(text) for text in re.findall(r"-?[\d.]+", link.path)]
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    assert corners[0] == link.points[0] and corners[-1] == pytest.approx(link.points[-1], abs=0.01)
    assert all(any((x, y) == pytest.approx(corner, abs=0.01) for corner in corners) for x, y in link.points)


def test_the_made_up_pipeline_is_drawn_whole() -> None:
    manifest = made_up.manifest("toy")
    picture = pipelines.pipeline(manifest["layers"], manifest["edges"])
    check(picture)
    assert len(picture.nodes) == len(manifest["layers"]) and len(picture.links) == len(manifest["edges"])
    assert sum(link.is_branch for link in picture.links) == 1
