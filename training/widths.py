# SPDX-License-Identifier: BSD-3-Clause
"""What fewer bits cost: one recipe trained with accumulators of several widths, and several seeds each; from the start,
or on from the trained network.
"""

import json
import statistics
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from chain.errors import InputError
from chain.files import write_json
from training import checkpoint as checkpoints
from training import datasets
from training.build import build as build_network
from training.freezing import last_layer
from training.recipe import Recipe
from training.sweep import Outcome, Trial, sweep, trials

# With 32 bits nothing overflows, so that neither the fold nor the penalty does anything: the control, trained as long.
CONTROL = 32


def planned(
    recipe: Recipe,
    widths: Sequence[int],
    seeds: Sequence[int],
    build: Path,
    data: Path | None,
    epochs: int | None = None,
    device: str = "cpu",
    last: int | None = None,
) -> dict[int, list[Trial]]:
    """The trials by width, each with accumulators of that many bits in every layer and otherwise the recipe, to be
    trained on `device` into `build`/bench/widths/NAME-BITSbit-seedN. The control comes first, asked for or not.

    With `epochs` they begin with the network trained in `build`/<model> and are fine-tuned for so many
    (NAME-onN-BITSbit-seedN). With `last` the last layer has so many bits in all but the control
    (NAME-lastN-BITSbit-seedN).

    Raises InputError for a width or a seed that is given twice, and where there is no trained network; with `last`,
    UnsupportedError for a network that does not end with a wrapping layer.
    """
    if len(set(widths)) != len(widths):
        raise InputError(f"widths: found {list(widths)}, expected each once")
    name, start = recipe.name, None
    if epochs is not None:
        start = (build / recipe.name / checkpoints.NAME).absolute()
        checkpoints.read_finished(start, recipe)
        name = f"{recipe.name}-on{epochs}"
        recipe = recipe.model_copy(update={"stages": recipe.fine_tuning(epochs)})
    label, wider = name, {}
    if last is not None:
        label, wider = f"{name}-last{last}", {_last_layer(recipe, data): last}

    def made(label: str, bits: int, by_layer: dict[str, int]) -> list[Trial]:
        own_bits = {"default": bits, **by_layer} if by_layer else bits
        quantisation = recipe.quantisation.model_copy(update={"accumulator_bits": own_bits})
        own = recipe.model_copy(update={"name": f"{label}-{bits}bit", "quantisation": quantisation})
        return trials([own], seeds, build / "bench" / "widths", data, device, start)

    narrow = {bits: made(label, bits, wider) for bits in widths if bits != CONTROL}
    return {CONTROL: made(name, CONTROL, {}), **narrow}


def _last_layer(recipe: Recipe, data: Path | None) -> str:
    dataset = datasets.load(recipe, data)
    model = build_network(recipe, dataset.input_shape, len(dataset.class_names), dataset.maximum).eval()
    return last_layer(model, torch.zeros(1, *dataset.input_shape))


def compare(
    planned: dict[int, list[Trial]], jobs: int, threads: int, done: Callable[[Outcome], None]
) -> list[dict[str, Any]]:
    """Train what is not trained yet, `jobs` trials at a time of `threads` threads each. A row a width:
    `accuracy` and `deviation` are mean and standard deviation of the `values`, one for each seed that came to
    something, `loss` the points below the control, `overflow_rate` the layers' mean share of sums, `errors` why the
    others came to nothing.
    """
    outcomes = iter(sweep([trial for one in planned.values() for trial in one], jobs, threads, done))
    rows = []
    for bits, own in planned.items():
        found = [next(outcomes) for _ in own]
        summaries = [outcome.summary for outcome in found if outcome.summary is not None]
        values = [summary["accuracy"]["torch"]["value"] for summary in summaries]
        rates = [layer["overflow_rate"] for summary in summaries for layer in summary["layers"]]
        rows.append(
            {
                "bits": bits,
                "seeds": [trial.recipe.seed for trial in own],
                "values": values,
                "accuracy": statistics.mean(values) if values else None,
                "deviation": statistics.stdev(values) if len(values) > 1 else None,
                "images": summaries[0]["accuracy"]["torch"]["images"] if summaries else None,
                "overflow_rate": statistics.mean(rates) if rates else None,
                "seconds": sum(summary["seconds"] for summary in summaries),
                "errors": [outcome.error for outcome in found if outcome.summary is None],
            }
        )
    control = rows[0]["accuracy"]
    for row in rows:
        comparable = control is not None and row["accuracy"] is not None
        row["loss"] = 100 * (control - row["accuracy"]) if comparable else None
    return rows


def update(
    path: Path, recipe: Recipe, rows: list[dict[str, Any]], epochs: int | None = None, last: int | None = None
) -> None:
    """Put the recipe's `rows` into the file `path`, {model: {recipe, torch, rows}}, the widest first. Older rows of
    other widths stay beside the same control. Those that went on from the trained network for `epochs` are "MODEL, N
    epochs on", those whose `last` layer had a width of its own "MODEL, last layer N bits".
    """
    models = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    key = recipe.name if epochs is None else f"{recipe.name}, {epochs} epochs on"
    key = key if last is None else f"{key}, last layer {last} bits"
    made = {"recipe": recipe.model_dump(mode="json"), "torch": version("torch")}
    older = models.get(key, {"rows": []})
    if made.items() <= older.items() and _control(older["rows"]) == _control(rows):
        found = [row["bits"] for row in rows]
        rows = rows + [row for row in older["rows"] if row["bits"] not in found]
    models[key] = made | {"rows": sorted(rows, key=lambda row: -row["bits"])}
    write_json(path, models)


def _control(rows: list[dict[str, Any]]) -> list[Any]:
    return [(row["seeds"], row["values"]) for row in rows if row["bits"] == CONTROL]


def table(rows: list[dict[str, Any]]) -> Table:
    """The rows for the terminal."""
    shown = Table("accumulators", "seeds", "test accuracy", "below 32 bits", "sums that overflow")
    for row in rows:
        if row["accuracy"] is None:
            shown.add_row(f"{row['bits']} bits", "0", "came to nothing", "", "")
            continue
        spread = "" if row["deviation"] is None else f" ± {100 * row['deviation']:.2f}"
        shown.add_row(
            f"{row['bits']} bits",
            str(len(row["values"])),
            f"{100 * row['accuracy']:.2f}{spread} %",
            "" if row["bits"] == CONTROL or row["loss"] is None else f"{row['loss']:.2f} points",
            f"{100 * row['overflow_rate']:.2f} %",
        )
    return shown
