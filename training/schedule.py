# SPDX-License-Identifier: BSD-3-Clause
"""The stages of a recipe that gives only its `epochs`: one for all networks (docs/method.md, "The usual stages")."""

import math
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
    penalty = epochs - wide - wrap
    lengths = (("wide", "wide", wide), ("penalty", "wide", penalty), ("wrap", "wrap", wrap))
    stages, start = [], 0
    for name, accumulator, length in lengths:
        first, last = _fall(start / epochs), _fall((start + length) / epochs)
        stage = {"name": name, "epochs": length, "lr": lr * first, "accumulator": accumulator}
        stage |= {"final_lr": max(last / first, 0.01)}
        stages.append(stage if name == "wide" else stage | {"penalty": PENALTY})
        start += length
    return tuple(stages)


def _fall(share: float) -> float:
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * share))
