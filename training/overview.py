# SPDX-License-Identifier: BSD-3-Clause
"""What a model's accumulators do, and what narrower or wider ones would: for a user's own training loop."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from chain.errors import InputError
from training.evaluation import evaluate_batches
from training.layers import accumulators

WIDTHS = (32, 16, 12, 10, 8, 7, 6)


@dataclass(frozen=True)
class LayerOverview:
    """One layer: its accumulator's width in bits and fold, the share of sums that overflow it, the least and the
    greatest sum, and the width that would hold them all.
    """

    bits: int
    fold: int | None
    overflow_rate: float
    low: int
    high: int

    @property
    def sufficient_bits(self) -> int:
        return max(self.high.bit_length(), (-self.low - 1).bit_length() if self.low < 0 else 0) + 1


@dataclass(frozen=True)
class Overview:
    """Layers by name; accuracy (0..1) as the model is, and with every accumulator at each of some widths."""

    images: int
    accuracy: float
    layers: Mapping[str, LayerOverview]
    accuracy_at: Mapping[int, float]

    def __str__(self) -> str:
        layers = Table("layer", "accumulator", "fold", "overflow", "sums", "would need")
        for name, layer in self.layers.items():
            layers.add_row(
                name,
                f"{layer.bits} bits",
                str(layer.fold or "none"),
                f"{100 * layer.overflow_rate:.3f} %",
                f"{layer.low}..{layer.high}",
                f"{layer.sufficient_bits} bits",
            )
        widths = Table("every accumulator", *(f"{bits} bits" for bits in self.accuracy_at))
        widths.add_row("accuracy", *(f"{100 * accuracy:.2f} %" for accuracy in self.accuracy_at.values()))
        text = io.StringIO()
        console = Console(file=text, width=100)
        console.print(layers)
        console.print(f"accuracy {100 * self.accuracy:.2f} % on {self.images} images")
        console.print(widths)
        return text.getvalue().rstrip()


def report(model: nn.Module, loader: Iterable[Any], widths: Sequence[int] = WIDTHS) -> Overview:
    """Overflow by layer, and accuracy with the accumulators as they are and all at each of `widths`, wrapped and
    folded, without further training. `loader` gives inputs [N, ...] and labels [N] and is gone through len(widths) + 1
    times. The model is left as it was.

    Raises InputError if the model has no wrapping layers, or the loader gives nothing or something else, or can be gone
    through only once.
    """
    layers = accumulators(model)
    if not layers:
        raise InputError("report: the model has no wrapping layers; training.wrap makes them")
    if isinstance(loader, Iterator):
        raise InputError("report: the loader is an iterator, to be gone through once; give a DataLoader or a list")
    now = evaluate_batches(model, _labelled(loader))
    if not now.images:
        raise InputError("report: the loader gave no batch, expected at least one")
    found = {
        name: LayerOverview(
            layer.accumulator_bits, layer.fold, now.layers[name].overflow_rate, int(monitor.low), int(monitor.high)
        )
        for (name, layer), monitor in zip(layers.items(), now.layers.values(), strict=True)
    }
    before = {name: (layer.accumulator_quant, layer.wrapping) for name, layer in layers.items()}
    accuracy_at = {}
    try:
        for bits in widths:
            for layer in layers.values():
                layer.accumulator_bits, layer.wrapping = bits, True
            accuracy_at[bits] = evaluate_batches(model, _labelled(loader)).accuracy
    finally:
        for name, layer in layers.items():
            layer.accumulator_quant, layer.wrapping = before[name]
    return Overview(now.images, now.accuracy, found, accuracy_at)


def _labelled(loader: Iterable[Any]) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs and labels of every batch; what comes behind them is left out."""
    for batch in loader:
        if not isinstance(batch, list | tuple) or len(batch) < 2 or not hasattr(batch[0], "to"):
            kinds = ", ".join(type(part).__name__ for part in batch) if isinstance(batch, list | tuple) else "no tuple"
            raise InputError(
                f"report: a batch is a {type(batch).__name__} ({kinds}), expected a tensor of inputs and the labels"
            )
        yield batch[0], torch.as_tensor(batch[1])
