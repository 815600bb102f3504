# SPDX-License-Identifier: BSD-3-Clause
"""The synthesised netlist of a whole small network against Python's integers, words held back on both ends."""

import numpy as np
import pytest

from fpga import mapping, netlist
from tests import graphs
from tests.fpga import hardware

IMAGES = 64


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Convolutions, a residual add, pooling and a head: the folder of the design, images, what must come out."""
    folder = tmp_path_factory.mktemp("network")
    model = graphs.residual(0)
    _, graph = hardware.design(model, folder, 20_000)
    images = hardware.pixels(model, IMAGES)
    return folder, images, mapping.execute(graph, images)["output"]


@pytest.mark.parametrize(("seed", "percent"), [(1, 25), (2, 70)])
def test_every_image(network, seed, percent):
    folder, images, expected = network
    gates = netlist.simulate(folder / "rtl", folder / "synth", hardware.CACHE, images, seed=seed, percent=percent)
    assert np.array_equal(gates.outputs.reshape(expected.shape), expected)
    assert len(gates.ends) == IMAGES and len(np.unique(expected)) > 3
