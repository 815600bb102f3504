# SPDX-License-Identifier: BSD-3-Clause
"""Short frames: images of a few words follow each other at the interval that the folding allows, stalls or none."""

import numpy as np
import pytest

from fpga import layers as folded
from fpga import simulate
from tests import graphs
from tests.fpga import hardware


def layers():
    """Three layers on images of one pixel: some words and many row folds a frame."""
    b = graphs.Builder((30, 1, 1)).input_quant(3)
    b.conv("first", 32, (1, 1)).activate("first_act", 2).conv("second", 16, (1, 1)).activate("second_act", 2)
    return b.head("fc", 16, 2)


@pytest.mark.parametrize("fps", [3_000_000, 5_000_000])
def test_images_follow_each_other_at_the_bound(fps, tmp_path):
    """Some unit repeats its vector for four row folds at least, while the next image comes in."""
    model = layers()
    design, graph = hardware.design(model, tmp_path, fps)
    units = [folded.hardware(node) for node in graph.graph.node if node.op_type == "WrapMVU_rtl"]
    folds = [(unit.get_nodeattr("MW") // unit.get_nodeattr("SIMD"), unit.get_nodeattr("PE")) for unit in units]
    assert max(unit.get_nodeattr("MH") // pe for unit, (_, pe) in zip(units, folds, strict=True)) >= 4
    simulator, images = simulate.Simulator(tmp_path / "rtl", hardware.CACHE), hardware.pixels(model, 40)
    run = simulate.measure(simulator, images)
    assert run.interval <= simulate.TOLERANCE * design.bound
    if fps == 3_000_000:
        wanted = simulate.expectation(graph, images, design)["output"].reshape(len(images), -1)
        for seed, percent in ((1, 30), (2, 30), (3, 70)):
            outputs = simulator.run(images, seed, percent).outputs.reshape(len(images), -1)
            assert np.array_equal(outputs, wanted), f"seed {seed}, {percent} %"
