# SPDX-License-Identifier: BSD-3-Clause
"""The factors from syntheses of random nodes, with the errors on nodes that were not fitted."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fpga import yosys
from fpga.estimate import nodes, samples
from fpga.estimate.coefficients import Table
from fpga.estimate.fit import Row, fit, held_out
from fpga.estimate.measure import synthesised
from fpga.folding import hardware
from fpga.resources import Use

SEED = 1
PARTS = 5  # each fifth of the nodes is held out once
FEW = 20  # cells: below, an error of one cell is no percentage
COUNTS: Mapping[str, int] = {
    "matrix": 48,
    "depthwise": 10,
    "table": 12,
    "search": 18,
    "fold": 5,
    "window": 15,
    "depthwise window": 10,
    "parallel window": 10,
    "padding": 6,
    "converter": 14,
    "fifo": 13,
    "maximum": 5,
    "pool": 5,
    "add": 4,
    "label": 6,
}

Advance = Callable[[int], None]


def measured(cache: Path, advance: Advance, counts: Mapping[str, int] = COUNTS) -> list[Row]:
    """Every random node with its counts; syntheses that lie in `cache` are not made again."""
    rows = []
    for sample in samples.draw(counts, SEED):
        counted = synthesised(sample, cache)
        rows.append(Row(sample.kind, tuple(nodes.structure(hardware(n)) for n in sample.model.graph.node), counted))
        advance(1)
    return rows


def table(rows: Sequence[Row]) -> Table:
    """The factors for `rows`, what they were made with, and how far off they are on nodes held out."""
    expected = held_out(rows, PARTS)
    pairs = [(rows[index], use) for index, use in sorted(expected.items())]
    kinds = sorted({row.kind for row, _ in pairs})
    errors = {
        "held_out": _errors(pairs),
        "kinds": {kind: _errors([p for p in pairs if p[0].kind == kind]) for kind in kinds},
    }
    made_with = {"yosys": yosys.version(), "part": "xc7", "nodes": str(len(rows)), "seed": str(SEED)}
    return Table(fit(rows), made_with, errors)


def relative(expected: Use, counted: Use, cell: str) -> float:
    """The error of an estimate as a share of what was counted (of FEW cells at least)."""
    return (getattr(expected, cell) - getattr(counted, cell)) / max(getattr(counted, cell), FEW)


def _errors(pairs: Sequence[tuple[Row, Use]]) -> dict[str, Any]:
    """Share of nodes within 10 %, the median and the greatest error, for look-up tables and flip-flops."""
    found: dict[str, Any] = {"nodes": len(pairs)}
    for cell in ("lut", "ff"):
        errors = np.abs([relative(expected, row.counted, cell) for row, expected in pairs])
        found[cell] = {
            "within_10_percent": round(float((errors <= 0.1).mean()), 3),
            "median": round(float(np.median(errors)), 4),
            "greatest": round(float(errors.max()), 3),
        }
    exact = [expected.bram36 == row.counted.bram36 for row, expected in pairs]
    found["bram36"] = {"exact": round(float(np.mean(exact)), 3)}
    return found
