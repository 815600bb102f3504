# SPDX-License-Identifier: BSD-3-Clause
"""Whether training is needed at all."""

from pathlib import Path

from chain.errors import InputError
from training import checkpoint as checkpoints
from training.recipe import Recipe


def is_current(recipe: Recipe, folder: Path) -> bool:
    """Whether `folder` holds a finished training of this recipe, summary included."""
    return (folder / "training.json").is_file() and is_trained(recipe, folder)


def is_trained(recipe: Recipe, folder: Path) -> bool:
    """Whether every epoch of this recipe is done, with the user's own files that it names as they are now.

    A change of the data set's files is not noticed.
    """
    path = folder / checkpoints.NAME
    if not path.is_file():
        return False
    try:
        return checkpoints.read(path, recipe).finished
    except InputError:
        return False
