# SPDX-License-Identifier: BSD-3-Clause
"""A clock that allows few levels of logic: more registers, the same integers at the same rate, and the levels kept."""

import numpy as np
import pytest
from qonnx.custom_op.registry import getCustomOp

from fpga import levels, mapping, resources, simulate, stitch
from fpga.design import Design
from fpga.estimate import samples
from tests import graphs
from tests.fpga import hardware


def kinds(design: Design) -> set[str]:
    return {name.removesuffix(".sv") for name in design.files}


@pytest.mark.parametrize("name", ["residual", "depthwise"])
def test_the_same_integers_at_the_same_rate(name, tmp_path):
    """Under two patterns of stalls."""
    model = graphs.CASES[name](0)
    images = hardware.pixels(model, 8)
    for clock in (100.0, 200.0):
        folder = tmp_path / f"{clock:g}"
        design, graph = hardware.design(model, folder, 500 * clock, clock)  # so many cycles an image
        simulator = simulate.Simulator(folder / "rtl", hardware.CACHE)
        run = simulate.measure(simulator, images)
        assert run.interval <= simulate.TOLERANCE * design.bound
        wanted = simulate.expectation(graph, images, design)["output"].reshape(len(images), -1)
        for seed, percent in ((1, 30), (2, 70)):
            outputs = simulator.run(images, seed, percent).outputs.reshape(len(images), -1)
            assert np.array_equal(outputs, wanted), f"{clock} MHz, seed {seed}, {percent} %"
        assert "sliding_window" in kinds(design) and "pad_image" in kinds(design)


@pytest.mark.parametrize(("name", "clock"), [("plain", 150.0), ("plain", 200.0), ("depthwise", 200.0)])
def test_no_layer_has_more_levels_than_the_clock_allows(name, clock, tmp_path):
    hardware.design(graphs.CASES[name](0), tmp_path, 500 * clock, clock)
    counted = resources.count(tmp_path / "rtl", tmp_path / "synth")
    assert counted.allowed == {150.0: 5, 200.0: 3}[clock]
    assert not counted.slow and 1 < max(counted.levels.values()) <= counted.allowed, counted.levels


@pytest.mark.parametrize(("clock", "latency"), [(100.0, 3), (200.0, 5)])
def test_ten_lanes_are_compared_in_as_many_levels_as_the_clock_allows(clock, latency, tmp_path):
    types = {"PE": 10, "classes": 10, "inputDataType": "INT16"}
    graph = samples.node("ArgMax", {"in": ([1, 10], "INT16")}, [], **types)
    mapping.limit_levels(graph, levels.limit(samples.PART, clock))
    assert getCustomOp(graph.graph.node[0]).latency(graph.graph) == latency
    stitch.stitch(graph, tmp_path / "rtl", "toy", clock, samples.PART)
    assert not resources.count(tmp_path / "rtl", tmp_path / "synth").slow
