# SPDX-License-Identifier: BSD-3-Clause
"""What is compared: networks, widths, seeds, epochs; and the stages of each method."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from chain.errors import InputError, nearest
from training.bench_training.a2q import WEIGHT_BITS
from training.bench_training.arithmetic import WIDE
from training.schedule import usual

VERSION = 4
"""Counted up when the same plan gives other results, or more of them: older ones are then made anew."""

WIDTHS = (16, 12, 10, 8, 7, 6)
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""The learning rates that every method may choose from, at every width."""

TUNING_SEED = 0
FOLD = 3


@dataclass(frozen=True)
class Setting:
    """A network, its widths and its data: what every method has in common."""

    dataset: str
    network: str
    weights: str | int
    activation_bits: int
    input_bits: int = 4
    batch_size: int = 64
    flip: bool = False


@dataclass(frozen=True)
class Contest:
    """A setting, and for how many epochs each method trains it; the methods at which widths; the seeds. `first_rate` is
    the learning rate of the network that A2Q and a saturating accumulator begin with.
    """

    setting: Setting
    epochs: int
    widths: tuple[int, ...] = WIDTHS
    seeds: tuple[int, ...] = (1, 2, 3)
    first_rate: float = 3e-3
    rates: tuple[float, ...] = RATES
    only_cached: bool = False


@dataclass(frozen=True)
class Step:
    """One stage of training. `accumulator` is "wide", "wrap", "fold", "saturate", "a2q" or "a2q+"; `bits` what the
    penalty and the accumulator are for; the learning rate falls from `rate` to `rate * final` (A2Q's in steps).
    """

    accumulator: str
    bits: int
    epochs: int
    rate: float
    penalty: float = 0.0
    final: float = 0.01


@dataclass(frozen=True)
class Chain:
    """Stages one after the other, from one seed; `tuning` trains without the images kept for choosing a rate."""

    setting: Setting
    seed: int
    tuning: bool
    steps: tuple[Step, ...]

    @property
    def parent(self) -> "Chain | None":
        """The chain without its last stage."""
        if len(self.steps) == 1:
            return None
        return Chain(self.setting, self.seed, self.tuning, self.steps[:-1])

    @property
    def epochs(self) -> int:
        """Of all stages."""
        return sum(step.epochs for step in self.steps)

    def key(self) -> str:
        """A hash of everything the trained weights depend on."""
        return _hash(asdict(self))


@dataclass(frozen=True)
class Trial:
    """A trained chain, evaluated with accumulators of `bits` bits of a kind. Batch norm is measured anew with them,
    unless they are `just_cut`: then with wide ones.
    """

    chain: Chain
    accumulator: str
    bits: int
    just_cut: bool = False

    def key(self) -> str:
        """A hash of everything the result depends on."""
        return _hash(asdict(self))


@dataclass(frozen=True)
class Method:
    """One way to narrow accumulators: its stages, and how the result is evaluated."""

    what: str
    steps: Callable[[Contest, int, float], tuple[Step, ...]]
    accumulator: str
    weights: int | None = None
    just_cut: bool = False
    by_width: bool = True


def _usual(second: str, third: str, priced: bool = False) -> Callable[[Contest, int, float], tuple[Step, ...]]:
    """The usual stages of a recipe, with accumulators of these kinds in the second and the third, with their price on
    overflow or without.
    """

    def steps(contest: Contest, bits: int, rate: float) -> tuple[Step, ...]:
        found = []
        for kind, stage in zip(("wide", second, third), usual(contest.epochs, rate), strict=True):
            penalty = stage.get("penalty", 0.0) if priced else 0.0
            matters = penalty > 0 or kind != "wide"
            found.append(
                Step(kind, bits if matters else WIDE, stage["epochs"], stage["lr"], penalty, stage["final_lr"])
            )
        return tuple(found)

    return steps


def _begun(accumulator: str) -> Callable[[Contest, int, float], tuple[Step, ...]]:
    """A third of the epochs with wide accumulators, then those of another kind from there."""

    def steps(contest: Contest, bits: int, rate: float) -> tuple[Step, ...]:
        first = contest.epochs // 3
        wide = Step("wide", WIDE, first, contest.first_rate)
        return wide, Step(accumulator, bits, contest.epochs - first, rate)

    return steps


METHODS = {
    "wide": Method("accumulators of 32 bits, trained as long", _usual("wide", "wide"), "wide", by_width=False),
    "cut": Method("that network, wrapped without training", _usual("wide", "wide"), "wrap", just_cut=True),
    "wrap": Method("wraparound without a fold", _usual("wrap", "wrap"), "wrap"),
    "penalty": Method(
        "wide accumulators with a price on overflow, then wrapped", _usual("wide", "wide", priced=True), "wrap"
    ),
    "ours": Method(
        "the penalty, then wraparound with the fold and the penalty", _usual("wide", "fold", priced=True), "fold"
    ),
    "saturate": Method("accumulators that saturate at the end of the sum", _begun("saturate"), "saturate"),
    "wide, 4-bit": Method(
        "32 bits and 4-bit weights, trained as long",
        _usual("wide", "wide"),
        "wide",
        weights=WEIGHT_BITS,
        by_width=False,
    ),
    "ours, 4-bit": Method("ours with 4-bit weights", _usual("wide", "fold", priced=True), "fold", weights=WEIGHT_BITS),
    "a2q": Method("Brevitas' A2Q, 4-bit weights", _begun("a2q"), "wrap", weights=WEIGHT_BITS),
    "a2q+": Method("Brevitas' A2Q+, 4-bit weights", _begun("a2q+"), "wrap", weights=WEIGHT_BITS),
}

_DIGITS = Setting("digits", "digits", "binary", 3)
_FMNIST = Setting("fashion-mnist", "fmnist-cnn", "binary", 4, batch_size=128, flip=True)
_FMNIST_TERNARY = Setting("fashion-mnist", "fmnist-cnn", "ternary", 2, batch_size=128, flip=True)


def contests(full: bool) -> tuple[Contest, ...]:
    """All of them: a short training of digits, Fashion-MNIST only from the cache; with `full` everything is trained."""
    return (
        Contest(_DIGITS, 75 if full else 24),
        Contest(_FMNIST, 15, only_cached=not full),
        Contest(_FMNIST_TERNARY, 15, only_cached=not full),
    )


def trial(contest: Contest, name: str, bits: int, rate: float, seed: int, tuning: bool) -> Trial:
    """A method at a width, with a learning rate and a seed. Raises InputError for a method that is not there."""
    if name not in METHODS:
        raise InputError(f"method {name!r}: there is none of that name; {nearest(name, METHODS)}")
    method = METHODS[name]
    setting = contest.setting
    if method.weights is not None:
        setting = Setting(**{**asdict(setting), "weights": method.weights})
    chain = Chain(setting, seed, tuning, method.steps(contest, bits, rate))
    return Trial(chain, method.accumulator, bits, method.just_cut)


def places(contest: Contest) -> Iterator[tuple[str, int]]:
    """Every method and width of the contest."""
    for name, method in METHODS.items():
        for bits in contest.widths if method.by_width else (WIDE,):
            yield name, bits


def _hash(values: object) -> str:
    text = json.dumps({"version": VERSION, "values": values}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
