# SPDX-License-Identifier: BSD-3-Clause
"""Accuracy and overflow of a model over a set of images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from training.layers import accumulators
from training.statistics import Monitor

BATCH = 500


@dataclass(frozen=True)
class Evaluation:
    """Images whose largest logit (the first, if several are) is at the label, and each layer's counters."""

    correct: int
    images: int
    layers: Mapping[str, Monitor]

    @property
    def accuracy(self) -> float:
        return self.correct / self.images

    @property
    def overflow_rate(self) -> float:
        """Share of all layers' sums that overflow."""
        sums = sum(layer.sums for layer in self.layers.values())
        return sum(layer.overflows for layer in self.layers.values()) / sums if sums else 0.0


def evaluate(
    model: nn.Module,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    spans: Mapping[str, float] | None = None,
) -> Evaluation:
    """Run `model` in eval mode over `images` [N, C, H, W]; its mode is restored afterwards.

    `spans` gives each layer's histogram its range [-span, span); without it there are no histograms.
    """
    layers = accumulators(model)
    for name, layer in layers.items():
        layer.monitor = Monitor(span=spans[name] if spans else 0.0)
    training = model.training
    model.eval()
    correct = 0
    try:
        with torch.no_grad():
            for start in range(0, len(images), BATCH):
                batch = torch.from_numpy(images[start : start + BATCH]).float()
                predictions = model(batch).numpy().argmax(axis=1)
                correct += int((predictions == labels[start : start + BATCH]).sum())
        monitors = {name: layer.monitor for name, layer in layers.items() if layer.monitor is not None}
    finally:
        model.train(training)
        for layer in layers.values():
            layer.monitor = None
    return Evaluation(correct, len(images), monitors)
