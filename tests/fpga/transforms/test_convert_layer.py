# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions and products become matrix-vector units; what cannot is refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import UnsupportedError
from export.ops.runtime import OnnxRuntime
from fpga.mapping import execute, to_dataflow
from fpga.transforms import ConvertConv, ConvertMatMul, Tidy
from fpga.transforms.convert_layer import weight_type
from tests.graphs import Builder, images


def mapped(model: onnx.ModelProto, folder: Path) -> ModelWrapper:
    onnx.save(model, folder / "model.onnx")
    return to_dataflow(folder / "model.onnx")


def kinds(model: ModelWrapper) -> list[str]:
    return [node.op_type for node in model.graph.node if not node.op_type.startswith("WrapActivation")]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("shape", "conv", "expected"),
    [
        ((3, 6, 5), {"kernel": (3, 3), "pads": (1, 1, 1, 1)}, ["FMPadding", "ConvolutionInputGenerator", "WrapMVU"]),
        ((7, 9, 6), {"kernel": (5, 5), "stride": (2, 1)}, ["ConvolutionInputGenerator", "WrapMVU"]),
        ((13, 3, 9), {"kernel": (1, 7), "weights": "TERNARY"}, ["ConvolutionInputGenerator", "WrapMVU"]),
        ((4, 5, 5), {"kernel": (3, 2), "pads": (2, 0, 0, 1)}, ["FMPadding", "ConvolutionInputGenerator", "WrapMVU"]),
        ((7, 5, 4), {"kernel": (1, 1), "weights": "INT4", "bits": 11}, ["WrapMVU"]),
        ((7, 5, 4), {"kernel": (1, 1), "stride": (2, 2)}, ["ConvolutionInputGenerator", "WrapMVU"]),
        ((2, 5, 4), {"kernel": (5, 4)}, ["WrapMVU"]),
        ((2, 4, 4), {"kernel": (6, 6), "pads": (1, 1, 1, 1)}, ["FMPadding", "WrapMVU"]),
        ((7, 6, 7), {"kernel": (3, 3), "depthwise": True}, ["ConvolutionInputGenerator", "WrapVVU"]),
        ((5, 4, 4), {"kernel": (1, 1), "depthwise": True, "weights": "INT3"}, ["WrapVVU"]),
        ((14, 5, 4), {"kernel": (3, 3), "groups": 7}, ["ConvolutionInputGenerator", "WrapMVU"]),
        ((14, 5, 4), {"kernel": (1, 1), "groups": 7, "weights": "TERNARY"}, ["WrapMVU"]),
        ((14, 3, 4), {"kernel": (3, 4), "groups": 7}, ["ConvolutionInputGenerator", "WrapMVU"]),
    ],
)
def test_geometry(shape: Any, conv: dict[str, Any], expected: list[str], seed: int, tmp_path: Path) -> None:
    """Every geometry: the ops that are expected, and the sums of onnxruntime."""
    b = Builder(shape, seed).input_quant(3)
    conv = {"bits": 6, "fold": 3, **conv}
    b.conv("layer", 7, **conv).activate("act", 2, spread=20)
    pixels = int(np.prod(_output(shape, conv)))
    source = b.head("fc", b.channels * pixels, 3)
    model = mapped(source, tmp_path)
    assert kinds(model) == [*expected, "WrapMVU", "WrapFold"]
    x = images(source, 6, seed)
    wanted = OnnxRuntime(source, ["layer.acc"], threads=1)(x)
    got = execute(model, x.transpose(0, 2, 3, 1).astype(np.uint8))
    np.testing.assert_array_equal(got["layer"], wanted["layer.acc"])
    np.testing.assert_array_equal(got["output"], wanted["output"])
    assert len(np.unique(got["layer"])) > 4


def _output(shape: tuple[int, int, int], conv: dict[str, Any]) -> tuple[int, int]:
    pads, stride = conv.get("pads", (0, 0, 0, 0)), conv.get("stride", (1, 1))
    size = (shape[1] + pads[0] + pads[2], shape[2] + pads[1] + pads[3])
    h, w = ((size[i] - conv["kernel"][i]) // stride[i] + 1 for i in range(2))
    return h, w


def test_dilation(tmp_path: Path) -> None:
    b = Builder((2, 7, 7)).input_quant(2).conv("layer", 3, (3, 3))
    _set(b, "layer.conv", "dilations", [2, 3])
    source = b.activate("act", 2).head("fc", 3 * 3 * 1, 2)
    x = images(source, 4)
    got = execute(mapped(source, tmp_path), x.transpose(0, 2, 3, 1).astype(np.uint8))
    np.testing.assert_array_equal(got["layer"], OnnxRuntime(source, ["layer.acc"], threads=1)(x)["layer.acc"])


def test_flatten_is_in_the_weights(tmp_path: Path) -> None:
    b = Builder((3, 4, 5)).input_quant(2)
    source = b.head("fc", 60, 4, "INT4", bits=9)
    model = mapped(source, tmp_path)
    unit = getCustomOp(next(node for node in model.graph.node if node.op_type == "WrapMVU"))
    assert list(unit.get_nodeattr("inputShape")) == [1, 4, 5, 3]
    assert unit.get_folded_input_shape() == (1, 60, 1)
    assert model.get_tensor_shape("input") == [1, 4, 5, 3]


def test_attributes(tmp_path: Path) -> None:
    b = Builder((3, 4, 4)).input_quant(2).conv("block.conv", 5, (3, 3), bits=7, fold=1, weights="INT8").activate("a", 2)
    model = mapped(b.head("fc", 20, 2), tmp_path)
    unit = getCustomOp(next(node for node in model.graph.node if node.op_type == "WrapMVU"))
    assert {
        name: unit.get_nodeattr(name) for name in ("layer", "MW", "MH", "PE", "SIMD", "accumulatorBits", "fold")
    } == {
        "layer": "block.conv",
        "MW": 27,
        "MH": 5,
        "PE": 1,
        "SIMD": 1,
        "accumulatorBits": 7,
        "fold": 1,
    }
    assert unit.get_input_datatype(1).name == "INT8"


@pytest.mark.parametrize(
    ("values", "name"),
    [([-1, 1], "BIPOLAR"), ([1], "BIPOLAR"), ([0, 1], "TERNARY"), ([-2, 1], "INT2"), ([2], "INT3"), ([-128], "INT8")],
)
def test_the_narrowest_weights(values: list[int], name: str) -> None:
    assert weight_type(np.array(values)).name == name


def _set(b: Builder, node: str, name: str, value: object) -> None:
    found = next(item for item in b.nodes if item.name == node)
    kept = [item for item in found.attribute if item.name != name]
    del found.attribute[:]
    found.attribute.extend([*kept, helper.make_attribute(name, value)])


def _bias(b: Builder) -> None:
    next(node for node in b.nodes if node.name == "layer.conv").input.append(b.constant("bias", np.ones(4)))


def _fractions(b: Builder) -> None:
    b.constants["layer.weight"] = b.constants["layer.weight"] * 0.5


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda b: _set(b, "layer.conv", "group", 3), r"'layer\.conv' \(Conv\): it has 4 output channels in 3 groups"),
        (_bias, r"'layer\.conv'.*bias"),
        (_fractions, r"'layer\.conv'.*not integers"),
        (lambda b: _set(b, "layer.conv", "auto_pad", "SAME_UPPER"), r"'layer\.conv'.*auto_pad is SAME_UPPER"),
    ],
)
def test_refused(change: Callable[[Builder], None], reason: str, tmp_path: Path) -> None:
    b = Builder((4, 5, 5)).input_quant(2).conv("layer", 4, (3, 3)).activate("act", 2)
    change(b)
    size = 4 * 25 if "SAME" in reason else 4 * 9
    with pytest.raises(UnsupportedError, match=reason):
        mapped(b.head("fc", size, 2), tmp_path)


def test_no_match_on_floats() -> None:
    """Convolutions whose inputs are not known to be integers are left as they are."""
    model = ModelWrapper(Builder((4, 5, 5)).input_quant(2).conv("c", 4, (3, 3)).activate("a", 2).head("fc", 36, 2))
    model = model.transform(Tidy())
    assert ConvertConv().apply(model)[1] is False
    assert ConvertMatMul().apply(model)[1] is False
