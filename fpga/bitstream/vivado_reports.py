# SPDX-License-Identifier: BSD-3-Clause
"""Vivado's reports as text, in the form that AMD documents: UG835 (utilisation), UG906 (timing), UG907 (power)."""

import re
from dataclasses import dataclass, replace

from chain.errors import ToolError

_ROWS = {"lut": r"(?:Slice|CLB) LUTs", "ff": r"(?:Slice|CLB) Registers", "bram36": "Block RAM Tile", "dsp": "DSPs"}
_PATH = re.compile(r"^Slack[^:\n]*:\s*(-?[\d.]+)ns.*?^\s*Source:\s*(\S+).*?^\s*Destination:\s*(\S+)", re.M | re.S)


@dataclass(frozen=True)
class Slack:
    """Worst slacks, ns, and the ends of the worst path: of setup, unless only hold is violated, or more."""

    setup: float
    hold: float
    source: str
    destination: str

    @property
    def worst(self) -> float:
        """The less of the two: below 0, the design does not work at its clock."""
        return min(self.setup, self.hold)

    @property
    def is_hold(self) -> bool:
        """Whether it is hold that is violated most: a slower clock does not help then."""
        return self.hold < 0 and self.hold < self.setup


def timing(text: str) -> Slack:
    """Of report_timing_summary. ToolError where no path is constrained, or the text is of another form."""
    found = re.search(r"^\s*WNS\(ns\)\s+TNS\(ns\)[^\n]*\n[ -]*\n\s*([^\n]*)$", text, re.MULTILINE)
    columns = found.group(1).split() if found else []
    try:
        # WNS, TNS, failing and total end points of setup; the same of hold follow.
        setup, hold = float(columns[0]), float(columns[4])
    except (IndexError, ValueError):
        raise ToolError(
            f"Vivado's timing summary has no worst slacks ({' '.join(columns) or 'no such table'}): is the clock "
            "constrained?"
        ) from None
    slack = Slack(setup, hold, "?", "?")
    path = _PATH.search(text, max(text.find("Min Delay Paths" if slack.is_hold else "Max Delay Paths"), 0))
    return replace(slack, source=path.group(2), destination=path.group(3)) if path else slack


def utilization(text: str) -> tuple[dict[str, float], dict[str, float]]:
    """Of report_utilization: what the design takes, and what the part has, by kind. ToolError for a missing row."""
    use, available = {}, {}
    for kind, title in _ROWS.items():
        row = re.search(rf"^\|\s*{title}\*?\s*\|(.*)\|\s*$", text, re.MULTILINE)
        if row is None:
            raise ToolError(f"Vivado's utilisation report has no row {title!r}")
        columns = [column.strip() for column in row.group(1).split("|")]
        use[kind], available[kind] = float(columns[0]), float(columns[-2])  # the last is their quotient
    return use, available


def instance(text: str, name: str) -> dict[str, float]:
    """Of report_utilization -hierarchical: what the instance `name` takes with all in it; {} if it has no row."""
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.count("|") > 1]
    heads = next((row for row in table if row[0] == "Instance" and "FFs" in row), None)
    row = next((row for row in table if row[0] == name and heads and len(row) == len(heads)), None)
    if heads is None or row is None:
        return {}
    value = dict(zip(heads, row, strict=True))
    dsp = next((value[head] for head in ("DSP Blocks", "DSP48 Blocks") if head in value), "0")
    return {
        "lut": float(value["Total LUTs"]),
        "ff": float(value["FFs"]),
        "bram36": float(value["RAMB36"]) + float(value["RAMB18"]) / 2,
        "dsp": float(dsp),
    }


def power(text: str) -> float | None:
    """Of report_power: the whole chip's, watts; None if there is no such row."""
    found = re.search(r"^\|\s*Total On-Chip Power \(W\)\s*\|\s*([\d.]+)", text, re.MULTILINE)
    return float(found.group(1)) if found else None


def version(text: str) -> str:
    """Of any report's head: "2023.2"."""
    found = re.search(r"^\|\s*Tool Version\s*:\s*Vivado v\.(\S+)", text, re.MULTILINE)
    return found.group(1) if found else "of unknown version"
