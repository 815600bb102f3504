# SPDX-License-Identifier: BSD-3-Clause
"""Every network, and a user's own, exports to the form that mapping reads and computes the same integers everywhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import onnx
import pytest
import torch
from brevitas.quant import Uint8ActPerTensorFloat
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor, nn

import export
import training
from chain.errors import UnsupportedError
from export.metadata import Metadata, read
from export.ops.runtime import accumulators
from tests.export.networks import OwnForward, images, input_shape, of_brevitas, randomised
from training.blocks import Blocks
from training.layers import WrapLinear, set_wrapping
from training.networks import NETWORKS

SMALL = Blocks((1, 8, 8), 10)
VARIANTS: dict[str, dict[str, Any]] = {
    "binary": {},
    "ternary": {"weights": "ternary", "activation_bits": 2, "accumulator_bits": 7, "fold": 1},
    "4-bit": {"weights": 4, "activation_bits": 3, "accumulator_bits": 10, "fold": 7, "input_bits": 5},
    "no fold": {"fold": None, "accumulator_bits": 6, "activation_bits": 1},
    "wide": {"fold": None, "accumulator_bits": 32, "weights": 8, "input_bits": 1, "maximum": 16},
}


def require_agreement(model: nn.Module, blocks: Blocks, count: int = 24) -> ModelProto:
    frozen = training.freeze(model)
    file = export.to_qonnx(frozen)
    pixels = images(blocks, count, seed=1).numpy()
    agreement = export.agree(frozen, file, pixels, np.zeros(count, np.int64), batch=10)
    agreement.require()
    assert [stage.images for stage in agreement.stages.values()] == [count] * 3
    assert len(np.unique(agreement.outputs)) > 2
    return file


def attributes(model: ModelProto, layer: str) -> dict[str, Any]:
    (node,) = [node for node in model.graph.node if node.name == layer]
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


@pytest.mark.parametrize(
    ("name", "variant"), [(n, "binary") for n in NETWORKS] + [("digits-resnet", v) for v in VARIANTS if v != "binary"]
)
def test_every_network_agrees_in_all_three_and_can_be_mapped(name: str, variant: str) -> None:
    blocks = Blocks(input_shape(name), 10, **VARIANTS[variant])
    file = require_agreement(randomised(NETWORKS[name], blocks), blocks)
    onnx.checker.check_model(file, full_check=True)
    assert export.check(file) == []


@pytest.mark.parametrize("shape", [(3, 9, 6), (1, 5, 12)])
def test_a_users_own_forward(shape: tuple[int, int, int]) -> None:
    blocks = Blocks(shape, 5)
    file = require_agreement(randomised(OwnForward, blocks), blocks)
    assert export.check(file) == []
    assert attributes(file, "features.1.0.conv")["pads"] == [0, 1, 1, 2]
    names = ["features.0.0", "features.1.0", "branch", "again", "down", "hidden", "head"]
    assert list(accumulators(file)) == names
    assert {node.op_type for node in file.graph.node} == {
        *("Mul", "Quant", "Div", "Round", "Conv", "WrapAccumulator", "Add", "Relu", "Flatten", "MatMul")
    }


def test_names_follow_the_modules() -> None:
    file = export.to_qonnx(randomised(NETWORKS["digits"], SMALL))
    nodes = {node.name: node for node in file.graph.node}
    assert len(nodes) == len(file.graph.node)
    assert (list(nodes["conv1"].input), list(nodes["conv1"].output)) == (["conv1.sum"], ["conv1.acc"])
    assert nodes["conv1.conv"].input == ["conv1.int", "conv1.weight"]
    assert [nodes["act1"].op_type, nodes["pool1.maxpool"].op_type] == ["Quant", "MaxPool"]
    assert nodes["fc"].output == ["output"]
    assert accumulators(file) == {"conv1": "conv1.acc", "conv2": "conv2.acc", "fc": "output"}


def test_weights_are_annotated_integers() -> None:
    kinds: list[tuple[str | int, str]] = [("binary", "BIPOLAR"), ("ternary", "TERNARY"), (2, "TERNARY"), (5, "INT5")]
    for weights, datatype in kinds:
        blocks = Blocks((1, 8, 8), 10, weights=weights)
        wrapper = ModelWrapper(export.to_qonnx(randomised(NETWORKS["digits"], blocks)))
        assert wrapper.get_tensor_datatype("conv2.weight").name == datatype
        values = wrapper.get_initializer("conv2.weight")
        assert values.dtype == np.float32
        assert np.array_equal(values, np.round(values))
        assert values.shape == (32, 16, 3, 3)


def test_datatypes_along_a_layer() -> None:
    blocks = Blocks((1, 8, 8), 10, maximum=16, input_bits=4, accumulator_bits=7)
    wrapper = ModelWrapper(export.to_qonnx(randomised(NETWORKS["digits-resnet"], blocks)))
    found = {name: wrapper.get_tensor_datatype(name).name for name in ("input", "stem.int", "conv3.int", "conv3.acc")}
    assert found == {"input": "UINT5", "stem.int": "UINT4", "conv3.int": "UINT5", "conv3.acc": "INT7"}


def test_accumulators_carry_width_and_fold() -> None:
    model = randomised(NETWORKS["digits"], Blocks((1, 8, 8), 10, accumulator_bits=9, fold=7))
    assert attributes(export.to_qonnx(model), "conv1") == {"bits": 9, "fold": 7}


def test_accumulators_that_are_left_wide_get_the_width_that_suffices() -> None:
    blocks = Blocks((1, 8, 8), 10, accumulator_bits=6)
    model = randomised(NETWORKS["digits"], blocks)
    set_wrapping(model, False)
    file = require_agreement(model, blocks)
    # conv1: 9 products of 8 bits and a sign, at most 9 * 255 = 2295 of one sign
    assert attributes(file, "conv1")["fold"] == 0
    assert 10 <= attributes(file, "conv1")["bits"] <= 13


def test_metadata_and_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    metadata = Metadata("digits", tuple("0123456789"), {"part": "xc7z020clg400-1", "fps": None}, {"seed": 3})
    export.to_qonnx(randomised(NETWORKS["digits"], SMALL), path, metadata)
    found = read(onnx.load(path))
    assert found["name"] == "digits"
    assert found["classes"] == list("0123456789")
    assert found["hardware"] == {"part": "xc7z020clg400-1", "fps": None}
    assert found["input"] == {"shape": [1, 8, 8], "layout": "CHW", "max": 255}
    assert found["provenance"]["seed"] == 3
    assert found["provenance"]["versions"]["torch"] == torch.__version__
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]
    assert json.dumps(found)


def test_exporting_twice_gives_the_same_file() -> None:
    model = randomised(NETWORKS["digits"], SMALL)
    first, second = (export.to_qonnx(model).SerializeToString(deterministic=True) for _ in range(2))
    assert first == second


def test_the_model_is_left_as_it_was() -> None:
    model = randomised(NETWORKS["digits"], SMALL)
    x = images(SMALL, 4).float()
    before = model(x)
    export.to_qonnx(model)
    assert torch.equal(model(x), before)


def test_export_runs_in_plain_onnxruntime(tmp_path: Path) -> None:
    """No code of the toolkit at all: another process loads the file with nothing but onnxruntime."""
    import subprocess
    import sys

    model = randomised(NETWORKS["digits"], SMALL)
    export.to_qonnx(model, tmp_path / "model.onnx")
    pixels = images(SMALL, 1).float()
    np.save(tmp_path / "image.npy", pixels.numpy())
    code = (
        "import numpy, onnxruntime, sys; s = onnxruntime.InferenceSession('model.onnx'); "
        "print(s.run(None, {'input': numpy.load('image.npy')})[0].astype(int).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == training.freeze(model)(pixels).int().tolist()


class Branchless(nn.Module):
    """Calls one layer twice."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.input, self.norm = q.input(), nn.BatchNorm2d(1)
        self.conv, self.act, self.head = q.conv(1, 1, 3, padding=1), q.relu(), q.classifier(64)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.conv(self.input(x))))
        return self.head(self.act(self.norm(self.conv(x))).flatten(1))


class NoLayer(nn.Module):
    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.linear(x.flatten(1))
        return result


class Untraceable(nn.Module):
    """Uses an operation that ONNX lacks."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.input, self.head = q.input(), q.classifier(64)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.special.bessel_j0(x)
        result: Tensor = self.head(self.input(x).flatten(1))
        return result


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Branchless, "called twice"),
        (NoLayer, "no WrapConv2d or WrapLinear"),
        (Untraceable, "cannot write the network as ONNX"),
    ],
)
def test_networks_that_cannot_be_exported(network: Callable[[Blocks], nn.Module], reason: str) -> None:
    torch.manual_seed(0)
    model = network(SMALL).eval()
    model.input_shape = SMALL.input_shape  # type: ignore[assignment]
    with pytest.raises(UnsupportedError, match=reason):
        export.to_qonnx(model)


def test_a_wrapped_brevitas_model_agrees_in_all_three_and_can_be_mapped() -> None:
    model = of_brevitas(training.InputQuant(16, 4), 8, 5)
    model.input_shape = (1, 8, 8)  # type: ignore[assignment]
    file = require_agreement(model, Blocks((1, 8, 8), 5, maximum=16))
    assert export.check(file) == []


def test_a_model_that_takes_floats_is_refused() -> None:
    model = of_brevitas(qnn.QuantIdentity(act_quant=Uint8ActPerTensorFloat, bit_width=4), 8, 5)
    with pytest.raises(UnsupportedError, match=r"takes floats.*training\.InputQuant"):
        export.to_qonnx(model, input_shape=(1, 8, 8))


def test_a_model_without_input_shape_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="input_shape"):
        export.to_qonnx(nn.Sequential(WrapLinear(4, 2)))
