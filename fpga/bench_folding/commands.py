# SPDX-License-Identifier: BSD-3-Clause
"""The command line: build/bench/folding.json, {model: rows}, and the table."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from chain.cli import errors_as_text
from chain.files import write_json
from chain.progress import bar
from fpga import steps
from fpga.bench_folding import compare
from fpga.bench_folding.compare import Row


@click.command()
@click.argument("model")
@click.option("--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@click.option("--fps", "rates", type=click.FloatRange(0, min_open=True), multiple=True, default=compare.RATES)
@errors_as_text
def main(model: str, build: Path, rates: Sequence[float]) -> None:
    """Compare the foldings of the exported MODEL with those of FINN's SetFolding, into BUILD/bench/folding.json.

    Figures are estimates of whole designs. Rates at which SetFolding gives the same folding have one row.
    """
    opened = steps.open_model(build, model)
    rows: list[Row] = []
    with bar(Console(stderr=True)) as progress:
        for rate in progress.track(rates, description="rates"):
            row = compare.row(lambda: steps.mapped(opened), rate, opened.hardware.clock_mhz)
            if all(row["theirs"] != other["theirs"] for other in rows):
                rows.append(row)
    path = build / "bench" / "folding.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_json(path, known | {opened.name: rows})
    Console(width=120).print(table(rows))


def table(rows: Sequence[Row]) -> Table:
    """The rows for the terminal."""
    made = Table("asked", "SetFolding", "LUTs", "ours, as fast", "fewer LUTs", "ours, as large", "faster")
    for row in rows:
        theirs, smaller, faster = row["theirs"], row["smaller"], row["faster"]
        made.add_row(
            f"{row['fps']:,.0f} FPS",
            f"{theirs['fps']:,.0f} FPS",
            f"{theirs['lut']:,}",
            f"{smaller['lut']:,} LUTs",
            f"{row['lut_ratio']:.2f}",
            f"{faster['fps']:,.0f} FPS" if faster else "none",
            f"{row['fps_ratio']:.2f}" if faster else "",
        )
    return made
