# SPDX-License-Identifier: BSD-3-Clause
"""Simulation of stitched designs against Python, with random stalls, and what it says when things differ."""

import dataclasses

import numpy as np
import pytest

from chain.agreement import StageResult
from chain.errors import AgreementError, InputError
from fpga import simulate
from tests import graphs
from tests.fpga import hardware


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A design with padding, depthwise layers, converters and pooling; its graph; its simulator."""
    folder = tmp_path_factory.mktemp("toy")
    model = graphs.depthwise(0)
    _, graph = hardware.design(model, folder, 50_000)
    return simulate.Simulator(folder / "rtl", hardware.CACHE), graph, hardware.pixels(model, 12)


def test_grouped_convolutions(tmp_path):
    """Groups in turn, at the bound; the last row, which a stride leaves over, is compared too."""
    model = graphs.grouped(0)
    design, graph = hardware.design(model, tmp_path, 20_000)
    simulator, images = simulate.Simulator(tmp_path / "rtl", hardware.CACHE), hardware.pixels(model, 12)
    assert simulate.measure(simulator, images).interval <= simulate.TOLERANCE * design.bound
    run, result, labels = simulator.run(images, 5, 40), StageResult("rtl", "finn"), np.zeros(12, dtype=int)
    simulate.agree(result, labels, labels, expectation(simulator, graph, images), run, design)
    assert (result.mismatches, result.images) == (0, 12), result.divergence


def expectation(simulator, graph, images):
    return simulate.expectation(graph, images, simulator.design)


@pytest.mark.parametrize(("seed", "percent"), [(1, 0), (1, 25), (2, 60), (3, 90)])
def test_every_stream_agrees_under_stalls(toy, seed, percent):
    simulator, graph, images = toy
    run = simulator.run(images, seed, percent)
    result = StageResult("rtl", "finn")
    labels = np.zeros(len(images), dtype=int)
    simulate.agree(result, labels, labels, expectation(simulator, graph, images), run, simulator.design)
    assert (result.mismatches, result.images) == (0, len(images)), f"seed {seed}, {percent} %: {result.divergence}"
    assert len(run.streams) == len(simulator.design.taps) > 5
    assert len(run.ends) == len(images) and list(run.ends) == sorted(run.ends)


def test_stalls_cost_time_and_seeds_differ(toy):
    simulator, _, images = toy
    plain, one, two = (simulator.run(images, seed, percent).ends for seed, percent in ((1, 0), (1, 95), (2, 95)))
    assert one[-1] > plain[-1] and one != two
    assert simulator.run(images, 1, 95).ends == one


def test_a_difference_is_named(toy):
    simulator, graph, images = toy
    expected = expectation(simulator, graph, images)
    tap = next(tap for tap in simulator.design.taps if tap.kind == "acc")
    changed = {**expected, tap.tensor: expected[tap.tensor].copy()}
    changed[tap.tensor][3, 1, 2, 0] += 1
    result, labels = StageResult("rtl", "finn"), np.zeros(len(images), dtype=int)
    simulate.agree(result, labels, labels, changed, simulator.run(images), simulator.design)
    with pytest.raises(AgreementError, match=rf"layer '{tap.layer}.acc', image 3, index \[0, 1, 2\]"):
        result.require_agreement()


def test_no_stream_may_go_unseen(toy):
    simulator, graph, images = toy
    expected = expectation(simulator, graph, images)
    del expected[simulator.design.taps[0].tensor]
    labels = np.zeros(len(images), dtype=int)
    with pytest.raises(AgreementError, match="no expected values"):
        simulate.agree(StageResult("rtl"), labels, labels, expected, simulator.run(images), simulator.design)


def test_wrong_images(toy):
    simulator, _, images = toy
    with pytest.raises(InputError, match=r"images of shape \(12, 8, 3, 10\), expected"):
        simulator.run(images.transpose(0, 2, 3, 1))
    with pytest.raises(InputError, match="do not fit"):
        simulator.run(images + 256)
    with pytest.raises(InputError, match="expected"):
        simulator.run(images[:0])


def test_slower_than_the_bound_is_an_error(toy):
    simulator, _, images = toy
    fast = dataclasses.replace(simulator.design, bound=simulator.design.bound // 2)
    pretending = simulate.Simulator.__new__(simulate.Simulator)
    vars(pretending).update({**vars(simulator), "design": fast})
    with pytest.raises(simulate.ToolError, match=r"over 1.02 times the folding's bound.*Words wait longest on"):
        simulate.measure(pretending, images)


def test_second_build_is_found(toy):
    simulator, _, _ = toy
    stamp = simulator.program.stat().st_mtime_ns
    again = simulate.Simulator(simulator.rtl, hardware.CACHE)
    assert again.program == simulator.program and again.program.stat().st_mtime_ns == stamp
