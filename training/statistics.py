# SPDX-License-Identifier: BSD-3-Clause
"""Counters of what a layer's exact sums do: how many overflow, how far, and how they are spread."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from training.autograd import beyond, in_memory_order

BINS = 64


@dataclass
class Monitor:
    """Accumulates over batches. `span` (set once) adds a histogram of BINS bins over [-span, span), in units of 1;
    sums beyond are counted in the end bins.
    """

    span: float = 0.0
    sums: int = 0
    overflows: int = 0
    excess: float = 0.0
    low: float = 0.0
    high: float = 0.0
    counts: Tensor = field(default_factory=lambda: torch.zeros(BINS, dtype=torch.float64))

    def update(self, z: Tensor, bits: int) -> None:
        """Count one batch of exact sums `z` (any shape) against an accumulator of `bits` bits."""
        h = float(1 << (bits - 1))
        flat = in_memory_order(z)
        low, high = (bound.item() for bound in torch.aminmax(flat))
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.sums += z.numel()
        few = flat[beyond(z, h - 1)]
        self.overflows += int(((few >= h) | (few < -h)).sum())
        self.excess += float((few.double().abs() - h).clamp(min=0).sum())
        if self.span:
            inside = z.clamp(-self.span, self.span * (1 - 1e-6))
            self.counts += torch.histc(inside, BINS, -self.span, self.span).double().cpu()

    @property
    def overflow_rate(self) -> float:
        """Share of the sums outside [-H, H-1]."""
        return self.overflows / self.sums if self.sums else 0.0

    @property
    def penalty(self) -> float:
        """mean(max(|z| - H, 0))."""
        return self.excess / self.sums if self.sums else 0.0

    def edges(self) -> list[float]:
        """The BINS + 1 edges of the histogram."""
        return torch.linspace(-self.span, self.span, BINS + 1).tolist()

    def shares(self) -> list[float]:
        """The histogram as shares of all sums."""
        return (self.counts / max(self.sums, 1)).tolist()
