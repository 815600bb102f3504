# SPDX-License-Identifier: BSD-3-Clause
"""Padded channels change the folding that is legal, and nothing else."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError, UnsupportedError
from fpga.mapping import execute, specialise, to_dataflow
from fpga.transforms import PadChannels
from fpga.transforms._graph import attribute
from tests.graphs import CASES, Builder, images


def mapped(source: ModelProto, folder: Path) -> ModelWrapper:
    onnx.save(source, folder / "model.onnx")
    return to_dataflow(folder / "model.onnx")


def after_sum() -> ModelProto:
    """Seven channels through a residual sum, pooling, a depthwise layer and a flattened head."""
    b = Builder((3, 8, 8)).input_quant(4).conv("stem", 7, (1, 1)).activate("act", 2, spread=15)
    skip = b.tensor
    b.conv("block", 7, (3, 3), pads=(1, 1, 1, 1), weights="TERNARY").activate("act2", 2).add("add", skip)
    b.max_pool("pool", (2, 2)).conv("depth", 7, (3, 3), depthwise=True, bits=6).activate("act3", 3, spread=10)
    return b.head("fc", 28, 5)


@pytest.mark.parametrize(
    ("source", "layer", "padded"),
    [
        (CASES["odd"](0), "stem", {"stem"}),
        (CASES["odd"](0), "wide_kernel", {"wide_kernel"}),
        (CASES["depthwise"](0), "stem", {"stem", "depth"}),
        (CASES["residual"](0), "block.conv2", {"stem", "block.conv2"}),
        (after_sum(), "stem", {"stem", "block", "depth"}),
    ],
)
def test_results_are_the_same(source: ModelProto, layer: str, padded: set[str], tmp_path: Path) -> None:
    model = mapped(source, tmp_path)
    x = images(source, 6).transpose(0, 2, 3, 1).astype(np.uint8)
    before = execute(model, x)
    wider = model.transform(PadChannels(layer, 16))
    counts = {}
    for node in wider.graph.node:
        op = getCustomOp(node)
        if "realChannels" in op.get_nodeattr_types() and op.get_nodeattr("realChannels"):
            counts[op.get_nodeattr("layer")] = op.get_normal_output_shape()[-1]
    assert counts == dict.fromkeys(padded, 16)
    unit = next(
        node for node in wider.graph.node if node.name.startswith("WrapMVU") and attribute(node, "layer") == layer
    )
    getCustomOp(unit).set_nodeattr("PE", 8)
    for graph in (wider, specialise(wider, tmp_path / "ip")):
        after = execute(graph, x)
        assert list(after) == list(before)
        for key, value in before.items():
            np.testing.assert_array_equal(after[key], value, err_msg=key)
    assert PadChannels(layer, 16).apply(wider)[1] is False


def test_every_shape_agrees_with_its_nodes(tmp_path: Path) -> None:
    model = mapped(after_sum(), tmp_path).transform(PadChannels("stem", 8))
    for node in model.graph.node:
        op = getCustomOp(node)
        assert model.get_tensor_shape(node.input[0]) == list(op.get_normal_input_shape()), node.name
        assert model.get_tensor_shape(node.output[0]) == list(op.get_normal_output_shape()), node.name


def test_classes_cannot_be_padded(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="outputs of the network"):
        mapped(CASES["plain"](0), tmp_path).transform(PadChannels("fc", 16))


@pytest.mark.parametrize("layer", ["stem", "pairs"])
def test_groups_cannot_be_padded(layer: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="channels are in groups"):
        mapped(CASES["grouped"](0), tmp_path).transform(PadChannels(layer, 16))


def test_an_unknown_layer(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no layer 'conv9'.*conv1, conv2, fc"):
        mapped(CASES["plain"](0), tmp_path).transform(PadChannels("conv9", 16))
