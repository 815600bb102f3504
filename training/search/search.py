# SPDX-License-Identifier: BSD-3-Clause
"""From a recipe to the narrowest widths: train without the validation images, measure, search, write down."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from chain.errors import InputError
from training import trainer
from training.alone import alone
from training.checkpoint import Checkpoint, restore
from training.current import Status
from training.datasets import Dataset
from training.layers import accumulators
from training.recipe import Recipe
from training.search import narrow, picture
from training.search.cost import Cost, product_bits, shown
from training.search.full import Full
from training.search.layers import Layer, measure
from training.search.study import Found, Goal, Search, Worthless
from training.search.trial import Base, Trials, key
from training.workers import workers

FOLDER = "search"
MEASURED_IMAGES = 2000
RATES = (0.01, 0.05, 0.2, 0.001, 0.0)
"""The first candidates: layers as narrow as this share of overflowing sums allows."""


@dataclass(frozen=True)
class Options:
    """`drop`: points of validation accuracy that may be lost. `trials`: how many to train in all, earlier calls
    included; `minutes`: after which this call starts no more training. `epochs` of a trial; None: a quarter of the
    last stage's. `jobs`: trials at a time on this machine, of `threads` threads each.
    """

    drop: float = 0.5
    trials: int = 30
    epochs: int | None = None
    minutes: float | None = None
    jobs: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Result:
    """`reference`: the validation accuracy (0..1) of the network as its recipe trains it, at its own `widths`."""

    recipe: Path
    picture: Path
    reference: float
    layers: Mapping[str, Layer]
    widths: Mapping[str, int]
    cost: float
    best: Found
    found: list[Found]


def search(
    recipe: Recipe,
    build: Path,
    options: Options,
    data: Path | None = None,
    console: Console | None = None,
    cost: Cost = product_bits,
    cost_name: str = "products x bits",
) -> Result:
    """Find widths in `build`/<model>/search, which keeps all that is needed to go on after an interruption.

    Raises InputError if another search runs there, the cost is no number, or no candidate kept the accuracy.
    """
    console = console or Console(stderr=True)
    folder = build / recipe.name / FOLDER
    with alone(folder, "search"):
        # From here on there are no test images.
        base = Base(recipe, data and data.absolute(), folder.absolute() / "base")
        dataset = base.dataset()
        checkpoint, reference = _trained(base, dataset, console)
        model = restore(checkpoint)
        layers = measure(model, dataset.train_images[:MEASURED_IMAGES])
        own = {name: layer.accumulator_bits for name, layer in accumulators(model).items()}
        stages = recipe.fine_tuning(options.epochs)
        trials = Trials(base, stages, folder.absolute() / "trials", key(recipe, stages, dataset))
        full = Full(base, dataset, folder.absolute() / "full", own, reference)
        goal = Goal(reference - options.drop / 100, cost, f"drop {options.drop:g}, {cost_name}")
        study = Search(folder, layers, trials, full, goal)
        _say(console, study.take_up(), reference, options, trials.epochs, len(dataset.test_labels))
        study.begin(own, RATES)

        def tell(one: Found | Worthless) -> None:
            line = _line(one, study.trained(), options.trials, study.best())
            console.print(line, markup=False, highlight=False, soft_wrap=True)

        with workers(options.jobs, options.threads) as places:
            study.go(options.trials, options.minutes and 60 * options.minutes, places, tell, console)
        best, found = study.best(), study.found()
        if best is None:
            raise InputError(_nothing(found, study.worthless(), options, reference))
        if best.full is None:
            console.print(
                f"bits {shown(best.widths)}: not trained in full yet, for want of minutes; the same command goes on"
            )
        own_cost = cost(own, layers)
        drawn = picture.save(
            folder / "front.html",
            picture.Content(recipe.name, cost_name, reference, goal.accuracy, own_cost, found, best),
        )
        return Result(narrow.write(recipe, best.widths, folder), drawn, reference, layers, own, own_cost, best, found)


def _trained(base: Base, dataset: Dataset, console: Console) -> tuple[Checkpoint, float]:
    """The recipe, trained without the validation images, and its accuracy on those."""
    recipe, folder = base.recipe, base.folder
    there = Status(recipe, folder)
    resume = there.is_of(dataset)
    if not (resume and there.is_trained):
        console.print(
            f"{recipe.name}: first trained as its recipe says without {len(dataset.test_labels)} of the training "
            "images, which then judge",
            highlight=False,
            soft_wrap=True,
        )
    checkpoint, history = trainer.run(recipe, dataset, folder, resume, console)
    return checkpoint, history[-1][f"{dataset.judges}_accuracy"]


def _say(console: Console, cut: int, reference: float, options: Options, epochs: int, images: int) -> None:
    again = f"; {cut} cut off before, taken up" if cut else ""
    console.print(
        f"reference {100 * reference:.2f} % of {images} validation images, "
        f"{options.drop:g} points may be lost; trials of {epochs} epochs{again}",
        highlight=False,
        soft_wrap=True,
    )


def _line(one: Found | Worthless, trained: int, of: int, best: Found | None) -> str:
    head = f"trial {trained:3d}/{of}  bits {shown(one.widths)}"
    if isinstance(one, Worthless):
        return f"{head}  came to nothing: {one.reason}"
    accuracy = f"{100 * one.accuracy:.2f} %"
    if one.full is not None:
        accuracy += f", in full {100 * one.full:.2f} %"
    verdict = "fits" if one.fits else "stopped" if one.stopped else "too far below"
    cheapest = f"; cheapest so far {best.cost:.6g}" if best else ""
    return f"{head}  {accuracy}  cost {one.cost:.6g}  {verdict}{cheapest}"


def _nothing(found: list[Found], worthless: list[Worthless], options: Options, reference: float) -> str:
    if not found and worthless:
        bits, reason = shown(worthless[-1].widths), worthless[-1].reason
        return f"search: all {len(worthless)} candidates came to nothing, the last, bits {bits}: {reason}"
    if not found:
        return "search: nothing was tried; give more trials (--trials, TRIALS=) or minutes"
    nearest = max(found, key=lambda one: one.judged)
    return (
        f"search: none of {len(found)} candidates came within {options.drop:g} points of {100 * reference:.2f} %; the "
        f"nearest has {100 * nearest.judged:.2f} %. Give more epochs (--epochs, EPOCHS=), more trials (TRIALS=) or a "
        "larger drop (DROP=)"
    )
