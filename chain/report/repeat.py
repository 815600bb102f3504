# SPDX-License-Identifier: BSD-3-Clause
"""Which variables of make repeat the results in build/<model>/, as the steps have recorded them."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from chain.cli import is_path
from chain.record import Run

ORDER = ("MODEL", "DATA", "FPS", "LUT")


def arguments(model: str, build: Path, runs: Mapping[str, Run]) -> str:
    """What goes behind `make deploy`: `model` as the user gave it, or the recipe of a name that is not the project's.

    A later step's value stands, where two steps were given different ones.
    """
    given = {"MODEL": model}
    for run in runs.values():
        given |= run.variables
    if is_path(model):
        given["MODEL"] = model
    given["MODEL"] = _short(given["MODEL"])
    if build != Path("build"):
        given["BUILD"] = str(build)
    names = sorted(given, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return " ".join(f"{name}={shlex.quote(given[name])}" for name in names)


def _short(model: str) -> str:
    """A recipe's path from where the user stands, if it lies below."""
    path = Path(model)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else model
