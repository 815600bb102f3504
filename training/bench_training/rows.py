# SPDX-License-Identifier: BSD-3-Clause
"""Trials summed up: a learning rate for each method and width, and one row over the seeds."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from training.bench_training import a2q
from training.bench_training.plan import FOLD, METHODS, TUNING_SEED, Contest, Trial, places, trial
from training.bench_training.store import Store

Row = dict[str, Any]
WEIGHT_BITS = {"binary": 1.0, "ternary": 1.58}


def tuning(contest: Contest) -> list[Trial]:
    """The trials that choose learning rates: every method and width at every rate, with one seed."""
    return [
        trial(contest, name, bits, rate, TUNING_SEED, tuning=True)
        for name, bits in places(contest)
        if not METHODS[name].just_cut
        for rate in contest.rates
    ]


def chosen(contest: Contest, store: Store, name: str, bits: int) -> tuple[float, dict[str, float]]:
    """The rate with the best accuracy on the images kept for that (the first of equals), and the accuracy by rate.

    A network that is just cut has the rate of the wide one.
    """
    source, width = ("wide", 32) if METHODS[name].just_cut else (name, bits)
    found = {
        rate: store.result(trial(contest, source, width, rate, TUNING_SEED, tuning=True))["accuracy"]
        for rate in contest.rates
    }
    return max(found, key=found.__getitem__), {f"{rate:g}": accuracy for rate, accuracy in found.items()}


def final(contest: Contest, store: Store) -> list[Trial]:
    """The trials that are reported, with the rates chosen; all of `tuning` must be there."""
    return [
        trial(contest, name, bits, chosen(contest, store, name, bits)[0], seed, tuning=False)
        for name, bits in places(contest)
        for seed in contest.seeds
    ]


def is_cached(contest: Contest, store: Store) -> bool:
    """Whether no training is needed for the contest's rows."""
    return all(map(store.has, tuning(contest))) and all(map(store.has, final(contest, store)))


def rows(contest: Contest, store: Store) -> list[Row]:
    """One row a method and width, with means and standard deviations over the seeds, and how many of these `diverged`:
    ended with weights that are not finite. Those of `ours` have the other methods' means at that width as `rivals`, and
    their own by these as `ratios`.
    """
    made = [_row(contest, store, name, bits) for name, bits in places(contest)]
    for row in made:
        if row["method"] == "ours":
            rivals = {one["method"]: one["mean"] for one in made if one["B"] == row["B"] and one is not row}
            ratios = {name: row["mean"] / mean if mean else None for name, mean in rivals.items()}
            row |= {"ours": row["mean"], "rivals": rivals, "ratios": ratios}
    return made


def _row(contest: Contest, store: Store, name: str, bits: int) -> Row:
    rate, grid = chosen(contest, store, name, bits)
    trials = [trial(contest, name, bits, rate, seed, tuning=False) for seed in contest.seeds]
    results = [store.result(one) for one in trials]
    accuracies = [result["accuracy"] for result in results]
    setting, chain = trials[0].chain.setting, trials[0].chain
    aware = chain.steps[-1].accumulator in a2q.QUANTISERS
    return {
        "dataset": setting.dataset,
        "network": setting.network,
        "weights": contest.setting.weights,
        "weight_bits": WEIGHT_BITS.get(str(setting.weights), setting.weights),
        "activation_bits": setting.activation_bits,
        "B": bits,
        "method": name,
        "seeds": list(contest.seeds),
        "accuracies": accuracies,
        "mean": statistics.fmean(accuracies),
        "std": statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0,
        "overflow_rate": statistics.fmean(result["overflow_rate"] for result in results),
        "diverged": sum(result["diverged"] for result in results),
        "epochs": chain.epochs,
        "seconds": statistics.fmean(result["seconds"] for result in results),
        "settings": {
            "lr": rate,
            "validation_accuracy_by_lr": grid,
            "optimiser": f"Adam, weight decay {a2q.WEIGHT_DECAY:g}" if aware else "Adam",
            "input_bits": setting.input_bits,
            "batch_size": setting.batch_size,
            "fold": FOLD if trials[0].accumulator == "fold" else None,
            "stages": [asdict(step) for step in chain.steps],
            **({"norm_penalty": a2q.NORM_PENALTY, "initialisation": "EP-init"} if aware else {}),
        },
    }


def gain(rows: Sequence[Row], name: str, rival: str) -> Callable[[int], tuple[float, float] | None]:
    """A function from a width to mean and standard deviation of what `name` gains over `rival`, seed by seed, in
    points; None where either has no row.
    """
    found = {(row["method"], row["B"]): row["accuracies"] for row in rows}

    def at(bits: int) -> tuple[float, float] | None:
        ours, theirs = found.get((name, bits)), found.get((rival, bits))
        if ours is None or theirs is None:
            return None
        gains = [100 * (a - b) for a, b in zip(ours, theirs, strict=True)]
        return statistics.fmean(gains), statistics.stdev(gains) if len(gains) > 1 else 0.0

    return at
