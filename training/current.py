# SPDX-License-Identifier: BSD-3-Clause
"""Whether training is needed at all."""

import json
from pathlib import Path

from chain.errors import InputError
from training import checkpoint as checkpoints
from training.checkpoint import Checkpoint
from training.recipe import Recipe


def is_current(recipe: Recipe, folder: Path) -> bool:
    """Whether `folder` holds a finished training of this recipe, summary included."""
    return (folder / "training.json").is_file() and is_trained(recipe, folder)


def is_trained(recipe: Recipe, folder: Path) -> bool:
    """Whether every epoch of this recipe is done, with the user's own files that it names as they are now.

    A change of the data set's files is not noticed.
    """
    point = _checkpoint(recipe, folder)
    return point is not None and point.finished


def is_begun(recipe: Recipe, folder: Path) -> bool:
    """Whether `folder` holds a checkpoint of this recipe, finished or not."""
    return _checkpoint(recipe, folder) is not None


def is_shipped(folder: Path) -> bool:
    """Whether the training in `folder` was not made there but came with the toolkit."""
    try:
        return "shipped" in json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _checkpoint(recipe: Recipe, folder: Path) -> Checkpoint | None:
    path = folder / checkpoints.NAME
    if not path.is_file():
        return None
    try:
        return checkpoints.read(path, recipe)
    except InputError:
        return None
