# SPDX-License-Identifier: BSD-3-Clause
"""Many trainings: recipes times seeds, each in its own folder, where it goes on from its last finished epoch."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import InputError, ToolError, WrapNetError
from chain.files import write_text
from training.alone import alone
from training.recipe import Recipe
from training.workers import workers


@dataclass(frozen=True)
class Trial:
    """One training of a sweep, and where it leaves its results."""

    recipe: Recipe
    folder: Path
    data: Path | None
    device: str
    start: Path | None = None
    """Checkpoint of the network whose weights it begins with; fresh ones if there is none."""


@dataclass(frozen=True)
class Outcome:
    """What became of a trial: training.json's content, or the reason why there is none."""

    trial: Trial
    summary: dict[str, Any] | None
    error: str = ""


def trials(
    recipes: Iterable[Recipe],
    seeds: Sequence[int],
    build: Path,
    data: Path | None = None,
    device: str = "cpu",
    start: Path | None = None,
) -> list[Trial]:
    """Every recipe with every seed, each named NAME-seedN and to be trained into `build`/NAME-seedN, from the weights
    of the checkpoint `start` if there is one.

    Raises InputError if two recipes have one name.
    """
    found: dict[str, Trial] = {}
    for recipe in recipes:
        for seed in seeds or [recipe.seed]:
            name = f"{recipe.name}-seed{seed}"
            if name in found:
                raise InputError(f"sweep: {name} twice; recipes need names, and seeds numbers, of their own")
            own = recipe.model_copy(update={"name": name, "seed": seed})
            found[name] = Trial(own, (build / name).absolute(), data and data.absolute(), device, start)
    return list(found.values())


def sweep(todo: Sequence[Trial], jobs: int, threads: int, done: Callable[[Outcome], None]) -> list[Outcome]:
    """Run all trials, `jobs` at a time with `threads` threads each, or as many as a Ray cluster has room for; `done`
    hears of each at its end.
    """
    device = "cuda" if any(trial.device == "cuda" for trial in todo) else "cpu"
    with workers(jobs, threads, device) as places:
        running = {places.submit(run_trial, trial): trial for trial in todo}
        found = {}
        for future in as_completed(running):
            trial = running[future]
            try:
                outcome = future.result()
            except ToolError as error:
                outcome = Outcome(trial, None, str(error))
            except Exception as error:  # of a user's network, or for want of memory: the others go on
                outcome = Outcome(trial, None, f"{type(error).__name__}: {error}")
            done(outcome)
            found[trial.recipe.name] = outcome
    return [found[trial.recipe.name] for trial in todo]


def run_trial(trial: Trial) -> Outcome:
    """Train, or go on with a training of the same recipe from the same start. An error that the user can mend is the
    trial's outcome.
    """
    from rich.console import Console

    from training import checkpoint as checkpoints
    from training.current import Status
    from training.trainer import train

    try:
        start = checkpoints.read(trial.start).model if trial.start else None
        with alone(trial.folder, "training"):
            resume = _has_start(trial) and Status(trial.recipe, trial.folder).is_begun
            summary = train(trial.recipe, trial.folder, resume, trial.data, Console(quiet=True), trial.device, start)
    except (WrapNetError, OSError) as error:
        return Outcome(trial, None, str(error))
    return Outcome(trial, summary)


def _has_start(trial: Trial) -> bool:
    """Whether what lies in the trial's folder began with the network that it is to begin with, which is noted there."""
    from training.checkpoint import NAME

    if trial.start is None:
        return True
    note, digest = trial.folder / "start.sha256", hashlib.sha256(trial.start.read_bytes()).hexdigest()
    if note.is_file() and note.read_text(encoding="utf-8") == digest:
        return True
    (trial.folder / NAME).unlink(missing_ok=True)
    write_text(note, digest)
    return False
