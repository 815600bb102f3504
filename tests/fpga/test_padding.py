# SPDX-License-Identifier: BSD-3-Clause
"""Channels are padded where a prime count folds badly, and nowhere else; the hardware's results stay the same."""

import dataclasses
import functools

import numpy as np
import onnx
import pytest
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError
from fpga import fifo, folding, mapping, padding, simulate, stitch
from fpga.estimate.structure import Counts
from fpga.names import layer_of
from tests import graphs
from tests.fpga import hardware


def mapped(model, folder):
    onnx.save(model, folder / "model.onnx")
    return mapping.to_dataflow(folder / "model.onnx")


@pytest.fixture
def prime(tmp_path):
    """13 and 11 channels, of 3-bit weights, so that lanes cost something."""
    b = graphs.Builder((3, 8, 8), 0).input_quant(4)
    b.conv("first", 13, (3, 3), weights="INT3").activate("act1", 3)
    b.conv("second", 11, (3, 3), weights="INT3").activate("act2", 3)
    return b.head("fc", 11 * 4 * 4, 5)


def at(fps):
    return functools.partial(folding.for_fps, fps=fps, clock_mhz=100.0)


def test_padding_saves_lanes_and_changes_nothing(prime, tmp_path):
    plain = mapped(prime, tmp_path)
    without = at(200_000)(mapped(prime, tmp_path))
    graph, chosen = padding.fold(plain, at(200_000), padding.fewer_luts)
    assert chosen.padded and chosen.luts * padding.GAIN < without.luts and chosen.fps >= 200_000
    for layer, had, has in chosen.padded:
        assert (layer, had) in [("first", 13), ("second", 11)] and has in (12, 16)
    graph = fifo.name_streams(mapping.specialise(graph))
    graph = fifo.insert(graph, fifo.depths(graph))
    stitch.stitch(graph, tmp_path / "rtl", "toy", 100.0, hardware.PART)
    images = hardware.pixels(prime, 10)
    run = simulate.Simulator(tmp_path / "rtl", hardware.CACHE).run(images, 1, 20)
    assert np.array_equal(run.outputs, mapping.execute(plain, images)["output"])


def test_nothing_is_padded_without_need(tmp_path):
    _, chosen = padding.fold(mapped(graphs.plain(0), tmp_path), at(100_000), padding.fewer_luts)
    assert chosen.padded == ()


def test_the_given_graph_is_left_alone(prime, tmp_path):
    plain = mapped(prime, tmp_path)
    before = plain.model.SerializeToString()
    padding.fold(plain, at(200_000), padding.fewer_luts)
    assert plain.model.SerializeToString() == before


def test_budget(prime, tmp_path):
    choose = functools.partial(folding.for_luts, luts=3_000, clock_mhz=100.0)
    without = choose(mapped(prime, tmp_path))
    _, chosen = padding.fold(mapped(prime, tmp_path), choose, padding.more_fps)
    assert chosen.luts <= 3_000 and chosen.fps >= without.fps


def test_what_cannot_be_had_is_told_of_the_graph_as_it_is(prime, tmp_path):
    with pytest.raises(InputError, match="layer 'first' needs"):
        padding.fold(mapped(prime, tmp_path), at(1e8), padding.fewer_luts)


@pytest.mark.parametrize(("cheapest", "expected"), [(12, 12), (16, 16), (None, 12)])
def test_the_best_count_is_taken_and_of_equals_the_smallest(prime, tmp_path, cheapest, expected):
    """Both counts help; `choose` is made up, so that it is known which helps more."""
    found = []

    def made_up(graph):
        plain = folding.for_fps(graph, 200_000, 100.0)
        count = next(getCustomOp(n).get_nodeattr("MH") for n in graph.graph.node if n.name == second)
        found.append(count)
        luts = 1000 if count == 11 else 400 if count == cheapest else 500
        return dataclasses.replace(
            plain, choices=(dataclasses.replace(plain.choices[0], takes=Counts(lut=luts)),), between=0
        )

    plain = mapped(prime, tmp_path)
    second = next(n.name for n in plain.graph.node if n.op_type == "WrapMVU" and layer_of(n) == "second")
    _, chosen = padding.fold(plain, made_up, padding.fewer_luts)
    assert {11, 12, 16} <= set(found)
    assert ("second", 11, expected) in chosen.padded
