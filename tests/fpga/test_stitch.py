# SPDX-License-Identifier: BSD-3-Clause
"""The stitched folder: its text, its manifest, and the graphs and files it refuses."""

from pathlib import Path

import pytest
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError, ToolError, UnsupportedError
from fpga import design, stitch
from tests import graphs
from tests.fpga import finn_graphs, hardware

GOLDEN = Path(__file__).parent / "golden"


def stitched(model, folder: Path) -> design.Design:
    return stitch.stitch(model, folder, "toy", 100.0, hardware.PART, ("a", "b"))


def test_golden_top(tmp_path):
    """After a change that is meant: copy the text that the test made over the golden file, and read the difference."""
    hardware.design(graphs.residual(0), tmp_path, 50_000)
    assert (tmp_path / "rtl" / "accelerator.sv").read_text() == (GOLDEN / "residual_accelerator.sv").read_text()


def test_same_graph_same_bytes(tmp_path):
    for name in ("one", "two"):
        hardware.design(graphs.plain(0), tmp_path / name, 100_000)
    first = {path.name: path.read_bytes() for path in (tmp_path / "one" / "rtl").iterdir()}
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "two" / "rtl").iterdir()}


def test_manifest(tmp_path):
    made, _ = hardware.design(graphs.plain(0), tmp_path, 1_000)
    assert design.load(tmp_path / "rtl") == made
    assert {path.name for path in (tmp_path / "rtl").iterdir()} == {*made.files, *made.memories, "manifest.json"}
    assert (made.input.shape, made.output.shape, made.output.signed) == ((8, 8, 1), (10,), True)
    assert made.bound == made.bottleneck.cycles == max(layer.cycles for layer in made.layers)
    assert [(tap.layer, tap.kind) for tap in made.taps if tap.kind == "acc"] == [
        ("conv1", "acc"),
        ("conv2", "acc"),
        ("fc", "acc"),
    ]
    assert all(layer.layer for layer in made.layers)
    assert str(tmp_path) not in made.to_json()


def test_an_image_of_one_pixel_keeps_its_shape(tmp_path):
    """A table's row is an image [1, 1, features] for the host and the board, [features] for a network of vectors."""
    one_pixel = graphs.Builder((5, 1, 1), 0).input_quant(2).head("fc", 5, 3, "INT3", bits=8, fold=1)
    made, _ = hardware.design(one_pixel, tmp_path, 1_000)
    assert (made.input.shape, made.output.shape) == ((1, 1, 5), (3,))
    assert made.input.words_per_frame * made.input.elements_per_word == 5
    assert design.load(tmp_path / "rtl").input.shape == (1, 1, 5)


def test_edges_are_those_of_the_graph(tmp_path):
    """Every output and every input of a layer is an edge's end; words and FIFOs are those of the FIFOs in between."""
    made, graph = hardware.design(graphs.residual(0), tmp_path, 50_000)
    fifos = [getCustomOp(node) for node in graph.graph.node if node.op_type.startswith("StreamingFIFO")]
    depths = sorted(fifo.get_nodeattr("depth") for fifo in fifos)
    assert depths == sorted(edge.fifo_depth for edge in made.edges if edge.fifo_depth)
    ends = {layer.name: (1 + (layer.op == "StreamAdd"), 1 + (layer.op == "StreamFork")) for layer in made.layers}
    for name, (inputs, outputs) in {**ends, "": (1, 1)}.items():
        assert sum(edge.sink == name for edge in made.edges) == inputs
        assert sum(edge.source == name for edge in made.edges) == outputs
    order = ["", *(layer.name for layer in made.layers)]
    assert all(order.index(edge.source) < order.index(edge.sink) for edge in made.edges if edge.sink)
    first, last = made.edges[0], next(edge for edge in made.edges if not edge.sink)
    for edge, end in ((first, made.input), (last, made.output)):
        assert (edge.bits, edge.words_per_frame) == (end.bits * end.elements_per_word, end.words_per_frame)


def test_both_branches_of_a_fork_have_their_own_fifo(tmp_path):
    made, _ = hardware.design(graphs.residual(0), tmp_path, 50_000)
    fork = next(layer for layer in made.layers if layer.op == "StreamFork")
    long, short = made.edges_from(fork)
    assert long.sink != short.sink and long.fifo_depth != short.fifo_depth
    assert (long.bits, long.words_per_frame) == (short.bits, short.words_per_frame)
    assert next(layer.op for layer in made.layers if layer.name == short.sink) == "StreamAdd"


def test_nothing_points_to_the_scratch_folder(tmp_path):
    _, graph = hardware.design(graphs.linear(0), tmp_path, 1_000)
    assert b".rtl." not in graph.model.SerializeToString()


def test_failure_leaves_the_old_folder(tmp_path, monkeypatch):
    stitched(finn_graphs.toy(), tmp_path / "rtl")
    before = {path.name: path.read_bytes() for path in (tmp_path / "rtl").iterdir()}
    monkeypatch.setattr(stitch, "PATCHES", (stitch.Patch("vpc.sv", "no such text", "", "test"),))
    with pytest.raises(ToolError, match=r"vpc\.sv has changed.*0 times, expected 1"):
        stitched(finn_graphs.toy(), tmp_path / "rtl")
    assert {path.name: path.read_bytes() for path in (tmp_path / "rtl").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["rtl"]


def test_patches_apply_once_each():
    for patch in stitch.PATCHES:
        others = "".join(other.old for other in stitch.PATCHES if other.file == patch.file)
        assert patch.old not in stitch.patched(patch.file, others)


def test_width_mismatch(tmp_path):
    nodes = [
        finn_graphs.padding("in", "mid", "FMPadding_rtl_0", [4, 4], [1, 1, 1, 1], 4, 1, 8),
        finn_graphs.window("mid", "out", "ConvolutionInputGenerator_rtl_0", [6, 6], [3, 3], [1, 1], 4, 2, 8),
    ]
    model = finn_graphs.graph(nodes, {"in": [1, 4, 4, 4], "mid": [1, 6, 6, 4], "out": [1, 4, 4, 36]}, 8)
    with pytest.raises(UnsupportedError, match=r"gives words of 8 bits .* takes 16: a width converter is missing"):
        stitched(model, tmp_path / "rtl")


def test_fan_out(tmp_path):
    shape = [1, 6, 6, 1]
    nodes = [
        finn_graphs.padding("in", "mid", "FMPadding_rtl_0", [4, 4], [1, 1, 1, 1], 1, 1, 8),
        finn_graphs.converter("mid", "out", "StreamingDataWidthConverter_rtl_0", shape, 8, 8, 8),
        finn_graphs.converter("mid", "left", "StreamingDataWidthConverter_rtl_1", shape, 8, 8, 8),
    ]
    model = finn_graphs.graph(nodes, {"in": [1, 4, 4, 1], "mid": shape, "left": shape, "out": shape}, 8)
    with pytest.raises(UnsupportedError, match=r"stream 'mid' has 2 readers.*StreamFork"):
        stitched(model, tmp_path / "rtl")


@pytest.mark.parametrize("name", ["1st", "a-b", "a__b", ""])
def test_bad_name(tmp_path, name):
    model = finn_graphs.toy()
    model.graph.node[0].name = name
    with pytest.raises(InputError, match="no Verilog identifier"):
        stitched(model, tmp_path / "rtl")


def test_same_name_twice(tmp_path):
    model = finn_graphs.toy()
    model.graph.node[1].name = model.graph.node[0].name
    with pytest.raises(InputError, match="two nodes are called"):
        stitched(model, tmp_path / "rtl")


def test_not_a_hardware_node(tmp_path):
    model = finn_graphs.toy()
    model.graph.node[0].op_type, model.graph.node[0].domain = "Relu", ""
    with pytest.raises(UnsupportedError, match=r"FMPadding_rtl_0.*is not a hardware node"):
        stitched(model, tmp_path / "rtl")


def test_general_form_has_no_rtl(tmp_path):
    model = finn_graphs.toy()
    node = model.graph.node[0]
    node.op_type, node.domain = "FMPadding", "finn.custom_op.fpgadataflow"
    with pytest.raises(UnsupportedError, match="has no RTL"):
        stitched(model, tmp_path / "rtl")
