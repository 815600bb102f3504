# SPDX-License-Identifier: BSD-3-Clause
"""Training from a user's own files: what it leaves, and that stopping and resuming change nothing."""

import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from rich.console import Console

import training
from chain import record
from chain.errors import InputError
from training import checkpoint as checkpoints
from training import datasets
from training import recipe as recipes
from training.current import Status
from training.layers import accumulators, recording
from training.recipe import Recipe
from training.summary import machines
from training.trainer import run, train

RECIPE = """
name = "mine"
dataset = "own.py:stripes"
network = "own.py:Own"
seed = 3
batch_size = 32
[quantisation]
activation_bits = 3
input_bits = 2
accumulator_bits = { default = 5, fc = 6 }
[augmentation]
shift = 1
flip = true
[[stages]]
name = "wide"
epochs = 2
lr = 1e-2
accumulator = "wide"
[[stages]]
name = "penalty"
epochs = 1
lr = 5e-3
accumulator = "wide"
penalty = 0.1
optimiser = "sgd"
[[stages]]
name = "wrap"
epochs = 2
lr = 5e-3
accumulator = "wrap"
penalty = 0.1
"""
STEPS = 30  # an epoch


def quiet() -> Console:
    return Console(file=io.StringIO())


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: own.py and mine.toml."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(Path(__file__).with_name("own.py"), folder)
    (folder / "mine.toml").write_text(RECIPE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def recipe(own: Path) -> Recipe:
    return recipes.load(str(own / "mine.toml"))


@pytest.fixture(scope="module")
def trained(own: Path, recipe: Recipe) -> Path:
    """build/mine of an uninterrupted run."""
    folder = own / "uninterrupted" / "mine"
    train(recipe, folder, console=quiet())
    return folder


def assert_same_result(a: Path, b: Path) -> None:
    ours, theirs = checkpoints.read(a / "checkpoint.pt"), checkpoints.read(b / "checkpoint.pt")
    assert ours.finished and theirs.finished
    for states in ((ours.model, theirs.model), (ours.reference, theirs.reference)):
        assert states[0].keys() == states[1].keys() and states[0]
        for name in states[0]:
            assert torch.equal(states[0][name], states[1][name]), name
    history = [
        [{**json.loads(line), "seconds": 0} for line in (folder / "history.jsonl").read_text().splitlines()]
        for folder in (a, b)
    ]
    assert history[0] == history[1]


def test_what_another_training_left_stays_until_the_first_epoch_is_done(
    recipe: Recipe, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained, folder := tmp_path / "mine")
    before = {name: (folder / name).read_bytes() for name in ("checkpoint.pt", "history.jsonl", "training.json")}

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.trainer._Run.stages", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, folder, console=quiet())
    assert {name: (folder / name).read_bytes() for name in before} == before
    run(recipe, datasets.load(recipe), folder, console=quiet(), until=1)
    assert not (folder / "training.json").exists() and checkpoints.read(folder / "checkpoint.pt").epochs == 1


def test_one_training_at_a_time_in_a_folder(recipe: Recipe, tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "lock"),
        pytest.raises(InputError, match=r"another training runs there\. Wait for it"),
    ):
        train(recipe, tmp_path, console=quiet())


def test_other_images_of_the_same_shape_are_noticed(recipe: Recipe, trained: Path, tmp_path: Path) -> None:
    """In another order, say, so that test images may have been trained with."""
    shutil.copytree(trained, folder := tmp_path / "mine")
    dataset = datasets.load(recipe)
    turned = replace(dataset, test_images=dataset.test_images[::-1], test_labels=dataset.test_labels[::-1])
    status = Status(recipe, folder)
    assert status.is_of(dataset) and not status.is_of(turned)
    run(recipe, dataset, folder, resume=True, console=quiet())
    with pytest.raises(InputError, match=r"data set 'own.py:stripes': its images, labels or .* remove .*pt"):
        run(recipe, turned, folder, resume=True, console=quiet())


def test_what_training_leaves(trained: Path, recipe: Recipe) -> None:
    history = [json.loads(line) for line in (trained / "history.jsonl").read_text().splitlines()]
    assert [line["stage"] for line in history] == ["wide", "wide", "penalty", "wrap", "wrap"]
    assert [line["epoch"] for line in history] == [1, 2, 3, 4, 5]
    for line in history:
        assert set(line["layers"]) == {"conv", "fc"}
        assert all(set(layer) == {"overflow_rate", "penalty"} for layer in line["layers"].values())
    assert any((trained / "tensorboard").iterdir())
    summary = json.loads((trained / "training.json").read_text())
    here = {"device": "cpu", "threads": torch.get_num_threads(), "processes": 1}
    assert summary["machines"] == [here | {"epochs": 5}]
    there = here | {"device": "some GPU"}
    log = [{}, *({"machine": machine} for machine in (here, there, there, here))]
    assert [(machine["device"], machine["epochs"]) for machine in machines(log)] == [
        *(("cpu", 1), ("some GPU", 2), ("cpu", 1))
    ]
    assert set(summary["accuracy"]) == {"torch", "torch_32bit", "torch_cut"}
    assert all(value["images"] == 192 for value in summary["accuracy"].values())
    assert summary["accuracy"]["torch_32bit"]["value"] > 0.5, "three classes are learnt"
    assert [layer["name"] for layer in summary["layers"]] == ["conv", "fc"]
    assert [layer["accumulator_bits"] for layer in summary["layers"]] == [5, 6]
    assert [layer["activation_bits"] for layer in summary["layers"]] == [2, 3]
    for layer in summary["layers"]:
        histogram = layer["histogram"]
        assert len(histogram["edges"]) == len(histogram["before"]) + 1
        assert sum(histogram["before"]) == pytest.approx(1) and sum(histogram["after"]) == pytest.approx(1)
        assert 0 <= layer["overflow_rate"] <= 1 and 0 <= layer["overflow_rate_before"] <= 1
    ran = record.read(trained)["train"]
    assert ran.seconds > 0 and ran.variables["MODEL"] == str(recipe.path)


def test_summary_counts_what_the_integers_say(trained: Path, recipe: Recipe, own: Path) -> None:
    """Accuracy and overflow of training.json, once more from the recorded sums."""
    summary = json.loads((trained / "training.json").read_text())
    model, _ = training.load(trained)
    dataset = training.datasets.load(recipe)  # type: ignore[attr-defined]
    with recording(model) as layers, torch.no_grad():
        logits = model(torch.from_numpy(dataset.test_images).float())
        for entry in summary["layers"]:
            z = layers[entry["name"]].last_sum
            assert z is not None
            h = 1 << (entry["accumulator_bits"] - 1)
            assert entry["overflow_rate"] == pytest.approx(((z < -h) | (z >= h)).double().mean().item())
    correct = (logits.numpy().argmax(axis=1) == dataset.test_labels).mean()
    assert summary["accuracy"]["torch"]["value"] == pytest.approx(correct)


def test_the_trained_model_loads_with_its_widths(trained: Path) -> None:
    model, recipe = training.load(trained)
    assert recipe.name == "mine"
    assert not model.training
    assert model.input_shape == (1, 6, 6)
    assert model.class_names == ("rows", "columns", "noise")
    layers = accumulators(model)
    assert [(layer.accumulator_bits, layer.fold, layer.wrapping) for layer in layers.values()] == [
        (5, 3, True),
        (6, 3, True),
    ]


@pytest.mark.parametrize(
    ("signal", "step", "status"),
    [("SIGKILL", STEPS + 3, -9), ("SIGKILL", 4 * STEPS + 2, -9), ("SIGINT", 3 * STEPS + 1, 130)],
)
def test_stopped_and_resumed_gives_the_same_bits(
    own: Path, recipe: Recipe, trained: Path, signal: str, step: int, status: int
) -> None:
    build = own / f"{signal}-{step}"
    (own / "signal-at").write_text(f"{signal} {step}", encoding="utf-8")
    try:
        run = subprocess.run(
            [sys.executable, "-m", "training", "train", str(own / "mine.toml"), "--build", str(build)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        (own / "signal-at").unlink()
    assert run.returncode == status, run.stderr
    if status == 130:
        assert "RESUME=1" in run.stderr and "Traceback" not in run.stderr
    folder = build / "mine"
    done = (step - 1) // STEPS
    assert checkpoints.read(folder / "checkpoint.pt").epochs == done
    assert not list(folder.glob(".*")), "nothing half-written remains"
    with pytest.raises(InputError, match=f"stopped after {done} of 5 epochs"):
        training.load(folder)
    train(recipe, folder, resume=True, console=quiet())
    assert_same_result(trained, folder)


def test_resuming_a_finished_training_changes_nothing(trained: Path, recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(trained, folder)
    train(recipe, folder, resume=True, console=quiet())
    assert_same_result(trained, folder)


@pytest.mark.parametrize("first", [1, 2, 4])
def test_until_an_epoch_and_on(trained: Path, recipe: Recipe, own: Path, tmp_path: Path, first: int) -> None:
    """Within a stage and between two, as far as one is already and farther: the same bits as without a stop."""
    dataset = datasets.load(recipe)
    for until, done in ((first, first), (first - 1, first), (first, first), (None, 5)):
        checkpoint, history = run(recipe, dataset, tmp_path, True, quiet(), until=until)
        assert checkpoint.epochs == len(history) == done and checkpoint.finished == (done == 5)
    assert_same_result(trained, tmp_path)


def test_another_seed_gives_another_network(own: Path, trained: Path, tmp_path: Path) -> None:
    (own / "other.toml").write_text(RECIPE.replace("seed = 3", "seed = 4"), encoding="utf-8")
    other = recipes.load(str(own / "other.toml"))
    train(other, tmp_path / "mine", console=quiet())
    a = checkpoints.read(trained / "checkpoint.pt").model["conv.weight"]
    b = checkpoints.read(tmp_path / "mine" / "checkpoint.pt").model["conv.weight"]
    assert not torch.equal(a, b)


def test_a_checkpoint_of_another_recipe_is_not_resumed(own: Path, trained: Path, tmp_path: Path) -> None:
    (own / "longer.toml").write_text(RECIPE.replace("epochs = 2", "epochs = 3"), encoding="utf-8")
    longer = recipes.load(str(own / "longer.toml"))
    shutil.copytree(trained, tmp_path / "mine")
    with pytest.raises(InputError, match=r"another recipe.*: stages\.0\.epochs was 2, is 3; stages\.2\.epochs was"):
        train(longer, tmp_path / "mine", resume=True, console=quiet())


def test_a_batch_larger_than_the_data_is_refused(own: Path, tmp_path: Path) -> None:
    (own / "large.toml").write_text(RECIPE.replace("batch_size = 32", "batch_size = 2000"), encoding="utf-8")
    with pytest.raises(InputError, match="batch_size 2000 is more than the 960 training images"):
        train(recipes.load(str(own / "large.toml")), tmp_path / "mine", console=quiet())
