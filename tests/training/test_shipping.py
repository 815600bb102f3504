# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoints that come with the toolkit: the same logits, of this very recipe, never a damaged one."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import training
from chain.errors import InputError
from training import checkpoint as checkpoints
from training import datasets, shipping
from training import recipe as recipes
from training.build import build
from training.checkpoint import Checkpoint
from training.commands import main
from training.current import Status
from training.recipe import Recipe
from training.summary import summarise


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return recipes.load("mlp")


@pytest.fixture(scope="module")
def trained(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """build/mlp as after a training, with the weights of the beginning."""
    dataset = datasets.load(recipe)
    network = build(recipe, dataset.input_shape, len(dataset.class_names), dataset.maximum)
    point = Checkpoint(
        recipe, dataset.input_shape, dataset.class_names, dataset.maximum, recipe.epochs, True, network.state_dict()
    )
    folder = tmp_path_factory.mktemp("build") / "mlp"
    checkpoints.save(point, folder)
    (folder / "training.json").write_text(json.dumps(summarise(point, dataset, 1.5)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def models(recipe: Recipe, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """models/ with the mlp shipped."""
    folder = tmp_path_factory.mktemp("models")
    shipping.ship(recipe, trained, models=folder)
    return folder


@pytest.fixture
def copy(models: Path, tmp_path: Path) -> Path:
    """models/ to be spoilt."""
    return shutil.copytree(models, tmp_path / "models")


def test_the_shipped_model_gives_the_logits_of_the_trained_one(
    recipe: Recipe, trained: Path, models: Path, tmp_path: Path
) -> None:
    source = shipping.find(recipe, models)
    assert source == models / "mlp"
    shipping.take(recipe, source, tmp_path / "mlp")
    images = torch.from_numpy(datasets.load(recipe).test_images).float()
    ours, _ = training.load(tmp_path / "mlp")
    theirs, _ = training.load(trained)
    assert torch.equal(training.freeze(ours)(images), training.freeze(theirs)(images))
    there = Status(recipe, tmp_path / "mlp")
    assert there.is_current and there.is_shipped and not Status(recipe, trained).is_shipped
    summary = json.loads((tmp_path / "mlp" / "training.json").read_text(encoding="utf-8"))
    assert summary["shipped"]["from"] == "models/mlp"
    assert (models / "mlp" / "checkpoint.pt").stat().st_size < (trained / "checkpoint.pt").stat().st_size


def test_another_recipe_is_not_found(recipe: Recipe, models: Path) -> None:
    other = recipe.model_copy(update={"seed": 2})
    assert shipping.find(other, models) is None
    with pytest.raises(InputError, match="another recipe"):
        shipping.take(other, models / "mlp", models / "unused")
    assert shipping.find(recipes.load("digits"), models) is None


@pytest.mark.parametrize("name", ["checkpoint.pt", "training.json"])
def test_a_file_with_another_digest_is_refused(recipe: Recipe, copy: Path, tmp_path: Path, name: str) -> None:
    path = copy / "mlp" / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match=rf"{name} is missing or not the file"):
        shipping.take(recipe, copy / "mlp", tmp_path / "build")
    assert not (tmp_path / "build").exists()


def test_a_damaged_checkpoint_is_refused(recipe: Recipe, copy: Path) -> None:
    (copy / "mlp" / "checkpoint.pt").write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(InputError, match=r"checkpoint.pt is damaged .*FRESH=1"):
        shipping.find(recipe, copy)


def test_weights_that_do_not_fit_are_refused(recipe: Recipe, models: Path) -> None:
    values = torch.load(models / "mlp" / "checkpoint.pt", weights_only=True)
    del values["integers"]["hidden1"]
    torch.save(values, models / "less.pt")
    with pytest.raises(InputError, match=r"less\.pt does not fit the network"):
        shipping.unpacked((models / "less.pt").read_bytes(), recipe, "less.pt")


def test_an_unfinished_training_and_a_users_recipe_are_not_shipped(
    recipe: Recipe, trained: Path, tmp_path: Path
) -> None:
    point = checkpoints.read(trained / "checkpoint.pt", recipe)
    point.finished = False
    checkpoints.save(point, tmp_path)
    with pytest.raises(InputError, match="training stopped"):
        shipping.ship(recipe, tmp_path, models=tmp_path / "models")
    text = (recipes.RECIPES / "mlp.toml").read_text(encoding="utf-8")
    (tmp_path / "mlp.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not one of the toolkit's own"):
        shipping.ship(recipes.load(str(tmp_path / "mlp.toml")), trained, models=tmp_path / "models")


def test_train_takes_what_is_shipped_unless_told_not_to(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping.find, "__defaults__", (models,))
    begun: list[bool] = []
    monkeypatch.setattr("training.trainer.train", lambda *arguments: begun.append(arguments[2]) or {"accuracy": {}})
    command = ["train", "mlp", "--build", str(tmp_path), "--if-needed"]
    taken = CliRunner().invoke(main, command)
    assert taken.exit_code == 0 and "models/mlp comes with the toolkit" in taken.output and begun == []
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 0 and "holds a finished training" in again.output and begun == []
    fresh = CliRunner().invoke(main, [*command, "--fresh"])
    assert fresh.exit_code == 0 and begun == [False], fresh.output


SHIPPED = sorted(path.parent.name for path in shipping.MODELS.glob("*/checkpoint.pt"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_model_is_of_its_present_recipe_and_small(name: str, tmp_path: Path) -> None:
    recipe = recipes.load(name)
    source = shipping.find(recipe)
    assert source is not None, f"models/{name} is of an older recipe: train it anew and `make ship MODEL={name}`"
    assert (source / "checkpoint.pt").stat().st_size <= shipping.LIMIT
    summary = shipping.take(recipe, source, tmp_path)
    about = json.loads((source / "model.json").read_text(encoding="utf-8"))
    assert about["accuracy"]["torch"] == summary["accuracy"]["torch"]["value"]
    assert f"| `{name}` |" in (shipping.MODELS / "README.md").read_text(encoding="utf-8")
