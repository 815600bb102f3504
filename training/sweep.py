# SPDX-License-Identifier: BSD-3-Clause
"""Many trainings: recipes times seeds, by processes on this machine, or on Ray where it is installed.

Each trial has its own folder and goes on from its last finished epoch: when its process dies it is started again, and
a sweep that was stopped is taken up by the same command.
"""

import importlib.util
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import InputError, ToolError, WrapNetError
from training.environment import ray_address
from training.recipe import Recipe

# How often a trial is started again after its process died.
RETRIES = 3


@dataclass(frozen=True)
class Trial:
    """One training of a sweep, and where it leaves its results."""

    recipe: Recipe
    folder: Path
    data: Path | None
    device: str
    threads: int


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
    threads: int = 1,
) -> list[Trial]:
    """Every recipe with every seed, each named NAME-seedN and to be trained into `build`/NAME-seedN.

    Raises InputError if two recipes have one name.
    """
    found: dict[str, Trial] = {}
    for recipe in recipes:
        for seed in seeds or [recipe.seed]:
            name = f"{recipe.name}-seed{seed}"
            if name in found:
                raise InputError(f"sweep: {name} twice; recipes need names, and seeds numbers, of their own")
            own = recipe.model_copy(update={"name": name, "seed": seed})
            found[name] = Trial(own, (build / name).absolute(), data and data.absolute(), device, threads)
    return list(found.values())


def sweep(todo: Sequence[Trial], jobs: int, done: Callable[[Outcome], None]) -> list[Outcome]:
    """Run all trials, `jobs` at a time here, or as many as Ray has room for; `done` hears of each at its end.

    Ray starts on this machine, or is the cluster that RAY_ADDRESS names, whose machines share the trials' folders.
    """
    run = _on_ray if importlib.util.find_spec("ray") else _by_processes
    return run(todo, jobs, done)


def run_trial(trial: Trial) -> Outcome:
    """Train, or go on training. An error that the user can mend is the trial's outcome."""
    import torch
    from rich.console import Console

    from training.trainer import train

    torch.set_num_threads(trial.threads)
    try:
        summary = train(trial.recipe, trial.folder, True, trial.data, Console(quiet=True), trial.device)
    except (WrapNetError, OSError) as error:
        return Outcome(trial, None, str(error))
    return Outcome(trial, summary)


def _by_processes(todo: Sequence[Trial], jobs: int, done: Callable[[Outcome], None]) -> list[Outcome]:
    def outcome(trial: Trial) -> Outcome:
        found = _in_a_process(trial)
        done(found)
        return found

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(outcome, todo))


def _in_a_process(trial: Trial) -> Outcome:
    for _ in range(1 + RETRIES):
        # A pool of its own for each: a process that dies breaks its pool.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            try:
                return pool.submit(run_trial, trial).result()
            except BrokenProcessPool:
                continue
    return Outcome(trial, None, f"its process died {1 + RETRIES} times, for want of memory perhaps; try fewer --jobs")


def _on_ray(todo: Sequence[Trial], jobs: int, done: Callable[[Outcome], None]) -> list[Outcome]:
    import ray

    root = str(Path(__file__).resolve().parents[1])
    try:
        ray.init(runtime_env={"env_vars": {"PYTHONPATH": root}}, log_to_driver=False, **_local_limits(jobs, todo))
    except ConnectionError as error:
        raise ToolError(
            f"Ray cannot be reached: {error}; RAY_ADDRESS names the cluster, unset it for this machine"
        ) from None
    try:
        waiting = {}
        for trial in todo:
            gpus = 1 if trial.device == "cuda" else 0
            remote = ray.remote(num_cpus=trial.threads, num_gpus=gpus, max_retries=RETRIES)(run_trial)
            waiting[remote.remote(trial)] = trial
        found = {}
        while waiting:
            (ready,), _ = ray.wait(list(waiting))
            trial = waiting.pop(ready)
            try:
                outcome = ray.get(ready)
            except ray.exceptions.RayError as error:
                outcome = Outcome(trial, None, f"Ray: {error}")
            done(outcome)
            found[trial.recipe.name] = outcome
        return [found[trial.recipe.name] for trial in todo]
    finally:
        ray.shutdown()


def _local_limits(jobs: int, todo: Sequence[Trial]) -> dict[str, Any]:
    """A Ray of our own has `jobs` places; a cluster has its own number."""
    if ray_address():
        return {}
    return {"address": "local", "num_cpus": jobs * max(trial.threads for trial in todo), "include_dashboard": False}
