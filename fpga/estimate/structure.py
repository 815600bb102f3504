# SPDX-License-Identifier: BSD-3-Clause
"""What a node is made of, counted: the terms that the fitted factors multiply."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fpga.resources import Use

Terms = Mapping[str, float]
CELLS = "cells"


@dataclass
class Counts(Use):
    """What nodes take, and the levels of logic on the longest path of any of them (fpga/levels.py)."""

    levels: int = 0

    def add(self, other: Use) -> None:
        """Add `other` to this; the longer path counts."""
        super().add(other)
        if isinstance(other, Counts):
            self.levels = max(self.levels, other.levels)


@dataclass(frozen=True)
class Structure:
    """Counts by name for look-up tables, flip-flops and carry chains, in units of these; block RAMs are exact. The
    longest path is counted in levels of logic, by what it goes through.

    `kind` says which factors belong to it: an op, and its form where it has several. What is called CELLS is counted
    as it is: cells made of primitives, which have no factor.
    """

    kind: str
    lut: Terms
    ff: Terms
    carry4: Terms = field(default_factory=dict)
    bram36: float = 0
    levels: Terms = field(default_factory=dict)


Count = Callable[[Any], Structure]
"""From FINN's instance of a node with its folding set, general form or RTL, to its structure."""


def bits(number: int) -> int:
    """Width of a counter of `number` states.

    >>> [bits(number) for number in (1, 2, 5, 8)]
    [0, 1, 3, 3]
    """
    return max(0, math.ceil(math.log2(number))) if number > 1 else 0


def blocks(width: int) -> int:
    """CARRY4 cells of a chain."""
    return -(-width // 4)


def tables(count: int) -> int:
    """Of a counter of so many steps in turn: its step, and the comparison that finds the last one but one."""
    return 0 if count < 2 else 1 if count == 2 else 1 + -(-bits(count) // 6)


def registers(count: int) -> int:
    """Of a counter of so many steps in turn: its number and whether it is the last, which of two steps is the same."""
    return 0 if count < 2 else 1 if count == 2 else bits(count) + 1
