# SPDX-License-Identifier: BSD-3-Clause
"""A network of a training loop of one's own goes where `make train export` would have left it."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

import export
import training
from chain.cpu.commands import main
from chain.errors import AgreementError, InputError, UnsupportedError
from export import pipeline
from export.agreement import agree
from fpga import steps
from tests.export.networks import of_brevitas

COUNT = 20


def images(count: int = COUNT) -> torch.Tensor:
    return torch.randint(0, 17, (count, 1, 6, 6), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return of_brevitas(training.InputQuant(16, 4), 6, 3, bits=7).train()


def hand(model: nn.Module, folder: Path, **changes: Any) -> Any:
    given: dict[str, Any] = {"images": images(), "labels": torch.arange(COUNT) % 3} | changes
    return export.hand_over(model, folder=folder, **given)


def test_later_steps_find_what_they_read(model: nn.Module, tmp_path: Path) -> None:
    names, wishes = ("a", "b", "c"), {"fps": 5000, "output": "labels"}
    agreement = hand(model, tmp_path / "mine", class_names=names, hardware=wishes)
    assert model.training, "the user's model is left as it is"
    assert [stage.mismatches for stage in agreement.stages.values()] == [0, 0, 0]
    opened = steps.open_model(tmp_path, "mine")
    assert opened.classes == names and (opened.hardware.fps, opened.hardware.output) == (5000, "labels")
    reference = steps.reference(opened)
    assert np.array_equal(reference.images, images().numpy().transpose(0, 2, 3, 1))
    with torch.no_grad():
        outputs = training.freeze(model, images(1).float())(images().float()).numpy()
    assert np.array_equal(reference.outputs, outputs)
    summary = json.loads((opened.folder / "training.json").read_text(encoding="utf-8"))
    right = (reference.outputs.argmax(1) == reference.labels).sum()
    assert summary["accuracy"]["torch"] == {"value": right / COUNT, "images": COUNT}
    assert [(layer["name"], layer["accumulator_bits"]) for layer in summary["layers"]] == [("1", 7), ("5", 7)]
    done = CliRunner().invoke(main, ["mine", "--build", str(tmp_path)])
    assert done.exit_code == 0 and f"{COUNT} images" in done.output and "0 differ" in done.output, done.output


def test_what_does_not_fit_is_refused_and_nothing_is_written(model: nn.Module, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"images": images() / 16}, r"from 0 to 1, expected whole numbers from 0 to 16"),
        ({"images": images() + 200}, r"from 200 to 216, expected whole numbers from 0 to 16"),
        ({"images": images()[0]}, r"int64 \[1, 6, 6\], expected \[N, C, H, W\]"),
        ({"labels": torch.arange(COUNT)}, r"found 20 from 0 to 19, expected 20.*from 0 to 2"),
        ({"labels": [0, 1]}, r"found 2 from 0 to 1, expected 20"),
        ({"labels": np.zeros(COUNT)}, r"labels: found float64 \[20\], expected whole numbers"),
        ({"class_names": ("a", "b")}, r"class_names: found 2, expected 3"),
        ({"images": images()[:, :, 1:]}, r"does not take them, \[1, 5, 6\] each"),
        ({"hardware": {"frames": 3}}, r"hardware: unknown key 'frames'; Valid: clock_mhz, fps, output, part"),
        ({"hardware": {"fps": -1.0}}, r"hardware: fps: .*greater than 0, found -1"),
    ]
    for changes, text in wrong:
        with pytest.raises(InputError, match=text):
            hand(model, folder, **changes)
    with pytest.raises(InputError, match="a network that is trained by a recipe"):
        hand(model, tmp_path / "digits")
    with pytest.raises(InputError, match="a name of the toolkit's own"):
        hand(model, tmp_path / "bench")
    with pytest.raises(UnsupportedError, match="takes floats"):
        hand(model[1:], folder)  # type: ignore[index]
    wide = copy.deepcopy(model)
    training.set_wrapping(wide, False)
    with pytest.raises(UnsupportedError, match=r"layers \['1', '5'\] do not wrap.*set_wrapping"):
        hand(wide, folder)
    with pytest.raises(UnsupportedError, match="freeze: the model is frozen already"):
        hand(training.freeze(model, images(1).float()), folder)
    with pytest.raises(UnsupportedError, match=r"no wrapping layer; call training\.wrap"):
        hand(nn.Sequential(training.InputQuant(16, 4), nn.Flatten()), folder)
    deep = copy.deepcopy(model)
    deep[0] = training.InputQuant(1023, 8)  # type: ignore[index]
    with pytest.raises(InputError, match="takes integers to 1023, images have 255 at most"):
        hand(deep, folder)
    assert not list(tmp_path.iterdir())


def test_a_failed_one_leaves_nothing_of_an_earlier_network(model: nn.Module, tmp_path: Path) -> None:
    hand(model, tmp_path / "mine", class_names=np.arange(3))
    assert steps.open_model(tmp_path, "mine").classes == ("0", "1", "2")

    def differ(*arguments: Any, **options: Any) -> Any:
        agreement = agree(*arguments, **options)
        first = replace(agreement.stages["qonnx"], mismatches=1)
        return replace(agreement, stages={**agreement.stages, "qonnx": first})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "agree", differ)
        with pytest.raises(AgreementError):
            hand(model, tmp_path / "mine")
    assert not (tmp_path / "mine" / "training.json").exists()
