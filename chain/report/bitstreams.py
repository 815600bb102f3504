# SPDX-License-Identifier: BSD-3-Clause
"""What `make bitstream` left in build/<model>/bitstream/*/bitstream.json: read, and set beside the estimate.

These are the place and route tools' own reports. Nothing here was measured on a board.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import InputError
from chain.report.words import percent, plain
from fpga import design

KINDS = {"lut": "LUTs", "ff": "flip-flops", "bram36": "BRAM36", "dsp": "DSP blocks"}


@dataclass(frozen=True)
class Shown:
    """One bitstream as a table; a row is kind of cell, used, of how many, estimated before, and the difference."""

    title: str
    about: str
    stale: bool
    rows: tuple[tuple[str, str, str, str, str], ...]


def read(folder: Path, resources: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The bitstreams in build/<model>/ = `folder` by board, and a note for each that is not of the present rtl/.

    `resources` is the estimate (resources.json). Raises InputError for a file that is no record.
    """
    paths = sorted((folder / "bitstream").glob("*/bitstream.json"))
    present = design.digest(folder / "rtl") if paths else ""
    found = [_bitstream(path, present, resources) for path in paths]
    notes = [
        f"the bitstream for {values['board']} is of design {values['design_hash'][:8]}, rtl/ now holds {present[:8]}: "
        f"repeat `make bitstream MODEL={folder.name} BOARD={values['board']}`"
        for values in found
        if values["stale"]
    ]
    return found, notes


def shown(report: Mapping[str, Any]) -> list[Shown]:
    """A table for each bitstream of a report."""
    return [_shown(values) for values in report.get("bitstreams", [])]


def _bitstream(path: Path, present: str, resources: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        timing = values["timing"]
        found: dict[str, Any] = {key: values[key] for key in ("board", "part", "toolchain", "tool", "design_hash")}
        found |= {
            "stale": values["design_hash"] != present,
            "clock_mhz": float(timing["clock_mhz"]),
            "fmax_mhz": float(timing["fmax_mhz"]),
            "met": bool(timing["met"]),
            "slowest_layer": str(timing.get("layer", "")),
            "use": dict(values["use"]),
            "available": dict(values["available"]),
            "power_w": values.get("power_w"),
        }
        accelerator = dict(values.get("accelerator") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is no record of a bitstream ({error!r}): remove it and repeat `make bitstream`"
        ) from None
    # The estimate is of the accelerator alone; not every tool counts that by itself, or in the same kinds of cell.
    counted = accelerator or found["use"]
    kinds = [kind for kind in KINDS if kind in counted and kind in resources]
    if kinds and not found["stale"] and _family(found["part"]) == _family(str(resources["device"])):
        found["estimate"] = {
            "tool": resources["tool"],
            "of": "accelerator" if accelerator else "whole design, shell included",
            "counted": {kind: counted[kind] for kind in kinds},
            "estimated": {kind: resources[kind] for kind in kinds},
            "difference_percent": {
                kind: 100 * (counted[kind] / resources[kind] - 1) for kind in kinds if resources[kind]
            },
        }
    return found


def _family(part: str) -> str:
    return part[:4].lower()


def _shown(values: Mapping[str, Any]) -> Shown:
    estimate = values.get("estimate")
    rows = []
    for kind, used in values["use"].items():
        of = values["available"].get(kind)
        share = f"{percent(used / of)} of {plain(of)}" if of else "-"
        before, difference = "-", "-"
        if estimate and kind in estimate["estimated"]:
            before = f"{plain(estimate['counted'][kind])}, estimated {plain(estimate['estimated'][kind])}"
        if estimate and kind in estimate["difference_percent"]:
            difference = f"{estimate['difference_percent'][kind]:+.1f} %"
        rows.append((KINDS.get(kind, kind), plain(used), share, before, difference))
    about = f"{values['part']}, placed and routed by {values['tool']}: {plain(values['clock_mhz'])} MHz asked, "
    about += f"{values['fmax_mhz']:.1f} MHz reached"
    if values["slowest_layer"]:
        about += f" (slowest path in {values['slowest_layer']})"
    if values["power_w"] is not None:
        about += f"; {values['power_w']:.3g} W by the tool's estimate"
    if estimate:
        about += f". Compared: the {estimate['of']}, with {estimate['tool']}'s estimate of the accelerator"
    return Shown(f"Bitstream for {values['board']}", f"{about}.", bool(values["stale"]), tuple(rows))
