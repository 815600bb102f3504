# SPDX-License-Identifier: BSD-3-Clause
"""Accumulators that cannot overflow lose the bits that they do not need; those that wrap keep theirs."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from export.ops.runtime import OnnxRuntime
from fpga.mapping import execute, to_dataflow
from fpga.transforms import NarrowAccumulator
from tests.graphs import CASES, Builder, images


def units(source: ModelProto, folder: Path) -> tuple[ModelWrapper, dict[str, int]]:
    onnx.save(source, folder / "model.onnx")
    model = to_dataflow(folder / "model.onnx")
    found = {}
    for node in model.graph.node:
        op = getCustomOp(node)
        if "accumulatorBits" in op.get_nodeattr_types():
            found[op.get_nodeattr("layer")] = op.get_nodeattr("accumulatorBits")
    return model, found


@pytest.mark.parametrize("bits", [20, 32])
def test_wide_layers_need_less(bits: int, tmp_path: Path) -> None:
    b = Builder((2, 6, 6)).input_quant(4).conv("first", 5, (3, 3), bits=bits, fold=0).activate("act", 2, spread=100)
    b.conv("depth", 5, (3, 3), bits=bits, fold=0, depthwise=True).activate("act2", 2, spread=10)
    source = b.head("fc", 20, 3, "TERNARY", bits=bits, fold=0)
    model, found = units(source, tmp_path)
    assert found["first"] <= 10 and found["depth"] <= 6 and found["fc"] <= 7  # 18 * 15 = 270, 9 * 3, 20 * 3
    assert model.get_tensor_datatype("output").bitwidth() == found["fc"]
    for node in model.graph.node:
        op = getCustomOp(node)
        if node.op_type == "WrapActivation" and op.get_nodeattr("layer") in found:
            assert op.get_input_datatype().bitwidth() == found[op.get_nodeattr("layer")]
            assert op.get_nodeattr("thresholdBits") <= op.get_input_datatype().bitwidth() + 1
    x = images(source, 20)
    got, wanted = execute(model, x.transpose(0, 2, 3, 1).astype(np.uint8)), OnnxRuntime(source, threads=1)(x)
    np.testing.assert_array_equal(got["output"], wanted["output"])
    assert NarrowAccumulator().apply(model)[1] is False


def test_wrapping_layers_keep_their_width(tmp_path: Path) -> None:
    """With a fold the width is part of the function, even where no sum overflows; without one, where some may."""
    _, found = units(CASES["plain"](0), tmp_path)
    assert found == {"conv1": 8, "conv2": 8, "fc": 8}
    _, found = units(CASES["linear"](0), tmp_path)
    assert found == {"fc": 4}
    _, found = units(CASES["wide"](0), tmp_path)
    assert found["middle"] == 6
