# SPDX-License-Identifier: BSD-3-Clause
"""Depths by analysis hold in simulation, and are needed: a residual design with a FIFO taken away stands still."""

import numpy as np
import pytest

from chain.errors import ToolError
from fpga import fifo, layers, process, simulate, sliding, stitch
from fpga.names import layer_of, op_of
from tests import graphs
from tests.fpga import finn_graphs, hardware

GEOMETRIES = {
    "3x3": ({"dim": [6, 7], "kernel": [3, 3], "stride": [1, 1], "channels": 4, "simd": 2}, {}),
    "stride": ({"dim": [9, 8], "kernel": [3, 3], "stride": [2, 2], "channels": 3, "simd": 1}, {}),
    "flat": ({"dim": [3, 11], "kernel": [1, 7], "stride": [1, 2], "channels": 2, "simd": 1}, {}),
    "depthwise": ({"dim": [8, 7], "kernel": [3, 3], "stride": [1, 1], "channels": 4, "simd": 1}, {"depthwise": 1}),
    "pool": ({"dim": [8, 8], "kernel": [2, 2], "stride": [2, 2], "channels": 4, "simd": 2}, {"depthwise": 1}),
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_period_of_the_sliding_window(name, tmp_path):
    """The model of the sliding window against its RTL, in a design."""
    geometry, more = GEOMETRIES[name]
    node = finn_graphs.window("in", "out", "ConvolutionInputGenerator_rtl_0", bits=4, **geometry, **more)
    out = [(geometry["dim"][i] - geometry["kernel"][i]) // geometry["stride"][i] + 1 for i in (0, 1)]
    window = geometry["kernel"][0] * geometry["kernel"][1] * geometry["channels"]
    shapes = {"in": [1, *geometry["dim"], geometry["channels"]], "out": [1, *out, window]}
    stitch.stitch(finn_graphs.graph([node], shapes, 4), tmp_path / "rtl", "toy", 100.0, hardware.PART)
    simulator = simulate.Simulator(tmp_path / "rtl", hardware.CACHE)
    run = simulator.run(np.ones((6, *simulator.design.input.shape), dtype=int))
    expected = sliding.period(layers.hardware(node))
    assert run.interval == expected


def test_residual_keeps_the_rate_and_needs_its_depth(tmp_path):
    model = graphs.residual(0)
    design, graph = hardware.design(model, tmp_path, 50_000)
    images = hardware.pixels(model, 8)
    run = simulate.measure(simulate.Simulator(tmp_path / "rtl", hardware.CACHE), images)
    assert run.interval <= simulate.TOLERANCE * design.bound

    deepest = max(
        (node for node in graph.graph.node if "fork" in node.input[0] and node.op_type == "StreamingFIFO_rtl"),
        key=lambda node: layers.hardware(node).get_nodeattr("depth"),
    )
    assert layers.hardware(deepest).get_nodeattr("depth") > 33
    layers.hardware(deepest).set_nodeattr("depth", 2)
    stitch.stitch(graph, tmp_path / "shallow", "toy", 100.0, hardware.PART)
    with pytest.raises(ToolError, match=r"stands still after 0 result words"):
        simulate.Simulator(tmp_path / "shallow", hardware.CACHE).run(images)


def pooled():
    """Two convolutions that are the slowest together; the second one's rows come in bursts, from the pooling."""
    b = graphs.Builder((1, 12, 12)).input_quant(3)
    b.conv("conv1", 16, (3, 3), pads=(1, 1, 1, 1)).activate("act1", 2).max_pool("pool1", (2, 2))
    b.conv("conv2", 16, (3, 3), pads=(1, 1, 1, 1)).activate("act2", 2).max_pool("pool2", (2, 2))
    return b.head("fc", 144, 4)


def test_words_wait_in_the_buffer_of_a_sliding_window(tmp_path):
    model = pooled()
    design, graph = hardware.design(model, tmp_path, 25_000)
    sliders = [layers.hardware(node) for node in graph.graph.node if op_of(node) == "ConvolutionInputGenerator"]
    (slider,) = (inst for inst in sliders if sliding.slides(inst))
    assert sliding.spare(slider) > 0
    assert op_of(before(graph, "conv2")) != "StreamingFIFO"
    images = hardware.pixels(model, 8)
    run = simulate.measure(simulate.Simulator(tmp_path / "rtl", hardware.CACHE), images)
    assert run.interval <= simulate.TOLERANCE * design.bound

    sliding.set_spare(slider, 0)
    stitch.stitch(graph, tmp_path / "small", "toy", 100.0, hardware.PART)
    with pytest.raises(ToolError, match=r"over 1\.02 times the folding's bound"):
        simulate.measure(simulate.Simulator(tmp_path / "small", hardware.CACHE), images)


def before(graph, layer):
    """The node in front of the padding of `layer`."""
    (padding,) = (node for node in graph.graph.node if op_of(node) == "FMPadding" and layer_of(node) == layer)
    return graph.find_producer(padding.input[0])


@pytest.mark.parametrize("clock", [100.0, 200.0])
@pytest.mark.parametrize("fps", [1_000, 200_000])
@pytest.mark.parametrize("name", ["plain", "odd", "depthwise", "grouped", "residual"])
def test_ready_goes_through_few_nodes(name, fps, clock, tmp_path):
    """Through three at 100 MHz; at 200 MHz each stream but a fork's has a register on both sides, a fork's a FIFO."""
    most = 50_000 if name in ("odd", "grouped") else fps
    graph = hardware.queued(graphs.CASES[name](0), tmp_path, min(fps, most), clock)
    for node in graph.graph.node:
        if op_of(node) == "StreamingFIFO":
            maker = graph.find_producer(node.input[0])
            assert node.name == f"{maker.name}_fifo{list(maker.output).index(node.input[0])}"
            assert layers.hardware(node).get_nodeattr("depth") >= 2
        elif clock > 100:
            assert passed(graph, node) <= 1
            if op_of(node) == "StreamFork":
                assert {op_of(reader) for reader in graph.find_direct_successors(node)} == {"StreamingFIFO"}
        else:
            assert passed(graph, node) <= 4


def passed(graph, node):
    """Nodes that the ready of the stream behind `node` goes through until there is a register, and `node` itself."""
    inst = layers.hardware(node)
    if op_of(node) in ("StreamingFIFO", "StreamingDataWidthConverter") or sliding.slides(inst) or layers.repeats(inst):
        return 0
    if op_of(node) == "StreamNarrow":  # a FIFO is part of it
        return 1
    return 1 + max((passed(graph, reader) for reader in graph.find_direct_successors(node) or []), default=0)


def test_more_words_never_get_less_depth():
    depths = [fifo.rounded(words) for words in range(3_000)]
    assert all(depth >= words for words, depth in enumerate(depths))
    assert depths == sorted(depths)


def test_steps_by_hand():
    """One word in, two words out: the first at once, then the next image's only after both are gone."""
    reads, emits = np.array([[True, False]]), np.array([[True, True]])
    times = process.process(process.Steps(reads, emits), [np.array([5, 6, 7, 8])])
    assert times.tolist() == [5, 6, 7, 8, 9, 10, 11, 12]
