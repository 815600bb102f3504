# SPDX-License-Identifier: BSD-3-Clause
"""The folding search against FINN's SetFolding, both judged by the estimate of the whole design with its FIFOs."""

import numpy as np
import onnx
import pytest

from chain.errors import InputError
from fpga import folding, mapping
from tests import graphs
from tests.fpga import set_folding

RATES = (1_000, 10_000, 30_000, 100_000)


@pytest.fixture
def graph(tmp_path):
    def make():
        onnx.save(graphs.CASES["plain"](0), tmp_path / "model.onnx")
        return mapping.to_dataflow(tmp_path / "model.onnx")

    return make


def test_smaller_at_the_same_rate(graph):
    """At every rate that FINN's rule reaches, ours is reached with hardly more LUTs, and fewer over all."""
    totals = [0, 0]
    for rate in RATES:
        theirs, ours = graph(), graph()
        reached = set_folding.fold(theirs, int(100e6 / rate))
        assert folding.for_fps(ours, 100e6 / reached, 100.0).bottleneck.cycles <= reached
        costs = [set_folding.cost(theirs).lut, set_folding.cost(ours).lut]
        assert costs[1] <= 1.05 * costs[0], rate  # FIFOs are expected by the search, and counted here
        totals = [total + cost for total, cost in zip(totals, costs, strict=True)]
    assert totals[1] < totals[0], totals


def test_faster_at_the_same_cost(graph):
    gains = []
    for rate in RATES:
        theirs = graph()
        reached = set_folding.fold(theirs, int(100e6 / rate))
        budget = set_folding.cost(theirs).lut
        rates = []
        for share in (1.0, 0.97, 0.94):  # the search expects FIFOs, the cost counts those that are found
            ours = graph()
            try:
                found = folding.for_luts(ours, int(share * budget), 100.0)
            except InputError:
                continue
            if set_folding.cost(ours).lut <= budget:
                rates.append(found.fps)
        gains.append(max(rates) * reached / 100e6)
    assert np.prod(gains) ** (1 / len(gains)) > 1.2, gains
