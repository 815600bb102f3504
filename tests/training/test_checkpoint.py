# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoints: whole, safe to read, and of the right recipe."""

import os
import pickle
from pathlib import Path

import pytest
import torch

import training
from chain.errors import InputError
from training import checkpoint as checkpoints
from training import recipe as recipes
from training.build import build
from training.checkpoint import Checkpoint
from training.recipe import Recipe


@pytest.fixture
def recipe() -> Recipe:
    return recipes.load("digits")


@pytest.fixture
def point(recipe: Recipe) -> Checkpoint:
    """A finished training's checkpoint, with the weights of the beginning."""
    model = build(recipe, (1, 8, 8), 10, 16)
    classes = tuple(str(digit) for digit in range(10))
    return Checkpoint(
        recipe, (1, 8, 8), classes, 16, epochs=recipe.epochs, finished=True, model=dict(model.state_dict())
    )


def test_round_trip(point: Checkpoint, recipe: Recipe, tmp_path: Path) -> None:
    optimiser = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    point.optimiser = optimiser.state_dict()
    checkpoints.save(point, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    again = checkpoints.read(tmp_path / "checkpoint.pt", recipe)
    assert again.recipe == recipe and again.class_names == point.class_names and again.optimiser == point.optimiser
    assert all(torch.equal(again.model[name], value) for name, value in point.model.items())
    model, found = training.load(tmp_path)
    assert found == recipe
    x = torch.randint(0, 17, (4, 1, 8, 8)).float()
    original = checkpoints.restore(point)
    assert torch.equal(model(x), original(x))


def test_a_missing_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no checkpoint .*make train MODEL="):
        training.load(tmp_path)


class Payload:
    """What an attacker would put into a file: unpickling it makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("inside", [True, False])
def test_a_pickle_payload_is_refused_and_never_run(tmp_path: Path, point: Checkpoint, inside: bool) -> None:
    mark, path = tmp_path / "mark", tmp_path / "checkpoint.pt"
    if inside:
        torch.save({"format": 1, "model": Payload(mark)}, path)
    else:
        path.write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(InputError, match=r"checkpoint.pt is refused: .*other than tensors"):
        training.load(tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("keep", [0, 10, 1000, -100])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, point: Checkpoint, keep: int) -> None:
    checkpoints.save(point, tmp_path)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"checkpoint.pt is (damaged|refused)"):
        training.load(tmp_path)


@pytest.mark.parametrize("content", [[1, 2], {"format": 99}, {"model": {}}])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="not a checkpoint of this toolkit"):
        training.load(tmp_path)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path, point: Checkpoint) -> None:
    checkpoints.save(point, tmp_path)
    with pytest.raises(InputError, match=r"belongs to another recipe than 'digits-dws'.*network was 'digits'"):
        checkpoints.read(tmp_path / "checkpoint.pt", recipes.load("digits-dws"))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path, point: Checkpoint) -> None:
    point.model["conv1.weight"] = torch.zeros(3, 1, 3, 3)
    checkpoints.save(point, tmp_path)
    with pytest.raises(InputError, match="does not fit the network"):
        training.load(tmp_path)
