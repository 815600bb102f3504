# SPDX-License-Identifier: BSD-3-Clause
"""Exported files as plans: every accumulator is onnxruntime's, and what the engine lacks is refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import nn

import export
from export.metadata import Metadata
from export.ops import runtime
from host.cpu import onnx_model, reference
from host.cpu.plan import Add, Conv, Lookup, MaxPool, Plan, SumPool
from host.errors import MissingFileError, ModelFileError, NetworkError
from tests import graphs
from tests.export.networks import OwnForward, images, input_shape, randomised
from training.blocks import Blocks
from training.networks import NETWORKS

Pixels = npt.NDArray[Any]

VARIANTS: dict[str, dict[str, Any]] = {
    "binary": {},
    "ternary": {"weights": "ternary", "activation_bits": 2, "accumulator_bits": 7, "fold": 1},
    "8-bit": {"weights": 8, "activation_bits": 7, "accumulator_bits": 16, "fold": 7, "input_bits": 8},
    "no fold": {"fold": None, "accumulator_bits": 6, "activation_bits": 1},
    "wide": {"fold": None, "accumulator_bits": 32, "weights": 4, "input_bits": 1, "maximum": 16},
}


def require_equality(model: runtime.Model, pixels: Pixels) -> Plan:
    """Every layer's integers for raw images [N, C, H, W] are those of onnxruntime; the plan."""
    proto = runtime.load(model)
    plan = onnx_model.convert(proto)
    taps = runtime.accumulators(proto)
    assert [layer.name for layer in plan.layers] == list(taps)
    session = runtime.OnnxRuntime(proto, list(taps.values()), threads=1)
    for part, expected in runtime.batches(session, pixels.astype(np.float32)):
        trace = reference.run(plan, pixels[part].astype(np.uint8).transpose(0, 2, 3, 1))
        for name, tensor in taps.items():
            got = trace.folded[name].reshape(expected[tensor].shape)
            np.testing.assert_array_equal(got, expected[tensor], err_msg=f"layer {name!r}, images {part}")
        assert np.array_equal(trace.outputs, trace.folded[name].reshape(len(trace.outputs), -1))
    return plan


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", graphs.CASES)
def test_graphs_of_every_kind(case: str, seed: int) -> None:
    model = graphs.CASES[case](seed)
    require_equality(model, graphs.images(model, 20, seed))


@pytest.mark.parametrize(
    ("name", "variant"), [(n, "binary") for n in NETWORKS] + [("digits-resnet", v) for v in VARIANTS if v != "binary"]
)
def test_every_network_as_it_is_exported(name: str, variant: str) -> None:
    blocks = Blocks(input_shape(name), 10, **VARIANTS[variant])
    network = randomised(NETWORKS[name], blocks)
    metadata = Metadata("mine", ("a", "b"), {}, {"recipe": {"seed": 3}})
    path = export.to_qonnx(network, metadata=metadata)
    plan = require_equality(path, images(blocks, 24).numpy())
    assert (plan.model, plan.classes, plan.provenance["recipe"]) == ("mine", ("a", "b"), {"seed": 3})
    assert plan.input_maximum == blocks.maximum


@pytest.mark.parametrize("shape", [(3, 9, 6), (1, 5, 12)])
def test_a_users_own_forward(shape: tuple[int, int, int]) -> None:
    blocks = Blocks(shape, 5)
    require_equality(export.to_qonnx(randomised(OwnForward, blocks)), images(blocks, 20).numpy())


class Biased(nn.Sequential):
    """Layers with a bias, one of them behind a pool."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.input = q.input()
        self.conv = q.conv(q.input_shape[0], 6, 3, bias=True)
        self.relu = q.relu()
        self.pool = nn.MaxPool2d(3, 2, 1, dilation=2)
        self.flatten = nn.Flatten()
        self.head = q.classifier(6 * 2 * 2)


def test_a_bias_is_in_the_thresholds_and_a_pool_may_be_padded_and_dilated() -> None:
    blocks = Blocks((2, 8, 8), 3, weights=4)
    plan = require_equality(export.to_qonnx(randomised(Biased, blocks)), images(blocks, 20).numpy())
    (pool,) = [step for step in plan.steps if isinstance(step, MaxPool)]
    assert (pool.kernel, pool.stride, pool.padding, pool.dilation) == ((3, 3), (2, 2), (1, 1, 1, 1), (2, 2))


@pytest.mark.parametrize(
    ("model", "count"), [("digits", None), ("digits-resnet", None), ("digits-dws", None), ("fmnist-cnn", 200)]
)
def test_trained_models_where_they_are(model: str, count: int | None, repository: Path) -> None:
    folder = repository / "build" / model
    if not (folder / "model.onnx").is_file() or not (folder / "reference.npz").is_file():
        pytest.skip(f"build/{model} is not there: make train export MODEL={model}")
    with np.load(folder / "reference.npz") as content:
        pixels, outputs = content["images"][:count], content["outputs"][:count]
    plan = require_equality(folder / "model.onnx", pixels.transpose(0, 3, 1, 2))
    assert np.array_equal(reference.run(plan, pixels).outputs, outputs)


def test_a_residual_network_step_by_step() -> None:
    plan = onnx_model.convert(graphs.residual())
    assert [type(step) for step in plan.steps] == [Conv, Conv, Conv, Add, Conv, SumPool, Conv]
    assert [tensor.maximum for tensor in plan.tensors] == [255, 7, 3, 7, 14, 15, 15]
    assert plan.output_shape == (10, 1, 1)


def test_another_scale_behind_a_sum_is_a_table() -> None:
    b = graphs.Builder((2, 6, 6)).input_quant(4)
    b.conv("conv", 3, (3, 3)).activate("act", 3, scale=0.25)
    model = b.add("double", b.tensor).quant("again", 2, 1.5).head("fc", 3 * 4 * 4, 4)
    plan = require_equality(model, graphs.images(model, 20))
    (table,) = [step for step in plan.steps if isinstance(step, Lookup) and step.name == "again"]
    assert table.table[0, :15].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]


def test_sums_of_levels_that_float32_rounds_in_two_ways() -> None:
    """Half of a sum of levels lies between two levels: there the last bit decides."""

    def network(scale: float) -> ModelProto:
        b = graphs.Builder((2, 6, 6)).input_quant(4)
        b.conv("conv", 3, (3, 3)).activate("act", 4, scale=scale)
        return b.add("sum", b.tensor).quant("again", 4, 2 * scale).head("fc", 3 * 4 * 4, 4)

    require_equality(network(0.25), graphs.images(network(0.25), 20))
    with pytest.raises(NetworkError, match=r"Quant 'again': in float32 the sum of two levels .* use a scale that is a"):
        onnx_model.convert(network(0.1))


def test_sums_of_levels_of_two_scales_are_refused() -> None:
    b = graphs.Builder((2, 6, 6)).input_quant(4)
    b.conv("conv", 2, (3, 3), pads=(1, 1, 1, 1)).activate("act", 4, scale=0.25).add("sum", "input_quant.out")
    with pytest.raises(NetworkError, match=r"Add 'sum': levels of different scales: .*; use training.layers.QuantAdd"):
        onnx_model.convert(b.head("fc", 2 * 6 * 6, 4))


def test_levels_beyond_a_byte_are_refused() -> None:
    b = graphs.Builder((2, 6, 6)).input_quant(4)
    b.conv("conv", 2, (3, 3)).activate("act", 8).add("sum", b.tensor)
    with pytest.raises(NetworkError, match=r"Add 'sum': its levels reach 510, a byte holds 255; quantise both sides"):
        onnx_model.convert(b.head("fc", 2 * 4 * 4, 4))


def test_sums_that_float32_does_not_hold_are_refused() -> None:
    model = graphs.Builder((1, 24, 24)).input_quant(8).head("fc", 24 * 24, 2, weights="INT8", bits=32)
    constant(model, "fc.weight", np.full((24 * 24, 2), 127))
    with pytest.raises(
        NetworkError, match=r"MatMul 'fc.matmul': a sum can reach 18653760, .* fewer inputs, or narrower"
    ):
        onnx_model.convert(model)


def test_raw_pixels_may_go_straight_into_a_layer() -> None:
    b = graphs.Builder((2, 5, 5))
    weight = b.weights("conv", "INT4", (3, 2, 3, 3))
    b.op("conv.conv", "Conv", ["input", weight], "conv.sum")
    b.channels = 3
    model = b.accumulate("conv", 12, 0).activate("act", 3, spread=900).head("fc", 3 * 3 * 3, 4)
    plan = require_equality(model, graphs.images(model, 20))
    assert [type(step) for step in plan.steps] == [Conv, Conv] and plan.steps[0].source == 0


def node(model: ModelProto, name: str) -> NodeProto:
    (found,) = [node for node in model.graph.node if node.name == name]
    return found


def constant(model: ModelProto, name: str, value: npt.ArrayLike) -> None:
    (found,) = [tensor for tensor in model.graph.initializer if tensor.name == name]
    found.CopyFrom(numpy_helper.from_array(np.asarray(value, np.float32), name))


def attribute(model: ModelProto, name: str, **values: Any) -> None:
    made = [helper.make_attribute(key, value) for key, value in values.items()]
    kept = [a for a in node(model, name).attribute if a.name not in values]
    del node(model, name).attribute[:]
    node(model, name).attribute.extend(kept + made)


def operator(name: str, op_type: str, domain: str = "") -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        node(model, name).op_type, node(model, name).domain = op_type, domain
        del node(model, name).attribute[:]

    return change


def rewired(name: str, index: int, tensor: str) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        node(model, name).input[index] = tensor

    return change


def dims(*sizes: int) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        model.graph.input[0].type.CopyFrom(helper.make_tensor_type_proto(TensorProto.FLOAT, sizes))

    return change


REFUSED: dict[str, tuple[Callable[[ModelProto], object], str]] = {
    "an operator": (
        operator("act1.relu", "Sigmoid"),
        "Sigmoid 'act1.relu': the engine does not have this operator; it has Conv, MatMul",
    ),
    "a domain": (
        operator("act1.relu", "Relu", "com.microsoft"),
        "not have this operator of the domain 'com.microsoft'",
    ),
    "a quantiser of another domain": (operator("act1", "Quant"), "Quant 'act1': the engine does not have"),
    "a bias": (lambda m: node(m, "conv1.conv").input.append("conv1.weight"), "Conv 'conv1.conv': it has a bias; leave"),
    "weights that are no integers": (lambda m: constant(m, "conv1.weight", np.full((8, 1, 3, 3), 0.5)), "not integers"),
    "weights beyond 8 bits": (lambda m: constant(m, "conv1.weight", np.full((8, 1, 3, 3), 128)), "of 8 bits"),
    "weights of NaN": (lambda m: constant(m, "conv1.weight", np.full((8, 1, 3, 3), np.nan)), "no finite number; train"),
    "weights of other inputs": (
        lambda m: constant(m, "fc.weight", np.ones((63, 10))),
        r"MatMul 'fc.matmul': weights of shape \[63, 10\]",
    ),
    "weights that are computed": (rewired("conv2.conv", 1, "input"), "its weights 'input' is computed in the graph"),
    "another kernel": (lambda m: attribute(m, "conv1.conv", kernel_shape=[5, 5]), r"kernel_shape \[5, 5\] of weights"),
    "a stride of 0": (lambda m: attribute(m, "conv1.conv", strides=[0, 1]), "stride 0"),
    "one stride": (lambda m: attribute(m, "conv1.conv", strides=[1]), "expected 2 numbers"),
    "negative pads": (lambda m: attribute(m, "conv1.conv", pads=[0, 0, 0, -1]), "padding -1"),
    "automatic padding": (lambda m: attribute(m, "conv1.conv", auto_pad="SAME_UPPER"), "automatic padding; give"),
    "groups": (lambda m: attribute(m, "conv2.conv", group=3), "16 output channels in 3 groups"),
    "a group of 0": (lambda m: attribute(m, "conv2.conv", group=0), "groups 0"),
    "an unknown attribute": (lambda m: attribute(m, "conv1.conv", colour=1), "attribute 'colour' of an unknown name"),
    "an attribute of another type": (
        lambda m: attribute(m, "conv1", bits=8.0),
        "attribute 'bits' of an unknown name or",
    ),
    "3 bits": (lambda m: attribute(m, "conv1", bits=3), "WrapAccumulator 'conv1': 3 bits and fold 3; 4..32 bits"),
    "40 bits": (lambda m: attribute(m, "conv1", bits=40), "40 bits"),
    "a negative fold": (lambda m: attribute(m, "conv1", fold=-1), "fold -1"),
    "no accumulator": (
        rewired("act1.mul", 0, "conv1.sum"),
        "WrapAccumulator 'conv1': what a layer leaves, 'conv1.sum', is used 2 times",
    ),
    "an accumulator used twice": (rewired("conv2.div", 0, "conv1.acc"), "'conv1.acc', is used 2 times; quantise"),
    "sums without accumulator": (operator("conv1", "Relu"), "Relu 'conv1': it reads the bare sums of a layer; use"),
    "levels that are not divided": (rewired("conv2.conv", 0, "pool1.out"), "levels that are not integers; divide"),
    "another divisor": (lambda m: constant(m, "conv2.in_scale", 0.3), "levels that are not integers"),
    "a divisor of 0": (lambda m: constant(m, "conv2.in_scale", 0), "divides by zero"),
    "a factor a pixel": (lambda m: constant(m, "act1.factor", np.ones((1, 8, 8, 8))), "expected one number a channel"),
    "factors of other channels": (lambda m: constant(m, "act1.factor", np.ones((1, 7, 1, 1))), r"a channel \(8\)"),
    "a factor of infinity": (lambda m: constant(m, "act1.factor", np.full((1, 8, 1, 1), np.inf)), "no finite number"),
    "two computed factors": (rewired("act1.mul", 1, "input"), "both operands are computed; no attention"),
    "signed activations": (lambda m: attribute(m, "act1", signed=1), "signed 1, narrow 0"),
    "a narrow range": (lambda m: attribute(m, "act1", narrow=1), "narrow 1"),
    "another rounding": (lambda m: attribute(m, "act1", rounding_mode="FLOOR"), "rounding mode FLOOR; use an unsigned"),
    "a zero point": (lambda m: constant(m, "act1.zero_point", 1), "zero point 1"),
    "a scale of 0": (lambda m: constant(m, "act1.scale", 0), "a scale of 0"),
    "a scale a channel": (lambda m: constant(m, "act1.scale", np.ones((1, 8, 1, 1))), "expected one number; quantise"),
    "9 bits": (lambda m: constant(m, "act1.bits", 9), "activations of 9 bits, 1..8"),
    "2.5 bits": (lambda m: constant(m, "act1.bits", 2.5), "activations of 2.5 bits"),
    "a quantiser of a constant": (rewired("act1", 0, "act1.scale"), "its input 'act1.scale' is a constant"),
    "a pool that rounds up": (lambda m: attribute(m, "pool1", ceil_mode=1), "ceil_mode"),
    "a pool of an accumulator": (rewired("pool1", 0, "conv1.acc"), "is used 2 times"),
    "a window in the padding": (lambda m: attribute(m, "pool1", pads=[2, 0, 0, 0]), "lies in the padding altogether"),
    "another axis": (lambda m: attribute(m, "flatten", axis=2), "Flatten 'flatten': an axis other than 1"),
    "no flatten": (rewired("fc.div", 0, "pool2.out"), r"on the shape \[16, 2, 2\]; use flatten"),
    "a tensor of nowhere": (rewired("conv2.div", 0, "nowhere"), "'nowhere' is made by no node before this one"),
    "an input left out": (lambda m: node(m, "act1.mul").input.pop(), "1 inputs, expected 2 at least"),
    "a tensor made twice": (
        lambda m: node(m, "act1.relu").output.__setitem__(0, "conv1.acc"),
        r"Relu 'act1.relu': makes \['conv1.acc'\]",
    ),
    "an output of levels": (lambda m: setattr(m.graph.output[0], "name", "pool2.out"), "output 'pool2.out': expected"),
    "an output that is used": (lambda m: setattr(m.graph.output[0], "name", "conv1.acc"), "is used 2 times"),
    "two outputs": (lambda m: m.graph.output.append(m.graph.output[0]), "2 outputs, expected one image and one result"),
    "a dynamic size": (dims(1, 1, 0, 8), r"an input of shape \[1, 1, 0, 8\] \(0: dynamic\)"),
    "an input of 3 dimensions": (dims(1, 8, 8), r"an input of shape \[1, 8, 8\]"),
    "an image too large": (dims(1, 1, 60000, 60000), "values an image, at most"),
    "two layers of a name": (lambda m: setattr(node(m, "conv2"), "name", "conv1"), "2 steps of the name 'conv1'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_engine_lacks_is_refused_by_name(case: str, tmp_path: Path) -> None:
    change, text = REFUSED[case]
    model = graphs.plain()
    change(model)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(NetworkError, match=text) as caught:
        onnx_model.load(path)
    assert str(caught.value).startswith(f"{path}: ")


DAMAGED: dict[str, tuple[Callable[[ModelProto], object], str]] = {
    "pixels beyond a byte": (
        lambda m: m.metadata_props.add(key="wrapnet.input", value='{"max": 300}'),
        r"'wrapnet.input': expected \"max\" in 1..255",
    ),
    "metadata that is no JSON": (
        lambda m: m.metadata_props.add(key="wrapnet.classes", value="[cat"),
        "'wrapnet.classes' is not JSON",
    ),
    "classes that are no names": (
        lambda m: m.metadata_props.add(key="wrapnet.classes", value="[1, 2]"),
        "expected a list of names",
    ),
    "nested without end": (
        lambda m: m.metadata_props.add(key="wrapnet.provenance", value="[" * 100_000),
        "'wrapnet.provenance' is not JSON",
    ),
    "a tensor cut short": (
        lambda m: setattr(m.graph.initializer[0], "raw_data", m.graph.initializer[0].raw_data[:-1]),
        "tensor .* is damaged",
    ),
    "a tensor of no type": (lambda m: setattr(m.graph.initializer[0], "data_type", 0), "tensor .* is damaged"),
    "a tensor in another file": (
        lambda m: m.graph.initializer[0].external_data.add(key="location", value="/etc/passwd"),
        "lies in another file",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files_are_told_from_networks_that_are_not_supported(case: str) -> None:
    change, text = DAMAGED[case]
    model = graphs.plain()
    change(model)
    with pytest.raises(ModelFileError, match=text):
        onnx_model.parse(model.SerializeToString())


def test_files_that_are_no_model(tmp_path: Path) -> None:
    content = graphs.plain().SerializeToString()
    for wrong, text in (
        (b"", "no graph in it"),
        (b"\x00garbage", "not an ONNX file"),
        (content[: len(content) // 2], "not an ONNX file, or a"),
        (content.replace(b"act1.relu", b"act1.rel\xff"), "is not UTF-8"),
    ):
        (tmp_path / "model.onnx").write_bytes(wrong)
        with pytest.raises(ModelFileError, match=text) as caught:
            onnx_model.load(tmp_path / "model.onnx")
        assert str(caught.value).startswith(f"{tmp_path / 'model.onnx'}: ")
    with pytest.raises(MissingFileError, match="does not exist: export the model first"):
        onnx_model.load(tmp_path / "nowhere.onnx")
