# SPDX-License-Identifier: BSD-3-Clause
"""The factors from syntheses of random nodes, with the errors on nodes that were not fitted.

What was counted is kept beside the factors (measured.json): `table(rows(load()))` fits them anew, in seconds.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chain.errors import InputError
from chain.files import write_json
from fpga import yosys
from fpga.estimate import nodes
from fpga.estimate.coefficients import FORMAT, Table
from fpga.estimate.fit import Row, fit, held_out
from fpga.estimate.measure import synthesised
from fpga.estimate.samples import Sample, draw
from fpga.estimate.structure import Counts
from fpga.layers import hardware

MEASURED = Path(__file__).with_name("measured.json")
SEED = 1
PARTS = 3  # each third of the nodes is held out once
FEW = 20  # cells: below, an error of one cell is no percentage
BATCH = 20  # nodes in one synthesis
COUNTS: Mapping[str, int] = {
    "matrix": 50,
    "depthwise": 10,
    "table": 10,
    "search": 30,
    "interval": 20,
    "fold": 10,
    "window": 20,
    "depthwise window": 8,
    "parallel window": 12,
    "padding": 10,
    "converter": 10,
    "uneven converter": 8,
    "narrow": 10,
    "fifo": 20,
    "maximum": 5,
    "tile": 20,
    "pool": 5,
    "add": 5,
    "label": 10,
    "unrolled": 20,
}

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Measured:
    """What a synthesis counted of the `index`-th node of a kind."""

    kind: str
    index: int
    counted: Counts


def measure(cache: Path, advance: Advance, counts: Mapping[str, int]) -> Iterator[Measured]:
    """`counts` random nodes of each kind with what they take; syntheses that lie in `cache` are not made again."""
    for batch in _batches(list(draw(counts, SEED))):
        for sample, counted in zip(batch, synthesised(batch, cache), strict=True):
            yield Measured(sample.kind, sample.index, counted)
        advance(len(batch))


def _batches(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    for start in range(0, len(samples), BATCH):
        yield samples[start : start + BATCH]


def save(measured: Sequence[Measured], path: Path) -> None:
    """Keep what was counted."""
    facts = {"yosys": yosys.version(), "seed": SEED}
    write_json(path, {"format": FORMAT, **facts, "nodes": [asdict(entry) for entry in measured]})


def load(path: Path = MEASURED) -> list[Measured]:
    """What was counted before. InputError if it is of another format."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if found.get("format") != FORMAT:
        raise InputError(f"{path}: not of format {FORMAT}: run make calibrate")
    return [Measured(entry["kind"], entry["index"], Counts(**entry["counted"])) for entry in found["nodes"]]


def row(sample: Sample, counted: Counts) -> Row:
    """A sample's structure beside its counts, less the inverter of the reset: a network has one a layer, not a node."""
    counted = replace(counted, lut=counted.lut - 1)
    return Row(sample.kind, tuple(nodes.structure(hardware(node)) for node in sample.model.graph.node), counted)


def rows(measured: Sequence[Measured]) -> list[Row]:
    """The nodes that were measured, with the structure that the formulas now give them."""
    counts: dict[str, int] = {}
    for entry in measured:
        counts[entry.kind] = max(counts.get(entry.kind, 0), entry.index + 1)
    samples = {(sample.kind, sample.index): sample for sample in draw(counts, SEED)}
    return [row(samples[entry.kind, entry.index], entry.counted) for entry in measured]


def table(rows: Sequence[Row]) -> Table:
    """The factors for `rows`, what they were made with, and how far off they are on nodes held out."""
    expected = held_out(rows, PARTS)
    pairs = [(rows[index], use) for index, use in sorted(expected.items())]
    kinds = sorted({row.kind for row, _ in pairs})
    errors = {
        "held_out": _errors(pairs),
        "kinds": {kind: _errors([pair for pair in pairs if pair[0].kind == kind]) for kind in kinds},
    }
    made_with = {"yosys": yosys.version(), "part": "xc7", "nodes": str(len(rows)), "seed": str(SEED)}
    return Table(fit(rows), made_with, errors)


def relative(expected: Counts, counted: Counts, cell: str) -> float:
    """The error of an estimate as a share of what was counted (of FEW cells at least)."""
    return float(getattr(expected, cell) - getattr(counted, cell)) / max(getattr(counted, cell), FEW)


def _errors(pairs: Sequence[tuple[Row, Counts]]) -> dict[str, Any]:
    """Shares of nodes within 10 % and 20 %, the median and the greatest error, for look-up tables and flip-flops; of
    nodes whose block RAMs are exact, and whose levels are exact or off by one.
    """
    found: dict[str, Any] = {"nodes": len(pairs)}
    for cell in ("lut", "ff"):
        errors = np.abs([relative(expected, row.counted, cell) for row, expected in pairs])
        found[cell] = {
            "within_10_percent": round(float((errors <= 0.1).mean()), 3),
            "within_20_percent": round(float((errors <= 0.2).mean()), 3),
            "median": round(float(np.median(errors)), 4),
            "greatest": round(float(errors.max()), 3),
        }
    exact = [expected.bram36 == row.counted.bram36 for row, expected in pairs]
    found["bram36"] = {"exact": round(float(np.mean(exact)), 3)}
    off = np.abs([expected.levels - row.counted.levels for row, expected in pairs])
    found["levels"] = {
        "exact": round(float((off == 0).mean()), 3),
        "within_1": round(float((off <= 1).mean()), 3),
        "greatest": int(off.max()),
    }
    return found
