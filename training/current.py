# SPDX-License-Identifier: BSD-3-Clause
"""Whether training is needed at all."""

import json
from functools import cached_property
from pathlib import Path

from chain.errors import InputError
from training import checkpoint as checkpoints
from training.checkpoint import Checkpoint
from training.datasets import Dataset
from training.recipe import Recipe


class Status:
    """What `folder` holds of a training of `recipe`, with the user's own files that it names as they are now. The
    checkpoint is read when it is first asked for, and never again; a damaged one counts as none.

    A change of the data set's files is noticed by `is_of` and `require_data` alone.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._recipe = recipe
        self._folder = folder

    @property
    def is_begun(self) -> bool:
        """Whether there is a checkpoint of this recipe, finished or not."""
        return self._checkpoint is not None

    @property
    def is_trained(self) -> bool:
        """Whether every epoch of this recipe is done."""
        return self._checkpoint is not None and self._checkpoint.finished

    @property
    def is_current(self) -> bool:
        """Whether the training is finished, summary included."""
        return (self._folder / "training.json").is_file() and self.is_trained

    def is_of(self, dataset: Dataset) -> bool:
        """Whether there is a checkpoint of this recipe, made of `dataset` as far as is known (Checkpoint.is_of)."""
        return self._checkpoint is not None and self._checkpoint.is_of(dataset)

    def require_data(self, dataset: Dataset) -> None:
        """Raise InputError unless the checkpoint that is there was made of `dataset`."""
        assert self._checkpoint is not None
        checkpoints.require_data(self._checkpoint, dataset, self._folder / checkpoints.NAME)

    @property
    def is_shipped(self) -> bool:
        """Whether the training was not made there but came with the toolkit."""
        try:
            return "shipped" in json.loads((self._folder / "training.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False

    @cached_property
    def _checkpoint(self) -> Checkpoint | None:
        path = self._folder / checkpoints.NAME
        if not path.is_file():
            return None
        try:
            return checkpoints.read(path, self._recipe)
        except InputError:
            return None
