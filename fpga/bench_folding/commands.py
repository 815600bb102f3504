# SPDX-License-Identifier: BSD-3-Clause
"""The command line: build/bench/folding.json, {model: rows}, and the table."""

import json
from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from chain.cli import errors_as_text
from chain.files import write_json
from chain.progress import bar
from fpga import steps
from fpga.bench_folding import compare, count
from fpga.bench_folding.compare import Row


@click.command()
@click.argument("model")
@click.option("--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@click.option("--fps", "rates", type=click.FloatRange(0, min_open=True), multiple=True, default=compare.RATES)
@click.option("--count", "counting", is_flag=True, help="Synthesise both as well: minutes a rate, once.")
@errors_as_text
def main(model: str, build: Path, rates: Sequence[float], counting: bool) -> None:
    """Compare the foldings of the exported MODEL with those of FINN's SetFolding, into BUILD/bench/folding.json.

    Figures are estimates of whole designs. Rates at which SetFolding gives the same folding have one row. Rows of other
    rates, made before, stay.
    """
    opened = steps.open_model(build, model)
    home = build / "bench" / "folding" / opened.name
    rows: list[Row] = []
    with bar(Console(stderr=True)) as progress:
        for rate in progress.track(rates, description="rates"):
            yosys = partial(count.design, opened.hardware, home / f"{rate:g}") if counting else None
            row = compare.row(lambda: steps.mapped(opened), rate, opened.hardware.clock_mhz, yosys)
            if all(row["theirs"] != other["theirs"] for other in rows):
                rows.append(row)
    path = build / "bench" / "folding.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    others = [row for row in known.get(opened.name, []) if row["fps"] not in rates]
    write_json(path, known | {opened.name: sorted((*others, *rows), key=itemgetter("fps"))})
    Console(width=120).print(table(rows))


def table(rows: Sequence[Row]) -> Table:
    """The rows for the terminal."""
    made = Table("asked", "SetFolding", "LUTs", "ours, as fast", "fewer LUTs", "ours, as large", "faster", "by Yosys")
    for row in rows:
        theirs, smaller, faster, counted = row["theirs"], row["smaller"], row["faster"], row["counted"]
        made.add_row(
            f"{row['fps']:,.0f} FPS",
            f"{theirs['fps']:,.0f} FPS",
            f"{theirs['lut']:,}",
            f"{smaller['lut']:,} LUTs",
            f"{row['lut_ratio']:.2f}",
            f"{faster['fps']:,.0f} FPS" if faster else "none",
            f"{row['fps_ratio']:.2f}" if faster else "",
            f"{counted['theirs']['lut']:,}, {counted['smaller']['lut']:,}" if counted else "",
        )
    return made
