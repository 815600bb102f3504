# SPDX-License-Identifier: BSD-3-Clause
"""Command line: python -m training train MODEL."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from chain.cli import errors_as_text, explained
from chain.errors import WorthlessError, WrapNetError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Quantisation-aware training with wraparound accumulators."""


@main.command()
@click.argument("model")
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option("--resume", is_flag=True, help="Go on from the last finished epoch, if there is one.")
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@click.option("--if-needed", is_flag=True, help="Do nothing if a finished training of this recipe is there.")
def train(model: str, build: Path, resume: bool, data: Path | None, if_needed: bool) -> None:
    """Train MODEL, a recipe's name or the path of its .toml file.

    Ends with status 3 where the training came to nothing: a loss that is not finite, or an accuracy of mere chance.
    """
    console = Console(stderr=True)
    try:
        from training import recipe as recipes
        from training.alarms import require_finished_worth
        from training.current import is_current, is_trained
        from training.trainer import train as run

        recipe = recipes.load(model)
        folder = build / recipe.name
        if if_needed and is_current(recipe, folder):
            console.print(f"training {recipe.name}: {folder} holds a finished training of this recipe", highlight=False)
            require_finished_worth(folder)
            return
        console.print(f"training {recipe.name}: {recipe.epochs} epochs into {folder}", highlight=False)
        # Cut off in its summary, a training of hours is not thrown away.
        resume = resume or (if_needed and is_trained(recipe, folder))
        summary = run(recipe, folder, resume, data, console)
    except WorthlessError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(3)
    except WrapNetError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"error: {explained(error)}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo(f"\nstopped; go on with: python -m training train {model} --build {build} --resume", err=True)
        sys.exit(130)
    console.print(_table(summary))


@main.command()
@click.argument("model")
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option("--repetitions", default=9, type=click.IntRange(min=1), show_default=True, help="Of 16 steps each.")
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@errors_as_text
def bench(model: str, build: Path, repetitions: int, data: Path | None) -> None:
    """Time a training step of MODEL against the same network with Brevitas' own layers, into bench/step.json."""
    from training import bench as benches
    from training import recipe as recipes
    from training.checkpoint import NAME

    recipe = recipes.load(model)
    row = benches.bench(recipe, repetitions, data=data, checkpoint=build / recipe.name / NAME)
    Console(width=140).print(benches.table(benches.update(build / "bench" / "step.json", row)))


@main.command("list")
def list_recipes() -> None:
    """The recipes that come with the project."""
    from training.recipe import available

    for name in available():
        click.echo(name)


def _table(summary: dict) -> Table:  # type: ignore[type-arg]
    table = Table("network", "test accuracy", "images")
    names = {
        "torch_32bit": "wide accumulators, before the penalty",
        "torch_cut": "the same, accumulators just cut",
        "torch": "trained for wraparound",
    }
    for key, text in names.items():
        if key in summary["accuracy"]:
            value = summary["accuracy"][key]
            table.add_row(text, f"{100 * value['value']:.2f} %", str(value["images"]))
    return table
