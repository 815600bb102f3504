# SPDX-License-Identifier: BSD-3-Clause
"""The rows as one HTML page that needs nothing else: no network, no script, no file beside it."""

from collections.abc import Sequence
from pathlib import Path

from chain.files import write_text
from chain.report import standalone
from fpga.bench_hardware import place, plan, plots
from fpga.bench_hardware.rows import Row

NAME = "hardware.html"
TITLES = {
    "element": "Processing elements: products, sums and activation",
    "layer": "Layers: the same with the weights' memory",
    "unrolled": "Unrolled layers: products and sums of constant weights",
    "placed-element": "Processing elements on an ECP5",
    "placed": "Layers placed and routed on an ECP5",
    "network": "Whole networks",
}
MEANS = TITLES | {"clock": "Clock of those on the ECP5"}
FIGURES: dict[str, tuple[tuple[str, str], ...]] = {
    "element": (("LUT", "lut"),),
    "layer": (("LUT", "lut"), ("FF", "ff"), ("BRAM36", "bram36"), ("CARRY4", "carry4"), ("levels", "levels")),
    "placed-element": (("cells", "cells"), ("FF", "ff"), ("BRAM", "bram")),
    "placed": (("cells", "cells"), ("FF", "ff"), ("BRAM", "bram"), ("MHz", "fmax_mhz")),
    "network": (("LUT", "lut"), ("FF", "ff"), ("BRAM36", "bram36"), ("CARRY4", "carry4")),
}
FIGURES["unrolled"] = FIGURES["layer"]
SWITCHING = ("switching", "switching")
"""The column of rows of which some have it: FULL=1."""


def render(rows: Sequence[Row]) -> str:
    """The page's text."""
    groups = {kind: found for kind in TITLES if (found := [row for row in rows if row["kind"] == kind])}
    return standalone.render(
        Path(__file__).with_name("page.html"),
        {"figure": figure},
        means=[row for row in rows if row["kind"] == "mean"],
        groups=groups,
        pictures={kind: plots.ratios(found) for kind, found in groups.items()},
        titles=MEANS,
        columns={kind: columns(kind, found) for kind, found in groups.items()},
        losses=[(plots.name_of(row), name, row["ratios"][name]) for row in rows for name in row.get("losses", ())],
        versions=rows[0]["settings"]["versions"],
        missing=[name for name in plan.NETWORKS if name not in [r["settings"].get("network") for r in rows]],
        name_of=plots.name_of,
        plots=plots,
        place=place,
    )


def columns(kind: str, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Titles and keys of the figures of these rows."""
    return (*FIGURES[kind], *([SWITCHING] if any(SWITCHING[1] in row["ours"] for row in rows) else []))


def save(rows: Sequence[Row], folder: Path) -> Path:
    """Write `folder`/hardware.html."""
    path = folder / NAME
    write_text(path, render(rows))
    return path


def figure(value: float) -> str:
    """Whole numbers as they are, others with one digit.

    >>> figure(1234), figure(0.5), figure(66.25)
    ('1,234', '0.5', '66.2')
    """
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
