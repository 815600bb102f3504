# SPDX-License-Identifier: BSD-3-Clause
"""One candidate: trained at its widths, continued where it was cut off, remembered when it is done."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from torch import Tensor

from chain.errors import WorthlessError
from chain.files import write_json
from training import checkpoint as checkpoints
from training import datasets, trainer
from training.checkpoint import own_files
from training.datasets import Dataset
from training.recipe import Recipe, Stage
from training.search.cost import Widths

SHARE = 0.15
"""Of the training images, kept back to judge candidates."""


@dataclass(frozen=True)
class Outcome:
    """Validation accuracies (0..1) of a trial's epochs so far, or why it is `worthless`."""

    accuracies: tuple[float, ...] = ()
    worthless: str = ""


@dataclass(frozen=True)
class Base:
    """What all trials of a recipe begin with, read where it is needed: data go to no other process."""

    recipe: Recipe
    data: Path | None
    folder: Path
    """Of the checkpoint."""

    def dataset(self) -> Dataset:
        """The training images; SHARE of them, kept back, are what judges. The test images are not in it."""
        return datasets.load(self.recipe, self.data).split(SHARE, self.recipe.seed)

    def weights(self) -> dict[str, Tensor]:
        """Of the trained network."""
        return checkpoints.read(self.folder / checkpoints.NAME, self.recipe).model


@dataclass(frozen=True)
class Trials:
    """Trainings in `folder` through `stages`, which begin with the trained network, or `afresh`. A finished one leaves
    a small file there. `key` is what their outcome depends on, the widths apart.
    """

    base: Base
    stages: tuple[Stage, ...]
    folder: Path
    key: str
    afresh: bool = False

    @property
    def epochs(self) -> int:
        """Of a whole trial."""
        return sum(stage.epochs for stage in self.stages)

    @property
    def wide(self) -> int:
        """The first epochs, whose accumulators are wide: what they come to says nothing of the widths."""
        return sum(stage.epochs for stage in self.stages if stage.accumulator == "wide")

    def known(self) -> list[dict[str, int]]:
        """Widths of the finished trials, the worthless ones among them."""
        # Files that are being written begin with a dot.
        return [json.loads(path.read_text("utf-8"))["widths"] for path in sorted(self._home.glob("[!.]*.json"))]

    def is_known(self, widths: Widths) -> bool:
        return self._result(widths).is_file()

    def accuracy(self, widths: Widths) -> float | None:
        """What a finished one came to, 0 if that is nothing; None for one that is not finished."""
        if not self.is_known(widths):
            return None
        accuracies = self.run(widths).accuracies
        return accuracies[-1] if accuracies else 0.0

    def note(self, widths: Widths, accuracy: float) -> None:
        """Remember one that was trained elsewhere."""
        write_json(self._result(widths), {"widths": dict(widths), "accuracies": [accuracy]})

    def run(self, widths: Widths, console: Console | None = None, epochs: int | None = None) -> Outcome:
        """Train at `widths` for the first `epochs` of the stages', or all, from the last finished one on; quietly,
        unless there is a `console`.

        What is finished, or came to nothing, is told again without training.
        """
        result = self._result(widths)
        if result.is_file():
            told = json.loads(result.read_text("utf-8"))
            return Outcome(tuple(told.get("accuracies", ())[:epochs]), told.get("worthless", ""))
        folder, dataset, recipe = self._home / _label(widths), self.base.dataset(), self.base.recipe
        quantisation = recipe.quantisation.model_copy(update={"accumulator_bits": dict(widths)})
        recipe = recipe.model_copy(update={"quantisation": quantisation, "stages": self.stages})
        start = None if self.afresh else self.base.weights()
        console = console or Console(quiet=True)
        try:
            checkpoint, history = trainer.run(recipe, dataset, folder, True, console, start, until=epochs)
        except WorthlessError as error:
            write_json(result, {"widths": dict(widths), "worthless": str(error)})
            self.forget(widths)
            return Outcome(worthless=str(error))
        accuracies = [line[f"{dataset.judges}_accuracy"] for line in history]
        if checkpoint.finished:
            write_json(result, {"widths": dict(widths), "accuracies": accuracies})
            self.forget(widths)
        return Outcome(tuple(accuracies[:epochs]))

    def forget(self, widths: Widths) -> None:
        """Remove the checkpoint and log of a trial that does not go on."""
        shutil.rmtree(self._home / _label(widths), ignore_errors=True)

    @property
    def _home(self) -> Path:
        return self.folder / self.key

    def _result(self, widths: Widths) -> Path:
        return self._home / f"{_label(widths)}.json"


def key(recipe: Recipe, stages: Sequence[Stage], dataset: Dataset) -> str:
    """Of the trials of `recipe` through `stages` with the images of `dataset`."""
    parts = [recipe.digest(), *sorted(own_files(recipe).values()), *(stage.model_dump_json() for stage in stages)]
    parts.append(dataset.digest)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _label(widths: Widths) -> str:
    # Networks of a hundred layers would make too long a name.
    text = "-".join(map(str, widths.values()))
    return text if len(text) < 100 else hashlib.sha256(text.encode()).hexdigest()[:32]
