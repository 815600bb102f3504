# SPDX-License-Identifier: BSD-3-Clause
"""Accuracy and overflow of a model over a set of images."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from chain.errors import InputError
from training.layers import accumulators
from training.modes import modes_kept
from training.statistics import Monitor

BATCH, BATCH_ON_GPU = 500, 2500


@dataclass(frozen=True)
class Evaluation:
    """Images whose largest logit (the first, if several are) is at the label, how often each class is `predicted` and
    how often it is `labelled`, and each layer's counters.
    """

    correct: int
    images: int
    layers: Mapping[str, Monitor]
    predicted: tuple[int, ...]
    labelled: tuple[int, ...]

    @property
    def accuracy(self) -> float:
        return self.correct / self.images

    @property
    def overflow_rate(self) -> float:
        """Share of all layers' sums that overflow."""
        sums = sum(layer.sums for layer in self.layers.values())
        return sum(layer.overflows for layer in self.layers.values()) / sums if sums else 0.0


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are; the processor for one without any."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def evaluate(
    model: nn.Module,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    spans: Mapping[str, float] | None = None,
) -> Evaluation:
    """Run `model` in eval mode over `images` [N, C, H, W]; its mode is restored afterwards.

    `spans` gives each layer's histogram its range [-span, span); without it there are no histograms.
    """
    device = device_of(model)
    size = BATCH_ON_GPU if device.type == "cuda" else BATCH
    batches = (
        (
            torch.from_numpy(images[start : start + size]).to(device).float(),
            torch.from_numpy(labels[start : start + size]),
        )
        for start in range(0, len(images), size)
    )
    return evaluate_batches(model, batches, spans)


def evaluate_batches(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], spans: Mapping[str, float] | None = None
) -> Evaluation:
    """The same over batches of inputs [N, ...] and labels [N], as a DataLoader gives them: on any device."""
    layers, device = accumulators(model), device_of(model)
    for name, layer in layers.items():
        layer.monitor = Monitor(span=spans[name] if spans else 0.0)
    correct = images = 0
    predicted = labelled = torch.zeros(0, dtype=torch.long)
    try:
        with modes_kept(model), torch.no_grad():
            model.eval()
            for inputs, labels in batches:
                # numpy's argmax takes the first of equals, as the hardware does
                logits = _logits(model(inputs.to(device)))
                labels = _classes(labels, len(logits))
                predictions = torch.from_numpy(logits.argmax(axis=1))
                correct += int((predictions == labels).sum())
                predicted = _added(predicted, predictions, logits.shape[1])
                labelled = _added(labelled, labels, logits.shape[1])
                images += len(labels)
        monitors = {name: layer.monitor for name, layer in layers.items() if layer.monitor is not None}
    finally:
        for layer in layers.values():
            layer.monitor = None
    return Evaluation(correct, images, monitors, tuple(predicted.tolist()), tuple(labelled.tolist()))


def _logits(result: Any) -> npt.NDArray[np.float32]:
    """What a model gave, [N, classes]; it may end with a quantiser."""
    values = getattr(result, "value", result)
    if not isinstance(values, Tensor) or values.dim() != 2:
        shape = f" of shape {list(values.shape)}" if isinstance(values, Tensor) else ""
        raise InputError(f"the model gives a {type(result).__name__}{shape}, expected logits [N, classes]")
    return values.cpu().numpy()  # type: ignore[no-any-return]


def _classes(labels: Tensor, count: int) -> Tensor:
    if labels.numel() != count:
        raise InputError(f"labels of shape {list(labels.shape)} for {count} inputs, expected a class's number for each")
    return labels.reshape(-1).cpu().long()


def _added(counts: Tensor, classes: Tensor, known: int) -> Tensor:
    """`counts` [known or 0] and how often each of the classes 0..known-1 is in `classes` [N]."""
    more = torch.bincount(classes[(classes >= 0) & (classes < known)], minlength=known)
    return counts + more if len(counts) else more
