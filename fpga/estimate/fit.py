# SPDX-License-Identifier: BSD-3-Clause
"""Factors by least squares: relative errors, drawn towards 1 where a term counts whole cells, none negative."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpga.estimate.coefficients import COUNTED, Factors, Table, terms_of
from fpga.estimate.structure import CELLS, Counts, Structure

TOWARDS_ONE = 0.02  # weight of a factor's distance from 1, against the mean square of what it explains
FIXED = 1e6  # the same for cells that are counted as they are
LOOSE = {"one", "depthwise", "passes", "several", "odd"}  # control, which no formula counts
NEAR, ROUNDS = 0.03, 10  # relative errors from which on they count less; how often that is decided anew
SMALL = 20  # cells from which on relative errors count

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One synthesis: the structures of its nodes, and what was counted for all of them; of nodes in a row, the longest
    path is that of the only one that has any to speak of.
    """

    kind: str
    structures: tuple[Structure, ...]
    counted: Counts


def fit(rows: Sequence[Row]) -> Factors:
    """The factors of every kind of node in `rows`."""
    return {counted: _factors(rows, counted) for counted in COUNTED}


def held_out(rows: Sequence[Row], parts: int) -> dict[int, Counts]:
    """What a fit to the other parts expects of a row, by its index. The parts share out the rows of each kind of node;
    of a kind that is there only once, nothing can be expected.
    """
    seen: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        seen.setdefault(tuple(structure.kind for structure in row.structures), []).append(index)
    groups = [group for group in seen.values() if len(group) > 1]
    expected = {}
    for part in range(parts):
        left_out = {index for group in groups for index in group[part::parts]}
        table = Table(fit([row for index, row in enumerate(rows) if index not in left_out]))
        for index in left_out:
            expected[index] = Counts()
            for structure in rows[index].structures:
                expected[index].add(table.counts(structure))
    return expected


def _factors(rows: Sequence[Row], wanted: str) -> dict[str, dict[str, float]]:
    names = sorted({(s.kind, name) for row in rows for s in row.structures for name in terms_of(s, wanted)})
    place = {name: index for index, name in enumerate(names)}
    matrix = np.zeros((len(rows), len(names)))
    for number, row in enumerate(rows):
        for structure in row.structures:
            for name, count in terms_of(structure, wanted).items():
                matrix[number, place[structure.kind, name]] += count
    counted = np.array([float(getattr(row.counted, wanted)) for row in rows])
    weight = 1 / np.maximum(counted, SMALL)
    pulls = np.array([FIXED if name == CELLS else 0.0 if name in LOOSE else TOWARDS_ONE for _, name in names])
    values = _solve(matrix * weight[:, None], counted * weight, pulls)
    for _ in range(ROUNDS):
        # What is far off counts by its distance, not by the square of it.
        error = np.abs(matrix @ values - counted) * weight
        trust = weight * np.sqrt(NEAR / np.maximum(error, NEAR))
        values = _solve(matrix * trust[:, None], counted * trust, pulls)
    factors: dict[str, dict[str, float]] = {}
    for (kind, name), value in zip(names, values.tolist(), strict=True):
        factors.setdefault(kind, {})[name] = round(value, 4)
    # A kind of node may have no such cells at all.
    for row in rows:
        for structure in row.structures:
            factors.setdefault(structure.kind, {})
    return dict(sorted(factors.items()))


def _solve(matrix: Floats, wanted: Floats, pulls: Floats) -> Floats:
    """Least squares with (factor - 1)^2 weighed in, and factors that come out negative held at 0."""
    scale = np.sqrt((matrix**2).sum(axis=0))
    active = scale > 0
    values = np.zeros(matrix.shape[1])
    while True:
        strength = np.sqrt(pulls[active] + 1e-6) * scale[active]
        stacked = np.vstack([matrix[:, active], np.diag(strength)])
        target = np.concatenate([wanted, strength * (pulls[active] > 0)])
        values[:] = 0
        values[active] = np.linalg.lstsq(stacked, target, rcond=None)[0]
        if (values >= 0).all():
            return values
        active &= values >= 0
