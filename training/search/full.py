# SPDX-License-Identifier: BSD-3-Clause
"""Candidates trained as their recipe trains, from as many seeds as it takes: whether what a trial promised is kept."""

import math
import statistics
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from chain.errors import WorthlessError
from chain.progress import bar
from training.datasets import Dataset
from training.search.cost import Widths, shown
from training.search.trial import Base, Trials, key
from training.workers import Workers

JUDGES = 1000
"""Few images judge badly: further seeds, each with validation images of its own, until there are so many,"""
MOST = 5
"""but no more trainings of a candidate than that."""


class Full:
    """Trainings of `base`'s recipe at other widths, in `folder`, beside those with its `own`, whose accuracy with the
    recipe's seed is the `reference` (0..1).
    """

    def __init__(self, base: Base, dataset: Dataset, folder: Path, own: Widths, reference: float) -> None:
        self.own, self.reference = own, reference
        seeds = min(MOST, math.ceil(JUDGES / len(dataset.test_labels)))
        self.trials = tuple(_trials(base, dataset, folder, seed) for seed in range(seeds))
        self.trials[0].note(own, reference)

    def accuracy(self, widths: Widths) -> float | None:
        """The reference and what `widths` gain on average, seed by seed; None if they were not trained so."""
        if widths == self.own:
            return self.reference
        found = [(trials.accuracy(widths), trials.accuracy(self.own)) for trials in self.trials]
        gains = [one - own for one, own in found if one is not None and own is not None]
        return self.reference + statistics.fmean(gains) if len(gains) == len(found) else None

    def run(self, widths: Widths, workers: Workers, console: Console, end: float = math.inf) -> None:
        """Train at `widths` from every seed, and at the recipe's own where that was not done yet: a single training
        here, with its log, several beside each other. Nothing starts after `end` (time.monotonic): `accuracy` is then
        not known yet.

        Raises WorthlessError where the recipe's own come to nothing.
        """
        seeds = len(self.trials)
        often = "" if seeds == 1 else f", from {seeds} seeds, as the recipe's own"
        console.print(f"bits {shown(widths)} fit in a trial; now trained in full{often}", highlight=False)
        if seeds == 1:
            self.trials[0].run(widths, console)
            return
        todo = [(trials, one) for trials in self.trials for one in (self.own, widths)]
        with bar(console) as progress:
            task = progress.add_task("in full", total=len(todo))
            while todo and time.monotonic() < end:
                now, todo = todo[: workers.places], todo[workers.places :]
                running = [(trials, one, workers.submit(trials.run, one)) for trials, one in now]
                for trials, one, outcome in running:
                    worthless = outcome.result().worthless
                    progress.advance(task)
                    if worthless and one == self.own:
                        raise WorthlessError(f"seed {trials.base.recipe.seed}: {worthless}")


def _trials(base: Base, dataset: Dataset, folder: Path, more: int) -> Trials:
    if more:
        base = replace(base, recipe=base.recipe.model_copy(update={"seed": base.recipe.seed + more}))
        dataset = base.dataset()
    stages = base.recipe.stages
    return Trials(base, stages, folder, key(base.recipe, stages, dataset), afresh=True)
