# SPDX-License-Identifier: BSD-3-Clause
"""Command line: python -m training train MODEL."""

import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from chain.cli import SEEDS, errors_as_text, explained
from chain.errors import InputError, ToolError, WorthlessError, WrapNetError
from chain.integers import NARROWEST, WIDEST

if TYPE_CHECKING:
    from training.recipe import Recipe
    from training.sweep import Outcome


def _finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"found {value}, expected a number")
    return value


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
@click.option(
    "--if-needed", is_flag=True, help="Not if a finished training of this recipe is there, or comes with the toolkit."
)
@click.option("--fresh", is_flag=True, help="With --if-needed: take nothing that comes with the toolkit.")
@click.option("--device", default="cpu", type=click.Choice(["cpu", "cuda"]), show_default=True)
def train(model: str, build: Path, resume: bool, data: Path | None, if_needed: bool, fresh: bool, device: str) -> None:
    """Train MODEL, a recipe's name or the path of its .toml file. `torchrun --nproc-per-node 2 -m training train MODEL`
    shares every batch out to two processes.

    Ends with status 3 where the training came to nothing: a loss that is not finite, or an accuracy of mere chance.
    """
    from training.environment import is_first_process

    console = Console(stderr=True, quiet=not is_first_process())
    path, before = None, 0  # of the checkpoint, once the training begins
    try:
        from training import datasets, shipping
        from training import recipe as recipes
        from training.alarms import require_finished_worth
        from training.alone import alone
        from training.checkpoint import NAME
        from training.current import Status
        from training.trainer import train as run

        recipe = recipes.load(model)
        folder = build / recipe.name
        found = Status(recipe, folder)
        if if_needed and found.is_current and not (fresh and found.is_shipped):
            if data is not None:
                found.require_data(datasets.load(recipe, data))
            console.print(f"training {recipe.name}: {folder} holds a finished training of this recipe", highlight=False)
            require_finished_worth(folder)
            return
        source = None if fresh or resume or not if_needed or found.is_begun else shipping.find(recipe)
        if source is not None:
            with alone(folder, "training"):
                summary = shipping.take(recipe, source, folder)
            console.print(
                f"training {recipe.name}: models/{recipe.name} comes with the toolkit; FRESH=1 trains it here",
                highlight=False,
            )
            console.print(_table(summary, recipe))
            return
        if if_needed and not (resume or fresh) and found.is_begun and not found.is_trained:
            if is_first_process():
                with alone(folder, "training"):
                    pass  # one that still runs was not stopped
            raise InputError(
                f"{folder} holds a training of this recipe that was stopped: RESUME=1 goes on with it, FRESH=1 begins "
                "anew"
            )
        console.print(f"training {recipe.name}: {recipe.epochs} epochs into {folder}", highlight=False)
        # Cut off in its summary, a training of hours is not thrown away.
        resume = (resume or (if_needed and found.is_trained)) and not found.is_shipped
        path, before = folder / NAME, _written(folder / NAME)
        trained = run(recipe, folder, resume, data, console, device)
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
        has_epochs = resume or (path is not None and _written(path) != before)
        how = " RESUME=1" if has_epochs else " FRESH=1" if fresh else ""
        on = f" DEVICE={device}" if device != "cpu" else ""
        go_on = f"make train MODEL={shlex.quote(model)}{how}{on}{_given(build, data)}"
        click.echo(f"\nstopped; {'go on' if has_epochs else 'begin again'} with: {go_on}", err=True)
        sys.exit(130)
    if trained is not None:
        console.print(_table(trained, recipe))


def _written(path: Path) -> int:
    """When the file was written, in nanoseconds; 0 if there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


@main.command()
@click.argument("model")
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option(
    "--repetitions", default=9, type=click.IntRange(min=1), show_default=True, help="Of 16 steps each, on a GPU of 64."
)
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@click.option("--device", default="cpu", type=click.Choice(["cpu", "cuda"]), show_default=True)
@errors_as_text
def bench(model: str, build: Path, repetitions: int, data: Path | None, device: str) -> None:
    """Time and memory of a training step of MODEL against Brevitas' own layers, into bench/step.json."""
    from training import bench as benches
    from training import recipe as recipes
    from training.checkpoint import NAME
    from training.distributed import joined

    recipe = recipes.load(model)
    with joined(device) as ranks:
        row = benches.bench(recipe, repetitions, data, build / recipe.name / NAME, ranks.device)
    Console(width=160).print(benches.table(benches.update(build / "bench" / "step.json", row)))


@main.command()
@click.argument("model")
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option(
    "--drop",
    default=0.5,
    type=click.FloatRange(min=0),
    callback=_finite,
    show_default=True,
    help="Points of accuracy that may be lost.",
)
@click.option(
    "--trials",
    default=30,
    type=click.IntRange(min=1),
    show_default=True,
    help="Trained in all, earlier calls included.",
)
@click.option("--epochs", default=None, type=click.IntRange(min=1), help="Of a trial; a quarter of the last stage's.")
@click.option(
    "--minutes", default=None, type=click.FloatRange(min=0), callback=_finite, help="After which no more trials start."
)
@click.option("--cost", default=None, help="file.py:function(widths, layers); products x bits if not given.")
@click.option("--jobs", default=None, type=click.IntRange(min=1), help="Trials at a time on this machine.")
@click.option("--threads", default=1, type=click.IntRange(min=1), show_default=True, help="Of each trial.")
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@errors_as_text
def search(
    model: str,
    build: Path,
    drop: float,
    trials: int,
    epochs: int | None,
    minutes: float | None,
    cost: str | None,
    jobs: int | None,
    threads: int,
    data: Path | None,
) -> None:
    """Find the narrowest accumulators of MODEL that keep its accuracy; interrupted, the same command goes on. On Ray
    where it is installed (requirements/ray.txt; RAY_ADDRESS names a cluster), by processes otherwise.
    """
    from training import recipe as recipes
    from training.environment import room_for
    from training.search import table
    from training.search.cost import named
    from training.search.search import Options
    from training.search.search import search as run

    options = Options(drop, trials, epochs, minutes, jobs or room_for(threads), threads)
    recipe = recipes.load(model)
    function = named(cost, build / recipe.name, recipe.hardware.fps)
    try:
        told = getattr(function, "name", cost or "products x bits")
        result = run(recipe, build, options, data, None, function, told)
    except KeyboardInterrupt:
        click.echo("\nstopped; the same command goes on from here", err=True)
        sys.exit(130)
    console = Console(width=120)
    console.print(table.layers(result))
    console.print(table.candidates(result))
    click.echo(f"picture: {result.picture}\nrecipe:  make deploy MODEL={result.recipe}{_given(build, data)}")


def _given(build: Path, data: Path | None) -> str:
    """What else a command printed for make needs, so that it finds the same folders."""
    from training.environment import data_folder

    folders = (("DATA", data or data_folder()), ("BUILD", build if build != Path("build") else None))
    return "".join(f" {name}={shlex.quote(str(folder))}" for name, folder in folders if folder)


@main.command()
@click.argument("models", nargs=-1, required=True)
@click.option(
    "--seed", "seeds", multiple=True, type=click.IntRange(0, SEEDS - 1), help="Several; each recipe's own if none."
)
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option("--jobs", default=None, type=click.IntRange(min=1), help="Trials at a time on this machine.")
@click.option("--threads", default=1, type=click.IntRange(min=1), show_default=True, help="Of each trial.")
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@click.option("--device", default="cpu", type=click.Choice(["cpu", "cuda"]), show_default=True)
@errors_as_text
def sweep(
    models: tuple[str, ...],
    seeds: tuple[int, ...],
    build: Path,
    jobs: int | None,
    threads: int,
    data: Path | None,
    device: str,
) -> None:
    """Train every one of MODELS with every seed, into BUILD/NAME-seedN; what is there is gone on with. On Ray where it
    is installed (requirements/ray.txt; RAY_ADDRESS names a cluster), by processes otherwise.
    """
    from training import recipe as recipes
    from training import sweep as sweeps
    from training.environment import room_for

    todo = sweeps.trials([recipes.load(model) for model in models], seeds, build, data, device)
    table = Table("trial", "test accuracy", "images", "seconds")

    failed = 0
    for outcome in sweeps.sweep(todo, jobs or room_for(threads), threads, _say):
        if outcome.summary is None:
            failed += 1
            continue
        value = outcome.summary["accuracy"]["torch"]
        seconds = f"{outcome.summary['seconds']:.0f}"
        table.add_row(outcome.trial.recipe.name, f"{100 * value['value']:.2f} %", str(value["images"]), seconds)
    Console(width=100).print(table)
    if failed:
        click.echo(f"error: {failed} of {len(todo)} trials failed; the same command goes on with them", err=True)
        sys.exit(1)


@main.command()
@click.argument("model")
@click.option(
    "--bits", "widths", multiple=True, type=click.IntRange(NARROWEST, WIDEST - 1), default=(8, 7, 6), show_default=True
)
@click.option("--seed", "seeds", multiple=True, type=click.IntRange(0, SEEDS - 1), default=(1, 2, 3), show_default=True)
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option("--jobs", default=None, type=click.IntRange(min=1), help="Trainings at a time on this machine.")
@click.option("--threads", default=1, type=click.IntRange(min=1), show_default=True, help="Of each training.")
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@click.option("--epochs", default=None, type=click.IntRange(min=1), help="So many on from the trained network.")
@click.option(
    "--last", default=None, type=click.IntRange(NARROWEST, WIDEST), help="Bits of the last layer, whatever BITS."
)
@click.option("--device", default="cpu", type=click.Choice(["cpu", "cuda"]), show_default=True)
@errors_as_text
def widths(
    model: str,
    widths: tuple[int, ...],
    seeds: tuple[int, ...],
    build: Path,
    jobs: int | None,
    threads: int,
    data: Path | None,
    epochs: int | None,
    last: int | None,
    device: str,
) -> None:
    """What fewer bits cost: train MODEL with accumulators of 32 bits and of each of BITS, with every seed, into
    BUILD/bench/widths.json. What is trained already is kept; the same command goes on. With EPOCHS, each begins with
    the network in BUILD/MODEL and is fine-tuned for so many: a third with the price on overflow, then wrapped. With
    LAST, the last layer, whose accumulators are the logits, has so many bits, and the others have those of BITS.
    """
    from training import recipe as recipes
    from training import widths as comparison
    from training.environment import room_for

    recipe = recipes.load(model)
    planned = comparison.planned(recipe, widths, seeds, build, data, epochs, device, last)
    rows = comparison.compare(planned, jobs or room_for(threads), threads, _say)
    Console(width=100).print(comparison.table(rows))
    if rows[0]["accuracy"] is None:
        raise ToolError(f"widths: nothing to compare with, {rows[0]['errors'][0]}")
    comparison.update(build / "bench" / "widths.json", recipe, rows, epochs, last)


@main.command()
@click.argument("model")
@click.option(
    "--build", default="build", type=click.Path(path_type=Path), show_default=True, help="Folder of all models."
)
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder of the data set's files.")
@errors_as_text
def ship(model: str, build: Path, data: Path | None) -> None:
    """Pack the finished training of MODEL into models/, once its logits are proved the same."""
    from training import recipe as recipes
    from training import shipping

    recipe = recipes.load(model)
    done = shipping.ship(recipe, build / recipe.name, data)
    click.echo(
        f"{done.folder}: {done.size:,} bytes, {100 * done.accuracy:.2f} % of {done.images:,} test images, "
        "all logits as before"
    )


@main.command("list")
def list_recipes() -> None:
    """The recipes that come with the project."""
    from training.recipe import available

    for name in available():
        click.echo(name)


def _say(outcome: "Outcome") -> None:
    name = outcome.trial.recipe.name
    click.echo(f"{name}: {'failed: ' + outcome.error if outcome.summary is None else 'done'}", err=True)


def _table(summary: dict, recipe: "Recipe") -> Table:  # type: ignore[type-arg]
    wrapped = recipe.stages[-1].accumulator == "wrap"
    table = Table("network", "test accuracy", "images")
    names = {
        "torch_32bit": "wide accumulators, before the penalty",
        "torch_cut": "the same, accumulators just cut",
        "torch": "trained for wraparound" if wrapped else "trained with wide accumulators to the end, then wrapped",
    }
    for key, text in names.items():
        if key in summary["accuracy"]:
            value = summary["accuracy"][key]
            table.add_row(text, f"{100 * value['value']:.2f} %", str(value["images"]))
    return table
