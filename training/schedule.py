# SPDX-License-Identifier: BSD-3-Clause
"""Stages that are one for all networks: of a recipe that gives only its `epochs` (docs/method.md, "The usual stages"),
and of a trained network that gets other accumulators.
"""

import math
from collections.abc import Mapping
from typing import Any

from chain.errors import InputError

LR = 4e-3
PENALTY = 0.03


def usual(epochs: Any, lr: float = LR) -> tuple[dict[str, Any], ...]:
    """Stages "wide", "penalty" and "wrap" as a recipe's tables, `epochs` in all: a twelfth with wide accumulators,
    whose network the report sets beside the result, half of them wrapped, and a light penalty from the second stage on.
    The learning rate goes down from `lr` as if they were one.

    Raises InputError unless `epochs` is a whole number of 3 or more.

    >>> [(stage["name"], stage["epochs"], round(stage["lr"], 5)) for stage in usual(24)]
    [('wide', 2, 0.004), ('penalty', 10, 0.00393), ('wrap', 12, 0.002)]
    """
    if not isinstance(epochs, int) or isinstance(epochs, bool) or epochs < 3:
        raise InputError(f"epochs: found {epochs!r}, expected a whole number of 3 or more: an epoch a stage")
    wide, wrap = max(1, round(epochs / 12)), epochs // 2
    return _in_a_row({"wide": wide, "penalty": epochs - wide - wrap, "wrap": wrap}, lr, PENALTY)


def again(epochs: int, lr: float, penalty: float = 0.0) -> tuple[dict[str, Any], ...]:
    """Stages "penalty" and "wrap" for a network that was trained with other accumulators: a third of the `epochs` with
    the price on overflow alone (0.03 for a `penalty` of 0), the rest wrapped; of a single epoch, that. `lr` is best the
    rate that its training began with.

    >>> [(stage["name"], stage["epochs"], round(stage["lr"], 5)) for stage in again(9, 4e-3)]
    [('penalty', 3, 0.004), ('wrap', 6, 0.003)]
    """
    wide = round(epochs / 3)
    return _in_a_row({"penalty": wide, "wrap": epochs - wide}, lr, penalty or PENALTY)


def _in_a_row(lengths: Mapping[str, int], lr: float, penalty: float) -> tuple[dict[str, Any], ...]:
    """One cosine over stages of these names and lengths, those without an epoch left out; "wide" has no penalty."""
    epochs, start, stages = sum(lengths.values()), 0, []
    for name, length in lengths.items():
        if not length:
            continue
        first, last = _fall(start / epochs), _fall((start + length) / epochs)
        stage = {"name": name, "epochs": length, "lr": lr * first, "accumulator": "wrap" if name == "wrap" else "wide"}
        stage |= {"final_lr": max(last / first, 0.01)}
        stages.append(stage if name == "wide" else stage | {"penalty": penalty})
        start += length
    return tuple(stages)


def _fall(share: float) -> float:
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * share))
