# SPDX-License-Identifier: BSD-3-Clause
"""Folding takes legal values, is fast enough, wastes nothing, and says what cannot be had."""

import itertools

import numpy as np
import onnx
import pytest
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError
from fpga import folding, layers, mapping
from fpga.estimate import nodes, samples
from fpga.names import op_of
from tests import graphs


@pytest.fixture
def graph(tmp_path):
    def make(name: str):
        onnx.save(graphs.CASES[name](0), tmp_path / "model.onnx")
        return mapping.to_dataflow(tmp_path / "model.onnx")

    return make


@pytest.mark.parametrize("name", ["plain", "odd", "depthwise", "residual", "wide"])
@pytest.mark.parametrize("fps", [1_000, 30_000, 100_000])
def test_fast_enough_and_mappable(graph, name, fps):
    model = graph(name)
    result = folding.for_fps(model, fps, 100.0)
    assert result.fps >= fps
    assert all(choice.cycles <= 100e6 / fps for choice in result.choices)
    special = mapping.specialise(model)
    for node in special.graph.node:
        layers.hardware(node).get_folded_input_shape()
    assert max(layers.cycles(layers.hardware(node)) for node in special.graph.node) <= 100e6 / fps


def test_more_speed_costs_more(graph):
    costs = [folding.for_fps(graph("plain"), fps, 100.0).luts for fps in (1_000, 50_000, 500_000)]
    assert costs == sorted(costs) and costs[0] < costs[-1]


def test_no_layer_is_needlessly_fast(graph):
    """Halving the rate must not leave a matrix-vector unit with as many lanes."""
    lanes = []
    for fps in (100_000, 10_000):
        result = folding.for_fps(graph("plain"), fps, 100.0)
        lanes.append(sum(choice.pe * choice.simd for choice in result.choices if choice.op == "WrapMVU"))
    assert lanes[1] < lanes[0]


def test_sliding_window_and_depthwise_unit_agree(graph):
    model = graph("depthwise")
    folding.for_fps(model, 100_000, 100.0)
    for node in model.graph.node:
        if node.op_type in ("WrapVVU", "WindowMax"):
            before = model.find_producer(node.input[0])
            assert layers.hardware(before).get_nodeattr("SIMD") == layers.hardware(node).get_nodeattr("PE")


def test_too_much_is_refused_by_name(graph):
    with pytest.raises(InputError) as error:
        folding.for_fps(graph("plain"), 5e6, 100.0)
    text = str(error.value)
    assert "5,000,000 FPS at 100 MHz leave 20 cycles" in text and "layer 'conv1'" in text and "FPS are the most" in text
    best = float(text.partition(" FPS are the most")[0].rpartition(" ")[2].replace(",", ""))
    assert folding.for_fps(graph("plain"), best * 0.999, 100.0).fps >= best * 0.999


def test_groups_take_turns(graph):
    """Lanes stay within a group, and the remedy says what costs the time."""
    result = folding.for_fps(graph("grouped"), 60_000, 100.0)
    (pairs,) = (choice for choice in result.choices if choice.layer == "pairs" and choice.op == "WrapMVU")
    assert 4 % pairs.simd == 0 and 6 % pairs.pe == 0 and pairs.simd * pairs.pe > 1
    with pytest.raises(InputError, match=r"layer 'pairs'.*use fewer groups"):
        folding.for_fps(graph("grouped"), 200_000, 100.0)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan")])
def test_no_rate_at_all(graph, fps):
    with pytest.raises(InputError, match="FPS is"):
        folding.for_fps(graph("linear"), fps, 100.0)


def test_budget(graph):
    small = folding.for_luts(graph("plain"), 1_000, 100.0)
    large = folding.for_luts(graph("plain"), 1_900, 100.0)
    assert small.luts <= 1_000 < large.luts <= 1_900
    assert large.fps > small.fps
    with pytest.raises(InputError, match="LUT=100 is too small"):
        folding.for_luts(graph("plain"), 100, 100.0)


@pytest.mark.parametrize("name", ["linear", "residual"])
def test_nothing_is_cheaper(graph, name):
    """Against every combination of a small network's settings, cut down to a few for each layer."""
    network = folding.Network(graph(name), 100.0)
    rng = np.random.default_rng(1)
    limit = int(1.5 * network.slowest()[1])
    fitting = [np.flatnonzero(layer.cycles <= limit) for layer in network.layers]
    free = rng.permutation(len(fitting))[:5]
    chosen = network.choose(limit)
    options = [
        [*rng.permutation(fits)[:6].tolist(), best] if index in free else [best]
        for index, (fits, best) in enumerate(zip(fitting, chosen, strict=True))
    ]
    least = min(sum(network.luts(combination)) for combination in itertools.product(*options))
    assert sum(network.luts(chosen)) == least == network.cost(limit)


def test_widths_of_neighbours_match_where_that_is_cheaper(graph):
    """The estimate counts converters: a network folded layer by layer has more of them, or more LUTs."""
    model = graph("plain")
    network = folding.Network(model, 100.0)
    together = network.cost(10_000)
    alone = []
    for layer in network.layers:
        fits = np.flatnonzero(layer.cycles <= 10_000)
        alone.append(int(fits[layer.luts[fits].argmin()]))
    assert together <= sum(network.luts(alone))


def test_more_lanes_never_cost_less():
    """Of the estimate, node by node: more PE or SIMD, more LUTs."""
    (sample,) = samples.draw({"matrix": 1}, 3)
    inst = getCustomOp(sample.model.graph.node[0])
    inst.set_nodeattr("romStyle", "block")
    inst.set_nodeattr("MW", 64)
    inst.set_nodeattr("MH", 64)
    for key, other in (("PE", "SIMD"), ("SIMD", "PE")):
        inst.set_nodeattr(other, 4)
        costs = []
        for lanes in (1, 2, 4, 8, 16, 32):
            inst.set_nodeattr(key, lanes)
            costs.append(nodes.node(inst).lut)
        assert costs == sorted(costs) and costs[-1] > 4 * costs[0]


def test_padding_before_a_unit_gives_whole_parts_of_its_channels(tmp_path):
    """A kernel of the size of the padded image has no sliding window between the two."""
    builder = graphs.Builder((2, 4, 4), 0).input_quant(2)
    builder.conv("whole", 3, (6, 6), pads=(1, 1, 1, 1), bits=6).activate("whole_act", 2)
    onnx.save(builder.head("fc", 3, 4, "INT4", bits=5), tmp_path / "model.onnx")
    model = mapping.to_dataflow(tmp_path / "model.onnx")
    layer = next(layer for layer in folding.Network(model, 100.0).layers if len(layer.nodes) == 2)
    assert [op_of(node.onnx_node) for node in layer.nodes] == ["FMPadding", "WrapMVU"]
    for index in range(len(layer.cycles)):
        layer.take(index)
        assert layer.nodes[0].get_nodeattr("NumChannels") % layer.nodes[0].get_nodeattr("SIMD") == 0


def test_windows_come_word_by_word_or_whole(tmp_path):
    """Also where a row has two of them, which FINN's own form that writes a window a cycle gets wrong."""
    builder = graphs.Builder((2, 4, 3), 0).input_quant(2)
    builder.conv("first", 3, (2, 2), weights="TERNARY", bits=6).activate("first_act", 2)
    model = builder.head("fc", 18, 4, "INT4", bits=5)
    onnx.save(model, tmp_path / "model.onnx")
    graph = mapping.to_dataflow(tmp_path / "model.onnx")
    layer = next(layer for layer in folding.Network(graph, 100.0).layers if len(layer.nodes) == 2)
    found = set()
    for index in range(len(layer.cycles)):
        layer.take(index)
        found.add(bool(layer.nodes[0].get_nodeattr("parallel_window")))
    assert found == {False, True}


def test_divisors():
    assert layers.divisors(13) == [1, 13]
    assert layers.divisors(16) == [1, 2, 4, 8, 16]
