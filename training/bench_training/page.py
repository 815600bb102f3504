# SPDX-License-Identifier: BSD-3-Clause
"""The rows as one HTML page that needs nothing else: no network, no script, no file beside it."""

from collections.abc import Sequence
from pathlib import Path

from chain.files import write_text
from chain.report import standalone
from training.bench_training import plots
from training.bench_training.plan import METHODS
from training.bench_training.rows import Row

NAME = "training.html"


def render(rows: Sequence[Row]) -> str:
    """The page's text."""
    groups = plots.groups(rows)
    return standalone.render(
        Path(__file__).with_name("page.html"),
        {"percent": lambda value: f"{100 * value:.2f}"},
        groups=groups,
        pictures=(
            ("Accuracy by width, percent", [plots.accuracy(*group) for group in groups.items()]),
            ("What the fold gains over the penalty alone, points", [plots.fold(*group) for group in groups.items()]),
            ("Ours against A2Q and A2Q+, points", [c for c in (plots.rivals(*group) for group in groups.items()) if c]),
        ),
        methods=METHODS,
        styles=plots.STYLES,
    )


def save(rows: Sequence[Row], folder: Path) -> Path:
    """Write `folder`/training.html."""
    path = folder / NAME
    write_text(path, render(rows))
    return path
