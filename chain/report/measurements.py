# SPDX-License-Identifier: BSD-3-Clause
"""What `bench` measured, in build/<model>/measurements/*.json: read, held against the design, and as tables.

A board's figures and the simulated board's never share a table.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from chain.errors import InputError
from chain.report.words import count, plain

FOLDER = "measurements"
SIMULATED = "wrapnet-simulated"
"""The simulated board's name: a file that has it and calls itself measured is refused."""


@dataclass(frozen=True)
class Shown:
    """One measurement as a table. `about` says where and how; `energy` is one sentence, '' on the simulated board."""

    title: str
    simulated: bool
    about: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]
    energy: str


def read(folder: Path, model: str, schema: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The measurements in build/<model>/ = `folder` of its present design, in order of their files' names, and notes.

    A note names each file that is of another model or design; it is left out. Raises InputError for a file that is not
    of the form in `schema` ($defs: measurement).
    """
    paths = sorted((folder / FOLDER).glob("*.json"))
    present = _design(folder / "board" / f"{model}.json") if paths else ""
    found, notes = [], []
    for path in paths:
        values = _measurement(path, schema)
        name = f"{FOLDER}/{path.name}"
        if values["model"] != model:
            notes.append(f"{name} is of the model {values['model']!r} and left out")
        elif values["design_hash"] != present:
            now = f"the present one is {present[:8]}" if present else "the present one is not known (make shell)"
            made = values["design_hash"][:8]
            notes.append(f"{name} was measured on the design {made}, {now}: it is left out; measure again")
        else:
            found.append({"file": name, **values})
    return found, notes


def shown(report: Mapping[str, Any]) -> list[Shown]:
    """A table for each measurement of a report; a board's first, the simulated board's last."""
    found = report.get("measurements", [])
    return [_shown(values) for values in sorted(found, key=lambda values: values["simulated"])]


def _measurement(path: Path, schema: Mapping[str, Any]) -> dict[str, Any]:
    form = {"$ref": "#/$defs/measurement", "$defs": schema["$defs"]}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}): remove it and measure again") from None
    wrong = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(form).iter_errors(values))
    if wrong is not None:
        where = ".".join(str(part) for part in wrong.absolute_path) or "the file"
        raise InputError(f"{path} is not what `bench` writes: {where}: {wrong.message}; remove it and measure again")
    if (values["board"]["name"] == SIMULATED) != values["simulated"]:
        raise InputError(f"{path}: simulated is {values['simulated']} on {values['board']['name']!r}: remove it")
    return values


def _design(path: Path) -> str:
    """The design's hash in the metadata of the board that the chain built; '' if there is none."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["design_hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _shown(values: Mapping[str, Any]) -> Shown:
    board, simulated, clock = values["board"], values["simulated"], float(values["clock_mhz"])
    columns: list[tuple[str, Callable[[Mapping[str, Any]], str]]] = [
        ("first image, µs", lambda row: _spread(row["fill_cycles"], 1 / clock)),
        ("interval, cycles", lambda row: _spread(row["interval_cycles"], 1)),
        ("fabric, ms", lambda row: _spread(row["cycles"], 1e-3 / clock)),
        ("steady images/s", lambda row: _rate(row["fps"])),
    ]
    if not simulated:
        columns += [
            ("packing, ms", lambda row: _spread(row["host_seconds"]["pack"], 1e3)),
            ("transfer, ms", lambda row: _spread(row["host_seconds"]["transfer"], 1e3)),
            ("unpacking, ms", lambda row: _spread(row["host_seconds"]["unpack"], 1e3)),
            ("whole call, ms", lambda row: _spread(row["host_seconds"]["call"], 1e3)),
            ("images/s, host included", lambda row: _rate(row["call_fps"])),
        ]
    ran = [row for row in values["batches"] if row.get("skipped") is None]
    calls = f"median of {values['repetitions']} calls and the {values['spread']} in brackets"
    if simulated:
        title = "Counted on the simulated board"
        about = f"Simulated cycles at {plain(clock)} MHz, {calls}. Nothing here was measured on hardware."
    else:
        title = f"Measured on {board['name']}"
        image = ", ".join(part for part in (board["image"], board["system"]) if part) or "image not known"
        network = "; host and transfer times include a network" if board["remote"] else ""
        about = (
            f"{values['measured'][:10]}, {image}, pynq {values['driver'].get('pynq', 'unknown')}, {plain(clock)} MHz; "
            f"{calls}{network}. Cycles by the accelerator's counters, times by the host's clock."
        )
    return Shown(
        title=title,
        simulated=simulated,
        about=about,
        headings=("images a call", *(name for name, _ in columns)),
        rows=tuple((count(row["images"]), *(cell(row) for _, cell in columns)) for row in ran),
        left_out=tuple(
            f"{count(row['images'])} images: {row['skipped']}" for row in values["batches"] if row.get("skipped")
        ),
        energy="" if simulated else _energy(values["energy"]),
    )


def _energy(energy: Mapping[str, Any] | None) -> str:
    if energy is None:
        return "Energy: not measured."
    said = []
    if energy["rails"]:
        rails = energy["rails"]
        said.append(
            f"{1e3 * rails['joules_per_image']:.3g} mJ an image by the board's rails "
            f"({rails['watts']:.2f} W, at rest {rails['idle_watts']:.2f} W; {rails['of']})"
        )
    if energy["meter"]:
        meter = energy["meter"]
        said.append(
            f"{1e3 * meter['joules_per_image']:.3g} mJ an image by the user's own reading of {meter['watts']:g} W"
        )
    ran = f"{count(energy['images'])} images in {energy['seconds']:.1f} s, host and fabric together"
    return f"Energy: {'; '.join(said) or energy['note']} ({ran})."


def _spread(value: Mapping[str, float] | None, scale: float) -> str:
    if value is None:
        return "-"
    return f"{_digits(value['median'] * scale)} ({_digits((value['q3'] - value['q1']) * scale)})"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == 0 else f"{value:.4g}"


def _rate(value: float | None) -> str:
    return "-" if value is None else count(value)


def any_board(tables: Sequence[Shown]) -> bool:
    """Whether a real board is among them."""
    return any(not table.simulated for table in tables)
