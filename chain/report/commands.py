# SPDX-License-Identifier: BSD-3-Clause
"""python -m chain.report MODEL: report.json, report.html and tables of build/<model>/."""

from pathlib import Path

import click
from rich.console import Console

from chain import record
from chain.cli import errors_as_text, model_name
from chain.report import collect, page, repeat, table


@click.command(
    help="Write report.json and report.html of MODEL (a recipe's name or path) and print the same as tables."
)
@click.argument("model")
@click.option("--build", default="build", type=click.Path(path_type=Path), help="Folder of all results.")
@errors_as_text
def main(model: str, build: Path) -> None:
    """Collect, write, print."""
    name = model_name(model)
    folder = build / name
    arguments = repeat.arguments(model, build, record.read(folder))
    report = collect.collect(folder, name, arguments)
    collect.save(report, folder)
    html = page.save(report, folder)
    table.show(report, Console())
    print(f"{folder / 'report.json'}, {html}")
