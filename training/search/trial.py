# SPDX-License-Identifier: BSD-3-Clause
"""One candidate: a short fine-tuning at its widths, continued where it was cut off, remembered when it is done."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from torch import Tensor

from chain.errors import WorthlessError
from chain.files import write_json
from training import trainer
from training.checkpoint import own_files
from training.datasets import Dataset
from training.recipe import Recipe, Stage
from training.search.cost import Widths


@dataclass(frozen=True)
class Outcome:
    """Validation accuracies (0..1) of a trial's epochs so far, or why it is `worthless`."""

    accuracies: tuple[float, ...] = ()
    worthless: str = ""


@dataclass(frozen=True)
class Trials:
    """Fine-tunings of one trained network, `start`, in `folder`: a finished one leaves a small file there."""

    recipe: Recipe
    dataset: Dataset
    start: dict[str, Tensor]
    stage: Stage
    folder: Path

    @property
    def key(self) -> str:
        """What the outcome of a trial depends on, its widths apart."""
        parts = [self.recipe.digest(), *sorted(own_files(self.recipe).values()), self.stage.model_dump_json()]
        parts.append(hashlib.sha256(np.ascontiguousarray(self.dataset.test_images).tobytes()).hexdigest())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def known(self) -> list[dict[str, int]]:
        """Widths of the finished trials, the worthless ones among them."""
        return [json.loads(path.read_text("utf-8"))["widths"] for path in sorted(self._home.glob("*.json"))]

    def is_known(self, widths: Widths) -> bool:
        return self._result(widths).is_file()

    def run(self, widths: Widths, epochs: int) -> Outcome:
        """Train at `widths` for the first `epochs` of the stage's, from the last finished one on.

        What is finished, or came to nothing, is told again without training.
        """
        result = self._result(widths)
        if result.is_file():
            told = json.loads(result.read_text("utf-8"))
            return Outcome(tuple(told.get("accuracies", ())[:epochs]), told.get("worthless", ""))
        folder = self._home / _label(widths)
        quantisation = self.recipe.quantisation.model_copy(update={"accumulator_bits": dict(widths)})
        recipe = self.recipe.model_copy(update={"quantisation": quantisation, "stages": (self.stage,)})
        quiet = Console(quiet=True)
        try:
            checkpoint, history = trainer.run(recipe, self.dataset, folder, True, quiet, self.start, until=epochs)
        except WorthlessError as error:
            write_json(result, {"widths": dict(widths), "worthless": str(error)})
            self.forget(widths)
            return Outcome(worthless=str(error))
        accuracies = [line[f"{self.dataset.judges}_accuracy"] for line in history]
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


def fine_tuning(recipe: Recipe, epochs: int | None) -> Stage:
    """The stage that trials go through: the recipe's last, wrapped, and a quarter as long unless `epochs` says."""
    last = recipe.stages[-1]
    return last.model_copy(update={"epochs": epochs or max(2, last.epochs // 4), "accumulator": "wrap"})


def _label(widths: Widths) -> str:
    # Networks of a hundred layers would make too long a name.
    text = "-".join(map(str, widths.values()))
    return text if len(text) < 100 else hashlib.sha256(text.encode()).hexdigest()[:32]
