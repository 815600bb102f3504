# SPDX-License-Identifier: BSD-3-Clause
"""The candidates by cost and accuracy as one HTML page that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.files import write_text
from chain.report import standalone
from chain.report.scale import around
from training.search.front import front
from training.search.study import Found

WIDTH, HEIGHT = 720, 340


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


def render(content: Content) -> str:
    """The page's text."""
    accuracies = [one.judged for one in content.found]
    accuracies += [content.reference, content.limit]
    costs = [*(one.cost for one in content.found), content.own_cost]
    x, y = around(costs, WIDTH), around([100 * value for value in accuracies], HEIGHT)
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
