# SPDX-License-Identifier: BSD-3-Clause
"""What training leaves for the report: accuracy with wide, cut and wrapped accumulators, overflow before and after."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from torch import nn

from training.checkpoint import Checkpoint, restore
from training.datasets import Dataset
from training.evaluation import Evaluation, evaluate
from training.freezing import freeze
from training.layers import accumulators, set_wrapping

HISTOGRAM_IMAGES = 2000


def summarise(checkpoint: Checkpoint, dataset: Dataset, seconds: float) -> dict[str, Any]:
    """The content of training.json.

    "torch" is the trained network, frozen, accumulators wrapped and folded; "torch_32bit" the network before the
    penalty with wide accumulators; "torch_cut" that network with its accumulators wrapped and not folded. The last
    two are absent where the recipe has no stage with wide accumulators and no penalty.
    """
    images, labels = dataset.test_images, dataset.test_labels
    model = restore(checkpoint)
    after = evaluate(freeze(model), images, labels)
    accuracy = {"torch": accuracy_entry(after)}
    before = None
    if checkpoint.reference:
        reference = restore(checkpoint, checkpoint.reference)
        set_wrapping(reference, False)
        before = evaluate(reference, images, labels)
        accuracy["torch_32bit"] = accuracy_entry(before)
        spans = {name: _span(monitor.low, monitor.high, after, name) for name, monitor in before.layers.items()}
        some = slice(0, HISTOGRAM_IMAGES)
        before_shape = evaluate(reference, images[some], labels[some], spans)
        after_shape = evaluate(model, images[some], labels[some], spans)
        set_wrapping(reference, True)
        for layer in accumulators(reference).values():
            layer.fold = None
        accuracy["torch_cut"] = accuracy_entry(evaluate(reference, images, labels))
    layers = layer_entries(model, after)
    if before is not None:
        for entry in layers:
            name = entry["name"]
            entry["overflow_rate_before"] = before.layers[name].overflow_rate
            entry["histogram"] = {
                "edges": before_shape.layers[name].edges(),
                "before": before_shape.layers[name].shares(),
                "after": after_shape.layers[name].shares(),
            }
    return {
        "accuracy": accuracy,
        "layers": layers,
        "epochs": checkpoint.epochs,
        "seconds": seconds,
        "seed": checkpoint.recipe.seed,
        "dataset": checkpoint.recipe.dataset,
        "train_images": len(dataset.train_images),
    }


def machines(history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the epochs of history.jsonl were trained, in order: {device, threads, processes, epochs}. Logs of older
    versions do not say.
    """
    own = (line["machine"] for line in history if "machine" in line)
    return [machine | {"epochs": len(list(lines))} for machine, lines in groupby(own)]


def layer_entries(model: nn.Module, measured: Evaluation) -> list[dict[str, Any]]:
    """The wrapping layers of `model` in order: name, widths, fold, and the overflow rate that was measured."""
    return [
        {
            "name": name,
            "accumulator_bits": layer.accumulator_bits,
            "fold": layer.fold,
            "weight_bits": layer.weight_bits,
            "activation_bits": layer.input_bits,
            "overflow_rate": measured.layers[name].overflow_rate,
        }
        for name, layer in accumulators(model).items()
    ]


def accuracy_entry(evaluation: Evaluation) -> dict[str, float | int]:
    """A share of images, and how many there are."""
    return {"value": evaluation.accuracy, "images": evaluation.images}


def _span(low: float, high: float, after: Evaluation, name: str) -> float:
    monitor = after.layers[name]
    return float(np.ceil(max(-low, high, -monitor.low, monitor.high, 1.0)) + 1)
