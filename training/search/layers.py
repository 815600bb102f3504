# SPDX-License-Identifier: BSD-3-Clause
"""What a trained network's exact sums say about each layer's accumulator, in seconds and without training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from chain.integers import NARROWEST
from training.autograd import half, in_memory_order
from training.evaluation import BATCH
from training.layers import accumulators, recording
from training.modes import modes_kept

WIDEST = 16

HOPELESS = 0.75
"""Share of sums that overflow beyond which a width is not tried."""

RARE = 0.01
"""Share of sums that overflow up to which a width is expected to work."""

SPARE = 2
"""Bits that are tried beyond those that hold every sum: the network was trained to keep its sums within its widths, and
makes use of more in a layer where they are cheap.
"""


@dataclass(frozen=True)
class Layer:
    """One layer: products for one image, and the share of its sums that overflow each width of 4..16 bits."""

    products: int
    overflow: Mapping[int, float]

    @property
    def low(self) -> int:
        """The narrowest width to try."""
        return self.narrowest(HOPELESS)

    @property
    def holding(self) -> int:
        """The width that holds every sum, or the widest."""
        return self.narrowest(0.0)

    @property
    def high(self) -> int:
        """The widest width to try."""
        return min(self.holding + SPARE, max(self.overflow))

    @property
    def start(self) -> int:
        """The narrowest width that hardly overflows."""
        return self.narrowest(RARE)

    def narrowest(self, rate: float) -> int:
        """The narrowest width at which no more than `rate` of the sums overflow, or the widest.

        >>> Layer(9, {4: 0.6, 5: 0.2, 6: 0.001, 7: 0.0}).narrowest(0.2)
        5
        """
        return next((bits for bits in sorted(self.overflow) if self.overflow[bits] <= rate), max(self.overflow))


def measure(model: nn.Module, images: npt.NDArray[np.uint8]) -> dict[str, Layer]:
    """Every wrapping layer of `model` by name, over `images` [N, C, H, W]. The model's mode is restored."""
    widths = range(NARROWEST, WIDEST + 1)
    sums: dict[str, int] = dict.fromkeys(accumulators(model), 0)
    beyond = {name: np.zeros(len(widths), np.int64) for name in sums}
    products = dict.fromkeys(sums, 0)
    with modes_kept(model), torch.no_grad(), recording(model) as layers:
        model.eval()
        for start in range(0, len(images), BATCH):
            model(torch.from_numpy(images[start : start + BATCH]).float())
            for name, layer in layers.items():
                if layer.last_sum is None:
                    continue
                sums[name] += layer.last_sum.numel()
                beyond[name] += overflows(layer.last_sum, widths)
                products[name] = layer.last_sum[0].numel() * layer.weight[0].numel()
    return {
        name: Layer(products[name], dict(zip(widths, (beyond[name] / max(sums[name], 1)).tolist(), strict=True)))
        for name in sums
    }


def overflows(z: Tensor, widths: Iterable[int]) -> npt.NDArray[np.int64]:
    """How many of the exact sums `z` (any shape) lie outside [-H, H-1], for each width.

    >>> overflows(torch.tensor([-9.0, -8.0, 7.0, 8.0]), (4, 5)).tolist()
    [2, 0]
    """
    flat = in_memory_order(z)
    halves = [half(bits) for bits in widths]
    return np.array([int(((flat < -half) | (flat >= half)).sum()) for half in halves], np.int64)
