# SPDX-License-Identifier: BSD-3-Clause
"""What the page and the tables both show of a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chain.report.stages import STAGE_NAMES

REFERENCES = ("torch_32bit", "torch_cut")


@dataclass(frozen=True)
class StageRow:
    """One line of the table of stages; `mismatches` is None for a stage that is compared with nothing."""

    title: str
    value: float
    images: int
    mismatches: int | None
    is_reference: bool

    @property
    def correct(self) -> int:
        """Images that were classified correctly."""
        return round(self.value * self.images)


@dataclass(frozen=True)
class Total:
    """One resource of the whole design."""

    title: str
    used: float
    available: int

    @property
    def share(self) -> float:
        """Of what the part has; more than 1 does not fit. 0 if it has none."""
        return self.used / self.available if self.available else 0.0


@dataclass(frozen=True)
class KindRow:
    """What the nodes of one kind take, and their shares of the whole design (0 of nothing)."""

    title: str
    used: tuple[float, ...]
    shares: tuple[float, ...]


def stage_rows(report: Mapping[str, Any]) -> list[StageRow]:
    """Stages in the order of the chain, the two references first."""
    accuracy, mismatches = report["accuracy"], report["mismatches"]
    names = [str(name) for name in STAGE_NAMES if name in accuracy]
    names += [str(name) for name in accuracy if name not in STAGE_NAMES]
    return [
        StageRow(
            STAGE_NAMES.get(name, name),
            accuracy[name]["value"],
            accuracy[name]["images"],
            mismatches[name]["count"] if name in mismatches else None,
            name in REFERENCES,
        )
        for name in names
    ]


def accumulators(report: Mapping[str, Any]) -> str:
    """The accumulators' widths in words: "8 bits", "6 to 8 bits"."""
    bits = report["accumulator_bits"]
    return f"{min(bits)} bits" if min(bits) == max(bits) else f"{min(bits)} to {max(bits)} bits"


def bottlenecks(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The slowest nodes of the pipeline; several where the folding has made them equal."""
    most = max((node["cycles"] for node in report["pipeline"]), default=0)
    return [node for node in report["pipeline"] if node["cycles"] == most]


def totals(report: Mapping[str, Any]) -> list[Total]:
    """The whole design's resources against what the part holds (0 if that is not known)."""
    resources = report["resources"]
    available = resources.get("available") or {}
    titles = {"lut": "LUTs", "ff": "flip-flops", "bram36": "BRAM36", "dsp": "DSP blocks"}
    return [Total(title, resources[key], available.get(key, 0)) for key, title in titles.items()]


def kind_rows(report: Mapping[str, Any]) -> list[KindRow]:
    """LUTs, flip-flops and BRAM36 by kind of node; none of a count from before there were kinds."""
    resources, keys = report["resources"], ("lut", "ff", "bram36")
    wholes = [resources[key] for key in keys]
    rows = []
    for row in resources.get("by_kind", []):
        used = tuple(row[key] for key in keys)
        shares = tuple(part / whole if whole else 0.0 for part, whole in zip(used, wholes, strict=True))
        rows.append(KindRow(row["kind"], used, shares))
    return rows
