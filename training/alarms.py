# SPDX-License-Identifier: BSD-3-Clause
"""What a training says while it runs when its result is in danger, and when it ends because the result is worthless.

The rules, each by its figures in the log after an epoch:

- overflow: in a stage with a penalty, or that wraps, a layer whose overflow rate is at least STUCK_RATE (1 %) and more
  than STUCK_SHARE (0.9) of what it was before the stage: the penalty does not work, or there is none. A penalty that
  works brings the rate below 0.1 % within a few epochs. Looked at from a stage's second epoch on, and at its end. Each
  layer once a stage.
- dead: channels that give one and the same value for all test images (training.channels). Each module once.
- chance: at the end of a stage, as many images are right as if predictions and labels had nothing to do with each
  other. After the last stage this is an error.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from chain.errors import InputError, WorthlessError
from training.channels import DeadChannels
from training.evaluation import Evaluation
from training.recipe import Stage

STUCK_RATE = 0.01
STUCK_SHARE = 0.9

# Fewer images do not tell chance from a network that has learnt something.
FEWEST_IMAGES = 100
DEVIATIONS = 3.0


@dataclass(frozen=True)
class Alarm:
    """One alarm of an epoch, as history.jsonl and training.json hold it; `layer` is empty for the network's own."""

    kind: Literal["overflow", "dead", "chance"]
    layer: str
    text: str


def raised(
    history: Sequence[dict[str, Any]],
    line: dict[str, Any],
    stage: Stage,
    test: Evaluation,
    dead: dict[str, DeadChannels],
) -> list[Alarm]:
    """The alarms of an epoch whose log is `line`, after the earlier epochs' `history`, that were not raised before."""
    done = 1 + sum(earlier["stage"] == stage.name for earlier in history)
    judges = "validation" if "validation_accuracy" in line else "test"
    alarms = [*_stuck(history, line, stage, done), *_dead(dead, judges)]
    known = {
        (alarm["kind"], alarm["layer"])
        for earlier in history
        for alarm in _of(earlier)
        if alarm["kind"] == "dead" or earlier["stage"] == stage.name
    }
    alarms = [alarm for alarm in alarms if (alarm.kind, alarm.layer) not in known]
    if done == stage.epochs and at_chance(test):
        alarms.append(Alarm("chance", "", _chance_text(stage, test, judges)))
    return alarms


def at_chance(test: Evaluation) -> bool:
    """Whether no more images are right than chance would have, given how often each class is predicted and is there.

    With such counts a_c and b_c of N images, sum(a_c * b_c) / N are right by chance: the 1/classes of guesses, the
    majority's share of a network that sees one class in everything. DEVIATIONS standard deviations of that number
    are allowed for. False for fewer than FEWEST_IMAGES images.
    """
    n = test.images
    if n < FEWEST_IMAGES:
        return False
    pairs = list(zip(test.predicted, test.labelled, strict=True))
    expected = sum(a * b for a, b in pairs) / n
    # The variance of the number of matches when one side is shuffled.
    same = sum(a * b * (n - a) * (n - b) for a, b in pairs)
    other = sum(a * b for a, b in pairs) ** 2 - sum((a * b) ** 2 for a, b in pairs)
    variance = (same + other) / (n * n * (n - 1))
    return test.correct <= expected + DEVIATIONS * math.sqrt(variance)


def not_finite(stage: Stage, loss: float, where: str, lr: float, epoch: int, step: int) -> WorthlessError:
    """The error that ends a training whose loss is not finite; `where` is from training.finiteness."""
    return WorthlessError(
        f"stage {stage.name!r}: the loss is {loss} in step {step} of epoch {epoch}; first not finite: {where} at "
        f"learning rate {lr:g}. Lower the stage's lr, found {stage.lr:g}"
    )


def require_worth(history: Sequence[dict[str, Any]]) -> None:
    """Raise WorthlessError if the last epoch's alarms say that the network is at chance."""
    for alarm in _of(history[-1]) if history else []:
        if alarm["kind"] == "chance":
            raise WorthlessError(alarm["text"])


def require_finished_worth(folder: Path) -> None:
    """The same for the finished training that left training.json in `folder`."""
    path = folder / "training.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}): remove it, and train again") from None
    require_worth([{"alarms": [alarm for alarm in _of(found) if alarm["epoch"] == found["epochs"]]}])


def summary(history: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What training.json holds: every alarm with its epoch, and the dead channels of the last epoch."""
    return {
        "alarms": [{"epoch": line["epoch"], **alarm} for line in history for alarm in _of(line)],
        "dead_channels": history[-1].get("dead_channels", {}) if history else {},
    }


def entries(alarms: Sequence[Alarm]) -> list[dict[str, str]]:
    """The alarms as an epoch's log holds them."""
    return [asdict(alarm) for alarm in alarms]


def _of(logged: dict[str, Any]) -> list[dict[str, Any]]:
    """The alarms in a log; a log of an older version has none."""
    return logged.get("alarms", [])  # type: ignore[no-any-return]


def _stuck(history: Sequence[dict[str, Any]], line: dict[str, Any], stage: Stage, done: int) -> list[Alarm]:
    before = [earlier for earlier in history if earlier["stage"] != stage.name][-1:] or list(history[:1])
    matters = stage.penalty > 0 or stage.accumulator == "wrap"
    if not matters or not before or (done == 1 and stage.epochs > 1):
        return []
    cause, remedy = "no penalty brings it down", "Give the stage a penalty"
    if stage.penalty:
        cause, remedy = f"the penalty {stage.penalty:g} does not bring it down", "Raise the penalty"
    alarms = []
    for name, layer in line["layers"].items():
        rate, first = layer["overflow_rate"], before[0]["layers"][name]["overflow_rate"]
        if rate >= STUCK_RATE and rate > STUCK_SHARE * first:
            text = (
                f"layer {name!r}: {100 * rate:.2f} % of its sums overflow after {done} epochs of stage "
                f"{stage.name!r}, {100 * first:.2f} % before: {cause}. "
                f"{remedy}, give the layer more accumulator_bits, or use narrower activations"
            )
            alarms.append(Alarm("overflow", name, text))
    return alarms


def _dead(dead: dict[str, DeadChannels], judges: str) -> list[Alarm]:
    return [
        Alarm("dead", name, f"layer {name!r}: channels without information on the {judges} images: {channels}")
        for name, channels in dead.items()
    ]


def _chance_text(stage: Stage, test: Evaluation, judges: str) -> str:
    rates = {name: layer.overflow_rate for name, layer in test.layers.items()}
    worst = max(rates, key=rates.__getitem__)
    return (
        f"after stage {stage.name!r} {test.correct} of {test.images} {judges} images are right, no more than by "
        f"chance. Lower the stage's lr, found {stage.lr:g}, or give it more epochs, found "
        f"{stage.epochs}; where many sums overflow, more accumulator_bits or narrower activations (most in layer "
        f"{worst!r}, {100 * rates[worst]:.2f} %); and see whether the labels belong to the images"
    )
