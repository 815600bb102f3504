# SPDX-License-Identifier: BSD-3-Clause
"""What the check lets pass, the mapping maps, to the same integers; the exporter's files are among it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto

import export
from export.ops.runtime import OnnxRuntime
from fpga.mapping import execute, to_dataflow
from tests.export.networks import OwnForward, input_shape, randomised
from tests.graphs import CASES, Builder, images
from training.blocks import Blocks
from training.networks import NETWORKS


def dilated() -> ModelProto:
    b = Builder((1, 9, 11)).input_quant(4)
    b.conv("conv1", 4, (3, 3), pads=(2, 2, 2, 2)).activate("act1", 2)
    model = b.head("fc", 4 * 9 * 11, 5)
    (conv,) = (node for node in model.graph.node if node.op_type == "Conv")
    (dilations,) = (attribute for attribute in conv.attribute if attribute.name == "dilations")
    dilations.ints[:] = [2, 2]
    del model.graph.value_info[:]  # the shapes before
    return model


def normalised_by_channel() -> ModelProto:
    b = Builder((3, 5, 5))
    b.op("mean", "Sub", [b.tensor, b.constant("means", np.array([100, 120, 90]).reshape(1, 3, 1, 1))])
    b.op("std", "Div", [b.tensor, b.constant("stds", np.array([50, 60, 45]).reshape(1, 3, 1, 1))])
    b.quant("input_quant", 4, 0.25)
    return b.conv("conv", 4, (3, 3)).activate("act", 2).head("fc", 36, 3)


def quantised_again() -> ModelProto:
    b = Builder((1, 6, 6)).input_quant(8)
    b.conv("a", 4, (3, 3), pads=(1, 1, 1, 1)).activate("a_act", 4)
    skip = b.tensor
    b.conv("b", 4, (3, 3), pads=(1, 1, 1, 1)).activate("b_act", 4).add("add", skip)
    b.op("relu", "Relu", [b.tensor])
    return b.quant("again", 3, 0.5).head("fc", 4 * 36, 3)


def own_forward() -> ModelProto:
    return export.to_qonnx(randomised(OwnForward, Blocks((3, 9, 6), 5)))


def network(name: str) -> Callable[[], ModelProto]:
    return lambda: export.to_qonnx(randomised(NETWORKS[name], Blocks(input_shape(name), 10)))


MODELS: dict[str, Callable[[], ModelProto]] = {
    "dilated": dilated,
    "normalised by channel": normalised_by_channel,
    "quantised again": quantised_again,
    "a user's own forward": own_forward,
    **{f"network {name}": network(name) for name in NETWORKS},
    **{f"example {name}": lambda name=name: CASES[name](3) for name in CASES},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", MODELS)
def test_what_passes_the_check_is_mapped_exactly(name: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    assert export.check(model) == []
    onnx.save(model, tmp_path / "model.onnx")
    x = images(model, 6)
    expected = OnnxRuntime(model)(x)
    got = execute(to_dataflow(tmp_path / "model.onnx"), x.transpose(0, 2, 3, 1).astype(np.uint8))
    assert np.array_equal(got["output"], expected["output"])
