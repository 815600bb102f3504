# SPDX-License-Identifier: BSD-3-Clause
"""The candidates by cost and accuracy as one HTML page that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.files import write_text
from chain.report import standalone
from training.search.front import front
from training.search.study import Found

WIDTH, HEIGHT = 720, 340
TICKS = 5


@dataclass(frozen=True)
class Content:
    """What the page shows; accuracies are 0..1. `limit` is the least accuracy that fits, `own_cost` the recipe's."""

    model: str
    cost_name: str
    reference: float
    limit: float
    own_cost: float
    found: Sequence[Found]
    best: Found


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


def render(content: Content) -> str:
    """The page's text."""
    accuracies = [one.accuracy for one in content.found]
    accuracies += [content.reference, content.limit]
    costs = [*(one.cost for one in content.found), content.own_cost]
    x, y = _scale(costs, WIDTH), _scale([100 * value for value in accuracies], HEIGHT)
    return standalone.render(
        Path(__file__).with_name("front.html"),
        {},
        content=content,
        front=front(content.found),
        x=x,
        y=y,
        x_ticks=[(x(value), f"{value:.4g}") for value in x.ticks()],
        y_ticks=[(round(HEIGHT - y(value), 1), f"{value:.2f} %") for value in y.ticks()],
        width=WIDTH,
        height=HEIGHT,
    )


def save(path: Path, content: Content) -> Path:
    """Write the page to `path`."""
    write_text(path, render(content))
    return path


def _scale(values: Sequence[float], length: float) -> Scale:
    margin = 0.05 * (max(values) - min(values)) or 0.05 * abs(values[0]) or 1.0
    return Scale(min(values) - margin, max(values) + margin, length)
