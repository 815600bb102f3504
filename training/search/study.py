# SPDX-License-Identifier: BSD-3-Clause
"""The search itself: Optuna proposes widths, trials judge them, what is known rules others out, and the best one is
trained in full.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from chain.errors import InputError, ToolError
from training.search.cost import Cost, Widths, shown
from training.search.full import Full
from training.search.layers import Layer
from training.search.trial import Outcome, Trials
from training.workers import Workers

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
    """One candidate that was trained to the end, or `stopped` before because it fell behind. `accuracy` is the trial's,
    `full` that of the recipe with these widths, None if it was not trained so.
    """

    number: int
    widths: Mapping[str, int]
    accuracy: float
    cost: float
    epochs: int
    stopped: bool
    fits: bool
    full: float | None = None

    @property
    def judged(self) -> float:
        """The accuracy that counts."""
        return self.accuracy if self.full is None else self.full


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


@dataclass
class _Candidate:
    """A trial that runs, the widths that it is for, and how many of its epochs Optuna knows."""

    trial: optuna.Trial
    widths: dict[str, int]
    reported: int = 0


class Search:
    """A study in `folder`/study.db that goes on where it was left, with `trials` that were cut off. What they find is
    trained in `full`.
    """

    def __init__(self, folder: Path, layers: Mapping[str, Layer], trials: Trials, full: Full, goal: Goal) -> None:
        self.layers, self.trials, self.full, self.goal = layers, trials, full, goal
        self._wanted: list[_Wanted] = []
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        self.study = optuna.create_study(
            storage=f"sqlite:///{folder / 'study.db'}",
            study_name=f"{trials.key} {goal.name}",
            sampler=optuna.samplers.TPESampler(seed=trials.base.recipe.seed, n_startup_trials=6, constant_liar=True),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
            load_if_exists=True,
        )

    def begin(self, own: Widths, rates: Iterable[float]) -> None:
        """Propose the recipe's `own` widths, and for each of the `rates` those at which no more of a layer's sums
        overflow: once with all that is tried for the layers whose bits are cheaper than the others', once without.
        """
        self.propose(own)
        least = {name: layer.low for name, layer in self.layers.items()}
        costs = {name: self._cost({**least, name: layer.high}) for name, layer in self.layers.items()}
        mean = sum(costs.values()) / len(costs)
        spared = {name: layer.high for name, layer in self.layers.items() if costs[name] < mean}
        for rate in rates:
            narrow = {name: layer.narrowest(rate) for name, layer in self.layers.items()}
            self.propose({**narrow, **spared})
            self.propose(narrow)

    def propose(self, widths: Widths) -> None:
        """Have `widths` tried, once in the life of the study."""
        inside = self._inside(widths)
        there = [trial.params for trial in self.study.get_trials(deepcopy=False)]
        if inside not in [*there, *(wanted.widths for wanted in self._wanted)]:
            self._wanted.append(_Wanted(inside, {}))

    def take_up(self) -> int:
        """Have the trials that were cut off go on, as new ones; how many they are. Trials of an earlier search with
        another goal are judged again, without training.
        """
        cut = 0
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            if set(trial.params) == set(self.layers):
                self._wanted.insert(cut, _Wanted(trial.params, trial.user_attrs, trial.number))
                cut += 1
            else:
                self.study.tell(trial.number, state=TrialState.FAIL)
        for widths in self.trials.known():
            self.propose(widths)
        return cut

    def go(
        self,
        count: int,
        seconds: float | None,
        workers: Workers,
        tell: Callable[[Found | Worthless], None],
        console: Console,
    ) -> None:
        """Train until the study holds `count` trained trials, then the best in full, the next where that does not keep
        the accuracy, after what trials are left. Nothing starts after `seconds`. As many trials run beside each other
        as there are `workers`' places; with the same number a search repeats itself.
        """
        end = time.monotonic() + seconds if seconds is not None else math.inf
        while True:
            while self.trained() < count and (batch := self._batch(min(workers.places, count - self.trained()), end)):
                for one in self._try(batch, workers):
                    tell(one)
            best = self.best()
            if best is None or best.full is not None or time.monotonic() >= end:
                return
            self.full.run(best.widths, workers, console, end)
            if self.full.accuracy(best.widths) is not None:
                tell(next(one for one in self.found() if one.number == best.number))

    def _batch(self, size: int, end: float) -> list[_Candidate]:
        """What to try next, `size` candidates or as many as are left; after `end` only what is known."""
        batch: list[_Candidate] = []
        idle = 0
        while len(batch) < size:
            if idle == ASKS:
                left = self._nearest(batch)
                if left is None:
                    break
                self.study.enqueue_trial(left)
                idle = 0
            trial, begun = self._next()
            widths = {name: trial.suggest_int(name, layer.low, layer.high) for name, layer in self.layers.items()}
            if not begun and self._ruled_out(batch)(widths):
                self.trials.forget(widths)
                self.study.tell(trial, state=TrialState.FAIL)
                idle += 1
                continue
            if time.monotonic() >= end and not self.trials.is_known(widths):
                self.study.enqueue_trial(widths, user_attrs=trial.user_attrs)
                self.study.tell(trial, state=TrialState.FAIL)
                break
            idle = 0
            batch.append(_Candidate(trial, widths))
        return batch

    def _next(self) -> tuple[optuna.Trial, bool]:
        """The next one, and whether it was cut off before: then it goes on, whatever is known by now."""
        if not self._wanted:
            return self.study.ask(), False
        wanted = self._wanted.pop(0)
        self.study.enqueue_trial(wanted.widths, user_attrs=dict(wanted.known))
        trial = self.study.ask()
        if wanted.number is not None:
            self.study.tell(wanted.number, state=TrialState.FAIL)
        return trial, wanted.number is not None

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

    def _try(self, batch: Sequence[_Candidate], workers: Workers) -> Iterator[Found | Worthless]:
        """Train each to the middle of its wrapped epochs, then the rest of those that are not behind; gives each when
        it is judged.
        """
        wide, whole = self.trials.wide, self.trials.epochs
        for epochs in sorted({wide + max(1, (whole - wide) // 2), whole}):
            outcomes = [self._train(one, epochs, workers) for one in batch]
            going_on = []
            for one, outcome in zip(batch, outcomes, strict=True):
                try:
                    judged = self._judge(one, outcome())
                except ToolError as error:
                    raise ToolError(f"search: bits {shown(one.widths)}: {error}") from None
                if judged is None:
                    going_on.append(one)
                else:
                    yield judged
            batch = going_on

    def _train(self, one: _Candidate, epochs: int, workers: Workers) -> Callable[[], Outcome]:
        known = self.trials.is_known(one.widths)
        if "trained" not in one.trial.user_attrs:
            one.trial.set_user_attr("trained", not known)
        if known:
            return partial(self.trials.run, one.widths, epochs=epochs)
        return workers.submit(self.trials.run, one.widths, epochs=epochs).result

    def _judge(self, one: _Candidate, outcome: Outcome) -> Found | Worthless | None:
        """What became of it; None if it is to go on."""
        trial, widths = one.trial, one.widths
        if outcome.worthless:
            # Farther off than any accuracy: Optuna looks elsewhere.
            trial.set_constraint("excess", 1.0)
            trial.set_user_attr("worthless", outcome.worthless)
            self.study.tell(trial, state=TrialState.PRUNED)
            return Worthless(widths, outcome.worthless)
        for epoch in range(max(one.reported, self.trials.wide), len(outcome.accuracies)):
            trial.report(1 - outcome.accuracies[epoch], epoch + 1)
        one.reported = len(outcome.accuracies)
        accuracy = outcome.accuracies[-1]
        trial.set_user_attr("accuracy", accuracy)
        excess = self.goal.accuracy - accuracy
        if one.reported == self.trials.epochs:
            trial.set_constraint("excess", excess)
            return self._found(self.study.tell(trial, self._cost(widths)))
        if excess > 0 and trial.should_prune():
            trial.set_constraint("excess", excess)
            frozen = self.study.tell(trial, state=TrialState.PRUNED)
            self.trials.forget(widths)
            return self._found(frozen)
        return None

    def _cost(self, widths: Widths) -> float:
        cost = self.goal.cost(widths, self.layers)
        if isinstance(cost, bool) or not isinstance(cost, int | float):
            raise InputError(f"the cost function gave {cost!r} for {dict(widths)}, expected a number")
        return float(cost)

    def _nearest(self, batch: Sequence[_Candidate]) -> dict[str, int] | None:
        """What is neither ruled out nor in the `batch` and differs least from the best so far, the cheaper of equals;
        None if nothing is left. Of too many combinations only those with one layer a bit narrower count.
        """
        best = self.best()
        centre = dict(best.widths) if best else {name: layer.high for name, layer in self.layers.items()}
        ranges = [range(layer.low, layer.high + 1) for layer in self.layers.values()]
        every: Iterable[dict[str, int]]
        if math.prod(map(len, ranges)) > FEW:
            every = (self._inside({**centre, name: bits - 1}) for name, bits in centre.items())
        else:
            every = (dict(zip(self.layers, widths, strict=True)) for widths in itertools.product(*ranges))
        is_ruled_out = self._ruled_out(batch)
        return min(
            (widths for widths in every if not is_ruled_out(widths)),
            key=lambda widths: (sum(abs(widths[name] - bits) for name, bits in centre.items()), self._cost(widths)),
            default=None,
        )

    def _ruled_out(self, batch: Sequence[_Candidate]) -> Callable[[Widths], bool]:
        """Tells of widths whether they were tried, or are in the `batch`, or training could only repeat what is known:
        no cheaper than what fits, or nowhere wider than what does not.
        """
        found = self.found()
        tried: list[Widths] = [one.widths for one in found]
        tried += [one.widths for one in self.worthless()] + [one.widths for one in batch]

        def is_ruled_out(widths: Widths) -> bool:
            if widths in tried:
                return True
            if self.trials.is_known(widths):
                return False
            cost = self._cost(widths)
            return any(
                cost >= one.cost if one.fits else all(widths[name] <= bits for name, bits in one.widths.items())
                for one in found
            )

        return is_ruled_out

    def _inside(self, widths: Widths) -> dict[str, int]:
        return {name: min(max(widths[name], layer.low), layer.high) for name, layer in self.layers.items()}

    def _judged(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))

    def _found(self, trial: FrozenTrial) -> Found:
        widths = self._widths(trial)
        stopped = trial.state == TrialState.PRUNED
        accuracy, full = trial.user_attrs["accuracy"], self.full.accuracy(widths)
        stopped = stopped and full is None
        fits = not stopped and (accuracy if full is None else full) >= self.goal.accuracy
        epochs = max(trial.intermediate_values)
        return Found(trial.number, widths, accuracy, self._cost(widths), epochs, stopped, fits, full)

    def _widths(self, trial: FrozenTrial) -> dict[str, int]:
        return {name: trial.params[name] for name in self.layers}
