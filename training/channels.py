# SPDX-License-Identifier: BSD-3-Clause
"""Dead channels: those that give one and the same value for every image and place while a model is watched."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from brevitas.nn.quant_layer import QuantNonLinearActLayer
from brevitas.quant_tensor import IntQuantTensor
from torch import Tensor, nn

from training.layers import accumulators


@dataclass(frozen=True)
class DeadChannels:
    """Of `channels` channels, how many are always 0, always at the largest value, or always at another one.
    Accumulators are not told apart: theirs are all `constant`.
    """

    channels: int
    zero: int = 0
    saturated: int = 0
    constant: int = 0

    def __str__(self) -> str:
        counts = {"0": self.zero, "saturated": self.saturated, "one value": self.constant}
        found = ", ".join(f"{count} of {self.channels} always {what}" for what, count in counts.items() if count)
        return found or "none"


class _Watch:
    """What one module has given so far: its first value by channel, and which channels have given no other.

    A channel that has given two values is alive and is not looked at again, so that the cost is that of a few batches.
    A module that is called in several places, with other numbers of channels, is not judged.
    """

    def __init__(self, tell_apart: bool) -> None:
        self.tell_apart = tell_apart
        self.first: Tensor | None = None
        self.suspects = torch.empty(0, dtype=torch.long)
        self.largest = float("inf")

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:
        value = (output.value if isinstance(output, IntQuantTensor) else output).detach()
        if self.first is None:
            self.first = value[0].flatten(1)[:, 0] if value.dim() > 2 else value[0]
            self.suspects = torch.arange(len(self.first), device=value.device)
            if isinstance(output, IntQuantTensor):
                self.largest = float(output.scale.detach().max()) * (2 ** float(output.bit_width) - 1)
        elif len(self.first) != value.shape[1]:
            self.suspects = self.suspects[:0]
        if len(self.suspects):
            every = len(self.suspects) == len(self.first)
            some = (value if every else value[:, self.suspects]).transpose(0, 1).flatten(1)
            self.suspects = self.suspects[(some == self.first[self.suspects, None]).all(dim=1)]

    def dead(self) -> DeadChannels | None:
        if self.first is None or not len(self.suspects):
            return None
        values = self.first[self.suspects]
        if not self.tell_apart:
            return DeadChannels(len(self.first), constant=len(values))
        zero = int((values == 0).sum())
        saturated = int((values > self.largest * (1 - 1e-4)).sum())
        return DeadChannels(len(self.first), zero, saturated, len(values) - zero - saturated)


@contextlib.contextmanager
def watching(model: nn.Module) -> Iterator["Watched"]:
    """While active, the outputs of wrapping layers and activation quantisers are looked at in every forward pass."""
    modules: dict[str, Any] = {n: m for n, m in model.named_modules() if isinstance(m, QuantNonLinearActLayer)}
    watches = {name: _Watch(tell_apart=True) for name in modules}
    for name, layer in accumulators(model).items():
        modules[name], watches[name] = layer, _Watch(tell_apart=False)
    handles = [module.register_forward_hook(watches[name]) for name, module in modules.items()]
    try:
        yield Watched(watches)
    finally:
        for handle in handles:
            handle.remove()


class Watched:
    """What `watching` has seen."""

    def __init__(self, watches: dict[str, _Watch]) -> None:
        self._watches = watches

    def dead(self) -> dict[str, DeadChannels]:
        """The modules that have dead channels, by name."""
        found = {name: watch.dead() for name, watch in self._watches.items()}
        return {name: dead for name, dead in found.items() if dead is not None}
