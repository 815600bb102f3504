# SPDX-License-Identifier: BSD-3-Clause
"""What cannot be mapped is named with its node, the reason and the way out; what can be is not."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import onnx
import pytest
import torch
from brevitas.export import export_qonnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from torch import nn

from chain.errors import InputError
from export.ops.functions import make_model
from export.problems import Problem, check
from tests.graphs import CASES, Builder


def node(model: ModelProto, name: str) -> NodeProto:
    return next(node for node in model.graph.node if node.name == name)


def attribute(model: ModelProto, name: str, key: str, value: Any) -> ModelProto:
    found = node(model, name)
    kept = [a for a in found.attribute if a.name != key]
    del found.attribute[:]
    found.attribute.extend([*kept, helper.make_attribute(key, value)])
    return model


def constant(model: ModelProto, name: str, change: Callable[[np.ndarray], Any]) -> ModelProto:
    tensor = next(i for i in model.graph.initializer if i.name == name)
    values = np.asarray(change(numpy_helper.to_array(tensor).copy()), np.float32)
    tensor.CopyFrom(numpy_helper.from_array(values, name))
    del model.graph.value_info[:]
    return model


def insert(model: ModelProto, op_type: str, after: str, **attributes: Any) -> None:
    """Put an operator of one input behind the node `after`."""
    position = [node.name for node in model.graph.node].index(after) + 1
    tensor = node(model, after).output[0]
    for user in model.graph.node:
        for index, name in enumerate(user.input):
            if name == tensor:
                user.input[index] = f"{op_type}.out"
    model.graph.node.insert(
        position, helper.make_node(op_type, [tensor], [f"{op_type}.out"], name=f"my_{op_type}", **attributes)
    )


def replace_op(model: ModelProto, name: str, op_type: str) -> None:
    node(model, name).op_type = op_type


@pytest.mark.parametrize("name", CASES)
def test_every_example_can_be_mapped(name: str) -> None:
    assert check(CASES[name](0)) == []


CHANGES: dict[str, tuple[Callable[[ModelProto], Any], str, str, str]] = {
    "sigmoid": (lambda m: replace_op(m, "act1.relu", "Sigmoid"), "act1.relu", "Sigmoid is not mapped", "use ReLU"),
    "tanh": (lambda m: insert(m, "Tanh", "conv1"), "my_Tanh", "Tanh is not mapped", "use ReLU"),
    "softmax": (lambda m: insert(m, "Softmax", "pool1"), "my_Softmax", "Softmax is not mapped", "host picks the class"),
    "average pooling": (
        lambda m: replace_op(m, "pool1", "AveragePool"),
        "pool1",
        "AveragePool is not mapped",
        "training.layers.QuantSumPool",
    ),
    "an operator nobody knows": (
        lambda m: (
            node(m, "pool1").MergeFrom(NodeProto(domain="com.example")),
            m.opset_import.append(helper.make_opsetid("com.example", 1)),
        ),
        "pool1",
        "MaxPool of the domain 'com.example' is not mapped",
        "write the network with what is mapped: Conv, MatMul",
    ),
    "automatic padding": (
        lambda m: attribute(m, "conv2.conv", "auto_pad", "SAME_UPPER"),
        "conv2.conv",
        "automatic padding",
        "as numbers",
    ),
    "groups that do not divide the channels": (
        lambda m: (
            attribute(m, "conv2.conv", "group", 3),
            constant(m, "conv2.weight", lambda w: w[:, :2]),
        ),
        "conv2.conv",
        "16 output channels in 3 groups",
        "divisor",
    ),
    "weights that are no integers": (
        lambda m: constant(m, "conv2.weight", lambda w: w * 0.5),
        "conv2.conv",
        "'conv2.weight' are not integers",
        "training.layers.WrapConv2d",
    ),
    "weights outside their annotation": (
        lambda m: constant(m, "conv2.weight", lambda w: w * 3),
        "conv2.conv",
        "weights from -3 to 3 under the annotation BIPOLAR",
        "annotate",
    ),
    "weights without an annotation": (
        lambda m: ModelWrapper(m).set_tensor_datatype("conv2.weight", DataType["FLOAT32"]),
        "conv2.conv",
        "no integer datatype annotation",
        "export.to_qonnx",
    ),
    "weights of 16 bits": (
        lambda m: ModelWrapper(m).set_tensor_datatype("conv2.weight", DataType["INT16"]),
        "conv2.conv",
        "weights of 16 bits, at most 8",
        "more narrowly",
    ),
    "per-channel activation scale": (
        lambda m: constant(m, "act1.scale", lambda s: np.full((1, 8, 1, 1), s)),
        "act1",
        "a scale of shape [1, 8, 1, 1], expected one number",
        "per-tensor",
    ),
    "signed activations": (lambda m: attribute(m, "act1", "signed", 1), "act1", "signed activations", "unsigned"),
    "narrow range": (lambda m: attribute(m, "act1", "narrow", 1), "act1", "a narrow range", "full range"),
    "floor": (lambda m: attribute(m, "act1", "rounding_mode", "FLOOR"), "act1", "rounding mode FLOOR", "use ROUND"),
    "zero point": (lambda m: constant(m, "act1.zero_point", lambda z: 3), "act1", "a zero point of 3", "without"),
    "activations of 9 bits": (
        lambda m: constant(m, "act1.bits", lambda b: 9),
        "act1",
        "activations of 9 bits",
        "narrow",
    ),
    "negative scale": (lambda m: constant(m, "act1.scale", lambda s: -s), "act1", "a scale of -0.25", "positive"),
    "nan factor": (
        lambda m: constant(m, "act1.factor", lambda a: a * np.nan),
        "act1.mul",
        "a NaN or an infinity",
        "diverged",
    ),
    "a factor for each pixel": (
        lambda m: constant(m, "act1.factor", lambda a: np.ones((1, 1, 8, 8))),
        "act1.mul",
        "a constant of shape [1, 1, 8, 8]",
        "as batch norm does",
    ),
    "scales that do not match": (
        lambda m: constant(m, "conv2.in_scale", lambda s: s * 2),
        "conv2.div",
        "divides levels of scale 0.25 by 0.5",
        "export.to_qonnx",
    ),
    "a convolution on levels": (
        lambda m: node(m, "conv2.conv").input.__setitem__(0, "pool1.out"),
        "conv2.conv",
        "its input is quantised levels, expected integers",
        "export.to_qonnx",
    ),
    "no accumulator": (
        lambda m: (
            m.graph.node.remove(node(m, "conv1")),
            node(m, "act1.mul").input.__setitem__(0, "conv1.sum"),
        ),
        "act1.mul",
        "exact sums, expected",
        "export.to_qonnx",
    ),
    "accumulator of 64 bits": (
        lambda m: attribute(m, "conv1", "bits", 64),
        "conv1",
        "bits = 64, expected 1..32",
        "set",
    ),
    "pooling of raw accumulators": (
        lambda m: insert(m, "MaxPool", "conv1", kernel_shape=[1, 1]),
        "my_MaxPool",
        "its input is an accumulator, expected quantised levels",
        "pool behind the activation quantiser",
    ),
    "a branch of wide values": (
        lambda m: m.graph.node.append(helper.make_node("Relu", ["conv1.acc"], ["unused"], name="more")),
        "conv1",
        "used 2 times",
        "branch behind an activation quantiser",
    ),
    "ceil mode": (lambda m: attribute(m, "pool1", "ceil_mode", 1), "pool1", "ceil_mode", "ceil_mode=False"),
    "a bias": (
        lambda m: (
            m.graph.initializer.append(numpy_helper.from_array(np.ones(16, np.float32), "bias")),
            node(m, "conv2.conv").input.append("bias"),
        ),
        "conv2.conv",
        "it has a bias",
        "bias=False",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_node_that_cannot_be_mapped(name: str) -> None:
    """The node is named, with the reason and the way out; nothing behind it is blamed."""
    change, at, reason, way_out = CHANGES[name]
    model = CASES["plain"](0)
    change(model)
    del model.graph.value_info[:]
    (problem,) = check(model)
    assert problem.node == at
    assert reason in problem.reason
    assert way_out in problem.way_out
    assert str(problem) == f"{problem.operator} {problem.node!r}: {problem.reason}; {problem.way_out}"


def test_flatten_of_other_axes() -> None:
    model = CASES["linear"](0)
    attribute(model, "flatten", "axis", 2)
    (problem,) = check(model)
    assert (problem.node, problem.reason) == ("flatten", "axis 2, expected 1")


def test_several_problems_come_in_graph_order() -> None:
    model = CASES["plain"](0)
    replace_op(model, "act1.relu", "Sigmoid")
    attribute(model, "act2", "narrow", 1)
    attribute(model, "fc", "bits", 0)
    assert [problem.node for problem in check(model)] == ["act1.relu", "act2", "fc"]


def test_sums_that_float32_cannot_hold() -> None:
    b = Builder((1, 24, 24)).input_quant(8)
    model = b.head("fc", 24 * 24, 3, "INT8", bits=32, fold=0)
    constant(model, "fc.weight", lambda w: np.full_like(w, 127))
    (problem,) = check(model)
    assert problem.node == "fc.matmul"
    assert f"can reach {24 * 24 * 127 * 255}" in problem.reason


def test_residual_of_two_scales() -> None:
    model = CASES["residual"](0)
    constant(model, "block.act2.scale", lambda s: s * 2)
    (problem,) = check(model)
    assert problem.node == "block.add"
    assert "scales 0.25 and 0.5" in problem.reason
    assert "training.layers.QuantAdd" in problem.way_out


def test_sum_of_levels_that_a_quantiser_would_see_rounded() -> None:
    """0.1 a + 0.1 b is not always 0.1 (a + b) in float32; with 0.25 it is."""
    b = Builder((1, 6, 6)).input_quant(8)
    b.conv("a", 4, (3, 3), pads=(1, 1, 1, 1)).activate("a_act", 4, scale=0.1)
    skip = b.tensor
    b.conv("b", 4, (3, 3), pads=(1, 1, 1, 1)).activate("b_act", 4, scale=0.1).add("add", skip).quant("again", 4, 0.2)
    model = b.head("fc", 4 * 36, 3)
    (problem,) = check(model)
    assert (problem.node, "Quant behind it would notice" in problem.reason) == ("add", True)
    for name in ("a_act.scale", "b_act.scale", "b.in_scale"):
        constant(model, name, lambda s: np.float32(0.25))
    assert check(model) == []


def test_other_elementwise_chains_are_mapped() -> None:
    """Clip behind the accumulator, and normalisation of the input by channel."""
    b = Builder((3, 5, 5))
    b.op("mean", "Sub", [b.tensor, b.constant("means", np.array([100, 120, 90]).reshape(1, 3, 1, 1))])
    b.op("std", "Div", [b.tensor, b.constant("stds", np.array([50, 60, 45]).reshape(1, 3, 1, 1))])
    b.quant("input_quant", 4, 0.25)
    model = b.conv("conv", 4, (3, 3)).activate("act", 2).head("fc", 36, 3)
    relu = node(model, "act.relu")
    relu.op_type = "Clip"
    model.graph.initializer.extend(numpy_helper.from_array(np.array(v, np.float32), f"bound{v}") for v in (0, 6))
    relu.input.extend(["bound0", "bound6"])
    assert check(model) == []


def test_strides_beyond_the_image() -> None:
    b = Builder((1, 2, 9)).input_quant(4)
    model = b.conv("conv", 4, (1, 1), stride=(3, 1)).activate("act", 2).head("fc", 36, 3)
    (problem,) = check(model)
    assert (problem.node, problem.reason) == ("conv.conv", "strides [3, 1] exceed the padded image [2, 9]")


def test_attention_is_named() -> None:
    model = CASES["residual"](0)
    replace_op(model, "block.add", "Mul")
    (problem,) = check(model)
    assert (problem.node, problem.operator) == ("block.add", "Mul")
    assert "two computed tensors" in problem.reason


def test_output_before_the_last_accumulator() -> None:
    model = CASES["plain"](0)
    del model.graph.node[-1]
    node(model, "fc.matmul").output[0] = "output"
    (problem,) = check(model)
    assert problem.node == "fc.matmul"
    assert "the graph's output is exact sums" in problem.reason


def test_weights_computed_in_the_graph() -> None:
    b = Builder((1, 4, 4)).input_quant(1)
    b.op("flatten", "Flatten", [b.tensor], axis=1)
    integers = b.integers("fc")
    b.op("transpose", "Transpose", [integers])
    b.op("fc.matmul", "MatMul", [integers, b.tensor], "fc.sum")
    model = b.accumulate("fc", 8, 3, "output").model(1)
    (problem,) = check(model)
    assert problem.node == "transpose"


def from_torch(model: nn.Module, shape: tuple[int, ...]) -> ModelProto:
    written = io.BytesIO()
    torch.onnx.export(model.eval(), (torch.zeros(1, *shape),), written, dynamo=False)  # type: ignore[arg-type]
    return onnx.load_model_from_string(written.getvalue())


@pytest.mark.filterwarnings("ignore")
def test_a_float_network_from_torch() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Sigmoid(), nn.ConvTranspose2d(4, 2, 3), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(32, 3)
    )
    operators = [problem.operator for problem in check(from_torch(model, (1, 8, 8)))]
    assert {"Conv", "Sigmoid", "ConvTranspose", "AveragePool", "Gemm"} <= set(operators)


@pytest.mark.filterwarnings("ignore")
def test_a_network_straight_from_brevitas() -> None:
    """Standard QONNX without accumulators: every operator that is in the way is named, none crashes the check."""
    model = nn.Sequential(
        qnn.QuantIdentity(return_quant_tensor=True),
        qnn.QuantConv2d(1, 4, 3, weight_bit_width=4, bias=False),
        nn.BatchNorm2d(4),
        qnn.QuantReLU(bit_width=4, return_quant_tensor=True),
        nn.Flatten(),
        qnn.QuantLinear(144, 3, bias=True, weight_bit_width=4),
    ).eval()
    problems = check(export_qonnx(model, args=torch.zeros(1, 1, 8, 8), export_path=None, dynamo=False))
    assert [problem.operator for problem in problems] == ["Quant", "Quant", "BatchNormalization", "Quant", "Gemm"]
    assert problems[0].reason == "signed activations"
    assert "a constant (weights)" in problems[1].reason
    assert "training.layers.WrapConv2d" in problems[1].way_out


def test_input_of_another_rank() -> None:
    b = Builder((1, 4, 4)).input_quant(1)
    model = b.head("fc", 16, 4)
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 16]))
    del model.graph.value_info[:]
    problems = check(model)
    assert problems[0] == Problem(
        "input",
        "input",
        "an input of shape [1, 16] (0: dynamic), expected [N, C, H, W] with C, H and W fixed",
        "export with an image as the sample input",
    )


def test_two_inputs() -> None:
    model = make_model(
        helper.make_graph(
            [helper.make_node("Add", ["a", "b"], ["output"], name="add")],
            "graph",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 2, 2]) for name in "ab"],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 2, 2])],
        )
    )
    assert [problem.operator for problem in check(model)] == ["input", "Add"]


def test_shapes_that_contradict_are_an_error() -> None:
    model = CASES["plain"](0)
    constant(model, "fc.weight", lambda w: w[:-1])
    with pytest.raises(InputError, match="not a valid ONNX model"):
        check(model)


def test_a_missing_tensor_is_an_error(tmp_path: Path) -> None:
    model = CASES["plain"](0)
    node(model, "act1.relu").input[0] = "nowhere"
    onnx.save(model, tmp_path / "broken.onnx")
    with pytest.raises(InputError, match=r"broken.onnx: not a valid ONNX model.*nowhere"):
        check(tmp_path / "broken.onnx")
