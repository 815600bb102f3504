# SPDX-License-Identifier: BSD-3-Clause
"""A wrong engine is found, with the layer that goes wrong first."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from chain import agreement
from host.cpu import Engine, onnx_model, reference
from host.cpu.evaluate import BATCH, LAYERWISE, STAGE, evaluate
from host.cpu.plan import Plan
from host.errors import MetadataError, RangeError
from tests import graphs

MODEL = graphs.plain()
COUNT = 2 * BATCH + 3


@pytest.fixture(scope="module")
def plan() -> Plan:
    return onnx_model.convert(MODEL)


@pytest.fixture(scope="module")
def truth(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluate") / "reference.npz"
    images = graphs.images(MODEL, COUNT).astype(np.uint8).transpose(0, 2, 3, 1)
    outputs = reference.run(plan, images).outputs
    np.savez(path, images=images, labels=outputs.argmax(axis=1), outputs=outputs)
    return path


class Wrong(Engine):
    """Of the image with these pixels, layer conv2 goes wrong; its outputs too unless `hidden`."""

    image: np.ndarray
    hidden = False

    def run(self, images: np.ndarray, labels: bool = False) -> np.ndarray:
        outputs = super().run(images, labels)
        if not self.hidden:
            outputs[(images == self.image).all(axis=(1, 2, 3)), 2] ^= 1
        return outputs

    def taps(self, images: np.ndarray) -> dict[str, np.ndarray]:
        found = super().taps(images)
        for name in ("conv2", "fc"):
            found[name][(images == self.image).all(axis=(1, 2, 3)), 1] ^= 1
        return found


def wrong(plan: Plan, truth: Path, image: int, hidden: bool) -> Wrong:
    engine = Wrong(plan)
    engine.hidden = hidden
    with np.load(truth) as content:
        engine.image = content["images"][image]
    return engine


def test_all_images_in_batches(plan: Plan, truth: Path) -> None:
    seen = []
    result = evaluate(Engine(plan, 2), truth, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(BATCH, COUNT), (2 * BATCH, COUNT), (COUNT, COUNT)]
    assert (result.images, result.correct, result.mismatches, result.divergence) == (COUNT, COUNT, 0, None)
    assert set(asdict(result)) == set(asdict(agreement.StageResult(STAGE)))
    assert STAGE in agreement.STAGES and result.against in agreement.STAGES


def test_a_wrong_output_is_traced_to_its_layer(plan: Plan, truth: Path) -> None:
    image = BATCH + 1
    result = evaluate(wrong(plan, truth, image, hidden=False), truth)
    assert result.mismatches == 1 and result.divergence is not None
    assert (result.divergence.layer, result.divergence.image, result.divergence.index) == ("conv2", image, (1, 0, 0))
    assert result.divergence.got == result.divergence.expected ^ 1


def test_a_wrong_accumulator_behind_right_outputs_is_found(plan: Plan, truth: Path) -> None:
    result = evaluate(wrong(plan, truth, LAYERWISE - 1, hidden=True), truth)
    assert result.mismatches == 1 and result.divergence is not None
    assert (result.divergence.layer, result.divergence.image) == ("conv2", LAYERWISE - 1)
    assert evaluate(wrong(plan, truth, LAYERWISE, hidden=True), truth).mismatches == 0


def test_a_reference_of_another_model(plan: Plan, truth: Path, tmp_path: Path) -> None:
    with np.load(truth) as content:
        np.savez(tmp_path / "other.npz", **{**content, "outputs": content["outputs"][:, :3]})
    with pytest.raises(MetadataError, match=rf"outputs have shape \[{COUNT}, 3\], the network gives \[N, 10\]"):
        evaluate(Engine(plan), tmp_path / "other.npz")
    with pytest.raises(RangeError, match="0 images were asked for"):
        evaluate(Engine(plan), truth, 0)
