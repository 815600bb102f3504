# SPDX-License-Identifier: BSD-3-Clause
"""The fitted factors, as they are checked in: by cell, kind of node and term, with what they were fitted to."""

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chain.errors import InputError
from chain.files import write_json
from fpga.estimate.structure import Counts, Structure, Terms

SHIPPED = Path(__file__).with_name("coefficients.json")
COUNTED = ("lut", "ff", "carry4", "levels")
FORMAT = 2

Factors = Mapping[str, Mapping[str, Terms]]
"""What is counted -> kind of node -> term -> cells or levels for each unit of the term."""


@dataclass(frozen=True)
class Table:
    """`made_with` names tools and versions; `errors` is what the fit does on nodes that it has not seen."""

    factors: Factors
    made_with: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Any] = field(default_factory=dict)

    def counts(self, structure: Structure) -> Counts:
        """The estimate. InputError for a kind of node that was not calibrated."""
        lut, ff, carry4, levels = (self._sum(counted, structure) for counted in COUNTED)
        return Counts(lut=lut, ff=ff, bram36=structure.bram36, carry4=carry4, levels=max(1, levels))

    def _sum(self, counted: str, structure: Structure) -> int:
        factors = self.factors[counted].get(structure.kind)
        terms = terms_of(structure, counted)
        if factors is None or not terms.keys() <= factors.keys():
            raise InputError(f"no factors for {counted} of {structure.kind!r} ({', '.join(terms)}): run make calibrate")
        return max(0, round(sum(factors[name] * count for name, count in terms.items())))

    def save(self, path: Path) -> None:
        """Write the table, whole or not at all."""
        write_json(path, {"format": FORMAT, **asdict(self)})


def terms_of(structure: Structure, counted: str) -> Terms:
    """The terms that make up one of what is COUNTED."""
    terms: Terms = getattr(structure, counted)
    return terms


def load(path: Path) -> Table:
    """Read a table. InputError if there is none, or it is of another format."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}): run make calibrate") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError(f"{path}: not of format {FORMAT}: run make calibrate")
    return Table(values["factors"], values["made_with"], values["errors"])


@functools.cache
def shipped() -> Table:
    """The table that comes with the toolkit."""
    return load(SHIPPED)
