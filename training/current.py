# SPDX-License-Identifier: BSD-3-Clause
"""Whether training is needed at all."""

from pathlib import Path

from chain.errors import InputError
from training import checkpoint as checkpoints
from training.recipe import Recipe
from training.userfile import is_reference


def is_current(recipe: Recipe, folder: Path) -> bool:
    """Whether `folder` holds a finished training of this recipe, summary included."""
    return (folder / "training.json").is_file() and is_trained(recipe, folder)


def is_trained(recipe: Recipe, folder: Path) -> bool:
    """Whether every epoch of this recipe is done, made after the user's own files that it names.

    A change of the data set's files is not noticed.
    """
    path = folder / checkpoints.NAME
    if not path.is_file():
        return False
    try:
        checkpoint = checkpoints.read(path, recipe)
    except InputError:
        return False
    own = [recipe.folder / text.rpartition(":")[0] for text in (recipe.dataset, recipe.network) if is_reference(text)]
    made = path.stat().st_mtime
    return checkpoint.finished and all(file.is_file() and file.stat().st_mtime <= made for file in own)
