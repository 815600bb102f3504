# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of the three stages: all of it where there is any, and the first difference named where there is none."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper
from torch import nn

import export
import training
from chain.agreement import Divergence, load
from chain.errors import AgreementError, InputError
from export.agreement import save_reference
from tests.export.networks import images, randomised
from training.blocks import Blocks
from training.layers import recording
from training.networks import NETWORKS

BLOCKS = Blocks((1, 8, 8), 10)
COUNT = 12
LABELS = np.arange(COUNT) % 10


@pytest.fixture(scope="module")
def frozen() -> nn.Module:
    return training.freeze(randomised(NETWORKS["digits"], BLOCKS))


@pytest.fixture
def file(frozen: nn.Module) -> ModelProto:
    return export.to_qonnx(frozen)


def constant(model: ModelProto, name: str) -> onnx.TensorProto:
    return next(i for i in model.graph.initializer if i.name == name)


def test_agreement_is_recorded(frozen: nn.Module, file: ModelProto, tmp_path: Path) -> None:
    pixels = images(BLOCKS, COUNT).numpy()
    seen: list[int] = []
    agreement = export.agree(frozen, file, pixels, LABELS, batch=5, advance=seen.append)
    agreement.require()
    agreement.save(tmp_path)
    assert seen == [5, 5, 2]
    found = load(tmp_path)
    assert list(found) == ["torch", "qonnx", "onnxruntime"]
    assert [stage.against for stage in found.values()] == ["", "torch", "qonnx"]
    with recording(frozen):
        expected = frozen(images(BLOCKS, COUNT).float()).int().numpy()
    assert np.array_equal(agreement.outputs, expected)
    correct = int((expected.argmax(axis=1) == LABELS).sum())
    assert [stage.correct for stage in found.values()] == [correct] * 3
    assert all(stage.extra["seconds"] > 0 for stage in found.values())  # type: ignore[operator]


def test_a_changed_weight_is_found_at_its_layer(frozen: nn.Module, file: ModelProto) -> None:
    tensor = constant(file, "conv2.weight")
    weights = numpy_helper.to_array(tensor).copy()
    weights[3] *= -1
    tensor.CopyFrom(numpy_helper.from_array(weights, tensor.name))
    agreement = export.agree(frozen, file, images(BLOCKS, COUNT).numpy(), LABELS, batch=5)
    divergence = agreement.stages["qonnx"].divergence
    assert divergence is not None
    assert (divergence.layer, divergence.image, divergence.index[0]) == ("conv2", 0, 3)
    assert divergence.expected == -divergence.got
    assert agreement.stages["qonnx"].mismatches == COUNT
    assert agreement.stages["onnxruntime"].mismatches == 0
    with pytest.raises(
        AgreementError, match=r"'qonnx' differs from 'torch' on 12 of 12 .*'conv2', image 0, index \[3,"
    ):
        agreement.require()


def test_a_changed_threshold_is_found_behind_its_layer(frozen: nn.Module, file: ModelProto) -> None:
    """conv1's own accumulators still agree: the first that differ are conv2's."""
    tensor = constant(file, "bn1.add.offset")
    offsets = numpy_helper.to_array(tensor) + np.float32(0.5)
    tensor.CopyFrom(numpy_helper.from_array(offsets, tensor.name))
    agreement = export.agree(frozen, file, images(BLOCKS, COUNT).numpy(), LABELS)
    divergence = agreement.stages["qonnx"].divergence
    assert isinstance(divergence, Divergence)
    assert divergence.layer == "conv2"


def test_a_body_that_differs_from_the_operator_is_found(frozen: nn.Module, file: ModelProto) -> None:
    """Only onnxruntime reads the bodies, so the difference is between the two runtimes."""
    body = next(function for function in file.functions if function.name == "WrapAccumulator")
    next(node for node in body.node if node.op_type == "Ceil").op_type = "Floor"
    agreement = export.agree(frozen, file, images(BLOCKS, COUNT).numpy(), LABELS)
    assert agreement.stages["qonnx"].mismatches == 0
    assert agreement.stages["onnxruntime"].mismatches == COUNT
    with pytest.raises(AgreementError, match=r"'onnxruntime' differs from 'qonnx'.*'conv1'"):
        agreement.require()


def test_accumulators_that_are_no_integers_are_an_error(frozen: nn.Module, file: ModelProto) -> None:
    body = next(function for function in file.functions if function.name == "WrapAccumulator")
    body.node[-1].op_type = "Div"
    with pytest.raises(AgreementError, match=r"stage 'onnxruntime', layer 'conv1', index \[0.* is not an integer"):
        export.agree(frozen, file, images(BLOCKS, COUNT).numpy(), LABELS)


def test_a_file_of_another_network_is_refused(frozen: nn.Module) -> None:
    other = export.to_qonnx(randomised(NETWORKS["digits-resnet"], BLOCKS))
    with pytest.raises(InputError, match="are not the network's"):
        export.agree(frozen, other, images(BLOCKS, 1).numpy(), LABELS[:1])


def test_no_images_are_refused(frozen: nn.Module, file: ModelProto) -> None:
    with pytest.raises(InputError, match="no images"):
        export.agree(frozen, file, images(BLOCKS, 0).numpy(), LABELS[:0])


def test_reference_is_channels_last_and_free_of_pickles(tmp_path: Path) -> None:
    pixels = images(Blocks((3, 5, 4), 10), COUNT).numpy()
    outputs = np.arange(COUNT * 10, dtype=np.int32).reshape(COUNT, 10)
    save_reference(tmp_path / "reference.npz", pixels, LABELS, outputs, ("zero", "one"))
    with np.load(tmp_path / "reference.npz", allow_pickle=False) as found:
        assert found["images"].dtype == np.uint8
        assert np.array_equal(found["images"], np.moveaxis(pixels, 1, 3))
        assert (found["labels"].dtype, found["outputs"].dtype) == (np.int64, np.int32)
        assert np.array_equal(found["outputs"], outputs)
        assert found["class_names"].tolist() == ["zero", "one"]
