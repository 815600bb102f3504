# SPDX-License-Identifier: BSD-3-Clause
"""What a step leaves of its own run in build/<model>/seconds/<step>.json: its time, and what the user asked of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chain.errors import InputError
from chain.files import write_json

FOLDER = "seconds"


@dataclass(frozen=True)
class Run:
    """One step's last run. `variables` are those of make that it was given and that its results depend on."""

    step: str
    seconds: float
    variables: dict[str, str]
    ended: float
    """The file's time stamp: which of two steps ran later."""


def write(folder: Path, step: str, seconds: float, **variables: object) -> None:
    """Record `step` in `folder` (build/<model>); variables of value None were not given."""
    given = {name: _text(value) for name, value in variables.items() if value is not None}
    write_json(folder / FOLDER / f"{step}.json", {"seconds": round(seconds, 3), "variables": given})


def read(folder: Path) -> dict[str, Run]:
    """Every step's record in `folder`, by step, in the order in which they ran. InputError for what is no record."""
    return {run.step: run for run in sorted(_runs(folder), key=lambda run: run.ended)}


def _runs(folder: Path) -> Iterator[Run]:
    for path in (folder / FOLDER).glob("*.json"):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            variables = {str(name): str(value) for name, value in values.get("variables", {}).items()}
            yield Run(path.stem, float(values["seconds"]), variables, path.stat().st_mtime)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} is no record of a step ({error!r}): remove it and repeat the step that writes it"
            ) from None


def _text(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
