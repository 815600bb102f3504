# SPDX-License-Identifier: BSD-3-Clause
"""From values to places in a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

TICKS = 5


@dataclass(frozen=True)
class Scale:
    """Maps values from `low`..`high` to 0..`length`."""

    low: float
    high: float
    length: float

    def __call__(self, value: float) -> float:
        """
        >>> Scale(2, 4, 100)(3)
        50.0
        """
        return round((value - self.low) / (self.high - self.low) * self.length, 1)

    def ticks(self) -> list[float]:
        """Values at equal distances, both ends included."""
        return [self.low + (self.high - self.low) * i / (TICKS - 1) for i in range(TICKS)]


def around(values: Sequence[float], length: float) -> Scale:
    """A scale that holds `values` (one at least) with a margin on both sides."""
    margin = 0.05 * (max(values) - min(values)) or 0.05 * abs(values[0]) or 1.0
    return Scale(min(values) - margin, max(values) + margin, length)
