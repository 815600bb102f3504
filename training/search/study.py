# SPDX-License-Identifier: BSD-3-Clause
"""The search itself: Optuna proposes widths, trials judge them, and what is known rules others out."""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from chain.errors import InputError, WorthlessError
from training.search.cost import Cost, Widths
from training.search.layers import Layer
from training.search.trial import Trials

ASKS = 10
"""Proposals in a row that need no training before the nearest to the best that does is taken instead."""

FEW = 20_000
"""Up to so many combinations of widths all are gone through to see what is left."""


@dataclass(frozen=True)
class Goal:
    """What counts: `cost` is to be small where the accuracy (0..1) is at least `accuracy`."""

    accuracy: float
    cost: Cost
    name: str
    """Tells this goal from others of the same folder."""


@dataclass(frozen=True)
class Found:
    """One candidate that was trained to the end, or `stopped` before because it fell behind."""

    number: int
    widths: Mapping[str, int]
    accuracy: float
    cost: float
    epochs: int
    stopped: bool
    fits: bool


@dataclass(frozen=True)
class Worthless:
    """One candidate whose training came to nothing, and why. That says nothing of other widths."""

    widths: Mapping[str, int]
    reason: str


@dataclass(frozen=True)
class _Wanted:
    """Widths to try before Optuna proposes any, with what is known of the trial `number` that was cut off there."""

    widths: dict[str, int]
    known: Mapping[str, Any]
    number: int | None = None


class Search:
    """A study in `folder`/study.db that goes on where it was left, with trials that were cut off."""

    def __init__(self, folder: Path, layers: Mapping[str, Layer], trials: Trials, goal: Goal) -> None:
        self.layers, self.trials, self.goal = layers, trials, goal
        self._wanted: list[_Wanted] = []
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        self.study = optuna.create_study(
            storage=f"sqlite:///{folder / 'study.db'}",
            study_name=f"{trials.key} {goal.name}",
            sampler=optuna.samplers.TPESampler(seed=trials.recipe.seed, n_startup_trials=6),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=trials.stage.epochs // 2),
            load_if_exists=True,
        )

    def propose(self, widths: Widths) -> None:
        """Have `widths` tried, once in the life of the study."""
        inside = self._inside(widths)
        there = [trial.params for trial in self.study.get_trials(deepcopy=False)]
        if inside not in [*there, *(wanted.widths for wanted in self._wanted)]:
            self._wanted.append(_Wanted(inside, {}))

    def take_up(self) -> int:
        """Have the trials that were cut off go on, as new ones that know what was reported; how many they are. Trials
        of an earlier search with another goal are judged again, without training.
        """
        cut = 0
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            if set(trial.params) == set(self.layers):
                reported = [trial.intermediate_values[epoch] for epoch in sorted(trial.intermediate_values)]
                self._wanted.insert(
                    cut, _Wanted(trial.params, {**trial.user_attrs, "reported": reported}, trial.number)
                )
                cut += 1
            else:
                self.study.tell(trial.number, state=TrialState.FAIL)
        for widths in self.trials.known():
            self.propose(widths)
        return cut

    def go(self, count: int, seconds: float | None, tell: Callable[[Found | Worthless], None]) -> None:
        """Train until the study holds `count` trained trials, or for `seconds`: no trial starts after that."""
        end = time.monotonic() + seconds if seconds is not None else None
        idle = 0
        while self.trained() < count:
            if idle == ASKS:
                left = self._nearest()
                if left is None:
                    return
                self.study.enqueue_trial(left)
                idle = 0
            trial = self._next()
            widths = {name: trial.suggest_int(name, layer.low, layer.high) for name, layer in self.layers.items()}
            if self._is_ruled_out(widths, self.found(), self.worthless()):
                self.study.tell(trial, state=TrialState.FAIL)
                idle += 1
                continue
            if end is not None and time.monotonic() >= end and not self.trials.is_known(widths):
                self.study.enqueue_trial(widths, user_attrs=trial.user_attrs)
                self.study.tell(trial, state=TrialState.FAIL)
                return
            idle = 0
            tell(self._try(trial, widths))

    def _next(self) -> optuna.Trial:
        if not self._wanted:
            return self.study.ask()
        wanted = self._wanted.pop(0)
        self.study.enqueue_trial(wanted.widths, user_attrs=dict(wanted.known))
        trial = self.study.ask()
        if wanted.number is not None:
            self.study.tell(wanted.number, state=TrialState.FAIL)
        return trial

    def trained(self) -> int:
        """Trials of this study that cost training."""
        return sum(bool(trial.user_attrs.get("trained")) for trial in self._judged())

    def found(self) -> list[Found]:
        """Every candidate that was tried and has an accuracy, in order."""
        return [self._found(trial) for trial in self._judged() if "worthless" not in trial.user_attrs]

    def worthless(self) -> list[Worthless]:
        """Every candidate whose training came to nothing, in order."""
        return [
            Worthless(self._widths(trial), trial.user_attrs["worthless"])
            for trial in self._judged()
            if "worthless" in trial.user_attrs
        ]

    def best(self) -> Found | None:
        """The cheapest candidate that fits; of several, the most accurate."""
        fitting = [one for one in self.found() if one.fits]
        return min(fitting, key=lambda one: (one.cost, -one.accuracy), default=None)

    def _try(self, trial: optuna.Trial, widths: Widths) -> Found | Worthless:
        if "trained" not in trial.user_attrs:
            trial.set_user_attr("trained", not self.trials.is_known(widths))
        for epoch, value in enumerate(trial.user_attrs.get("reported", []), 1):
            trial.report(value, epoch)

        def watch(epoch: int, accuracy: float) -> None:
            trial.set_user_attr("accuracy", accuracy)
            trial.report(1 - accuracy, epoch)
            if accuracy < self.goal.accuracy and trial.should_prune():
                raise optuna.TrialPruned

        try:
            trial.set_user_attr("accuracy", self.trials.run(widths, watch))
        except optuna.TrialPruned:
            trial.set_constraint("excess", self.goal.accuracy - trial.user_attrs["accuracy"])
            frozen = self.study.tell(trial, state=TrialState.PRUNED)
            self.trials.forget(widths)
        except WorthlessError as error:
            # Farther off than any accuracy: Optuna looks elsewhere. Any other error leaves the trial to be taken up.
            trial.set_constraint("excess", 1.0)
            trial.set_user_attr("worthless", str(error))
            self.study.tell(trial, state=TrialState.PRUNED)
            return Worthless(widths, str(error))
        else:
            trial.set_constraint("excess", self.goal.accuracy - trial.user_attrs["accuracy"])
            frozen = self.study.tell(trial, self._cost(widths))
        return self._found(frozen)

    def _cost(self, widths: Widths) -> float:
        cost = self.goal.cost(widths, self.layers)
        if isinstance(cost, bool) or not isinstance(cost, int | float):
            raise InputError(f"the cost function gave {cost!r} for {dict(widths)}, expected a number")
        return float(cost)

    def _nearest(self) -> dict[str, int] | None:
        """What is not ruled out and differs least from the best so far, the cheaper of equals; None if nothing is left.
        Of too many combinations only those with one layer a bit narrower count.
        """
        found, worthless, best = self.found(), self.worthless(), self.best()
        centre = dict(best.widths) if best else {name: layer.high for name, layer in self.layers.items()}
        ranges = [range(layer.low, layer.high + 1) for layer in self.layers.values()]
        every: Iterable[dict[str, int]]
        if math.prod(map(len, ranges)) > FEW:
            every = (self._inside({**centre, name: bits - 1}) for name, bits in centre.items())
        else:
            every = (dict(zip(self.layers, widths, strict=True)) for widths in itertools.product(*ranges))
        return min(
            (widths for widths in every if not self._is_ruled_out(widths, found, worthless)),
            key=lambda widths: (sum(abs(widths[name] - bits) for name, bits in centre.items()), self._cost(widths)),
            default=None,
        )

    def _is_ruled_out(self, widths: Widths, found: Sequence[Found], worthless: Sequence[Worthless]) -> bool:
        """Whether it was tried, or training could only repeat what is known: no cheaper than what fits, or nowhere
        wider than what does not.
        """
        cost = self._cost(widths)
        if widths in [*(one.widths for one in found), *(one.widths for one in worthless)]:
            return True
        if self.trials.is_known(widths):
            return False
        for one in found:
            if one.fits and cost >= one.cost:
                return True
            if not one.fits and all(widths[name] <= bits for name, bits in one.widths.items()):
                return True
        return False

    def _inside(self, widths: Widths) -> dict[str, int]:
        return {name: min(max(widths[name], layer.low), layer.high) for name, layer in self.layers.items()}

    def _judged(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))

    def _found(self, trial: FrozenTrial) -> Found:
        widths = self._widths(trial)
        stopped = trial.state == TrialState.PRUNED
        fits = not stopped and trial.user_attrs["accuracy"] >= self.goal.accuracy
        epochs = len(trial.intermediate_values)
        return Found(
            trial.number, widths, trial.user_attrs["accuracy"], self._cost(widths), epochs, stopped=stopped, fits=fits
        )

    def _widths(self, trial: FrozenTrial) -> dict[str, int]:
        return {name: trial.params[name] for name in self.layers}
