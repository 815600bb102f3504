# SPDX-License-Identifier: BSD-3-Clause
"""When training may be left out: finished, of this very recipe, and with the user's own files as they are."""

import os
from pathlib import Path

import pytest

from training import checkpoint, recipe
from training.checkpoint import Checkpoint
from training.current import Status
from training.recipe import Recipe

TEXT = """
name = "own"
dataset = "own.py:data"
network = "own.py:Own"
[[stages]]
name = "wrap"
epochs = 2
lr = 1e-3
accumulator = "wrap"
"""


@pytest.fixture
def own(tmp_path: Path) -> Recipe:
    (tmp_path / "own.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "own.py").write_text("# mine\n", encoding="utf-8")
    return recipe.load(str(tmp_path / "own.toml"))


@pytest.fixture
def folder(own: Recipe, tmp_path: Path) -> Path:
    """build/own after a finished training."""
    checkpoint.save(Checkpoint(own, (1, 8, 8), ("a", "b"), 16, epochs=2, finished=True), tmp_path / "build" / "own")
    (tmp_path / "build" / "own" / "training.json").touch()
    return tmp_path / "build" / "own"


def test_a_finished_training_is_current(own: Recipe, folder: Path) -> None:
    assert Status(own, folder).is_current


def test_without_its_files_it_is_not(own: Recipe, folder: Path, tmp_path: Path) -> None:
    assert not Status(own, tmp_path / "elsewhere").is_current
    (folder / "training.json").unlink()
    assert not Status(own, folder).is_current
    assert Status(own, folder).is_trained


def test_an_unfinished_training_is_not(own: Recipe, folder: Path) -> None:
    checkpoint.save(Checkpoint(own, (1, 8, 8), ("a", "b"), 16, epochs=1), folder)
    found = Status(own, folder)
    assert found.is_begun and not found.is_trained and not found.is_current


def test_the_checkpoint_is_read_once(own: Recipe, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, paths = checkpoint.read, []
    monkeypatch.setattr(checkpoint, "read", lambda path, recipe: paths.append(path) or read(path, recipe))
    found = Status(own, folder)
    assert not found.is_shipped and paths == []
    assert found.is_begun and found.is_trained and found.is_current and paths == [folder / "checkpoint.pt"]
    (folder / "checkpoint.pt").unlink()
    paths.clear()
    none = Status(own, folder)
    assert not none.is_begun and not none.is_trained and not none.is_current and paths == []


def test_a_damaged_checkpoint_is_not(own: Recipe, folder: Path) -> None:
    (folder / "checkpoint.pt").write_bytes(b"PK\x03\x04 damaged")
    assert not Status(own, folder).is_current


def test_another_recipe_is_not_but_another_board_is(own: Recipe, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(TEXT + "[hardware]\nclock_mhz = 125.0\n", encoding="utf-8")
    assert Status(recipe.load(str(path)), folder).is_current
    path.write_text(TEXT.replace("epochs = 2", "epochs = 3"), encoding="utf-8")
    assert not Status(recipe.load(str(path)), folder).is_current


def test_a_change_of_the_users_file_is_noticed(own: Recipe, folder: Path, tmp_path: Path) -> None:
    """By content: a copy with an old date is another file, one that was only touched is not."""
    os.utime(folder / "checkpoint.pt", (1000, 1000))
    assert Status(own, folder).is_current
    (tmp_path / "own.py").write_text("# other\n", encoding="utf-8")
    os.utime(tmp_path / "own.py", (500, 500))
    assert not Status(own, folder).is_current
    (tmp_path / "own.py").unlink()
    assert not Status(own, folder).is_current
