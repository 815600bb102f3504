# SPDX-License-Identifier: BSD-3-Clause
"""Command line: `python -m export export MODEL`, `check-recipe MODEL`, `check FILE`."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chain.cli import errors_as_text


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Trained networks to QONNX files, and what hardware can make of a file."""


@main.command()
@click.argument("model")
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@click.option("--images", default=None, type=click.IntRange(min=1), help="Compare only so many test images.")
@click.option("--batch", default=100, type=click.IntRange(min=1), show_default=True, help="Images at a time.")
@errors_as_text
def export(model: str, build: Path, data: Path | None, images: int | None, batch: int) -> None:
    """Write build/MODEL/model.onnx and compare PyTorch, QONNX and onnxruntime on the test images."""
    from export.pipeline import run

    console = Console(stderr=True)
    with _progress(console) as progress:
        task = progress.add_task("comparing", total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, advance=done, total=total)

        agreement = run(model, build, data, images, batch, advance)
    table = Table("stage", "images", "accuracy", "images that differ", "seconds")
    for stage in agreement.stages.values():
        accuracy = f"{100 * stage.correct / stage.images:.2f} %"
        table.add_row(stage.stage, str(stage.images), accuracy, str(stage.mismatches), str(stage.extra["seconds"]))
    console.print(table)
    agreement.require()


@main.command("check-recipe")
@click.argument("model")
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@errors_as_text
def check_recipe(model: str, build: Path, data: Path | None) -> None:
    """Say, before MODEL is trained, whether hardware can do its network; nothing if its training is done."""
    from export.untrained import require_mappable_recipe

    if require_mappable_recipe(model, build, data):
        Console(stderr=True).print(
            f"{model}: every node of its network can be mapped to hardware", highlight=False, soft_wrap=True
        )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@errors_as_text
def check(file: Path) -> None:
    """List every node of an ONNX file that cannot be mapped to hardware; exit status 2 if there is one."""
    from export.problems import check as problems_of

    console = Console()
    problems = problems_of(file)
    if not problems:
        console.print(f"{file}: every node can be mapped to hardware", highlight=False, soft_wrap=True)
        return
    table = Table("node", "operator", "why it cannot be mapped", "way out", title=f"{file}", show_lines=True)
    for problem in problems:
        table.add_row(problem.node, problem.operator, problem.reason, problem.way_out)
    console.print(table, markup=False)
    console.print(
        f"{len(problems)} node{'s' * (len(problems) > 1)} cannot be mapped to hardware", highlight=False, soft_wrap=True
    )
    sys.exit(2)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)
