# SPDX-License-Identifier: BSD-3-Clause
"""The methods' accumulators: wide, wrapped, folded, saturated."""

from dataclasses import replace

from torch import Tensor, nn

from training.autograd import half
from training.blocks import Blocks
from training.layers import accumulators
from training.quantisers import WrapAccumulator

WIDE = 32
"""Bits that no layer's sums can fill."""


class SaturateQuant(nn.Module):
    """min(max(z, -H), H-1) on exact sums `z` of any shape, at the end of the sum; the gradient is 1 everywhere.

    >>> import torch
    >>> SaturateQuant(8)(torch.tensor([127.0, 128.0, -129.0])).tolist()
    [127.0, 127.0, -128.0]
    """

    fold = None

    def __init__(self, bit_width: int) -> None:
        super().__init__()
        self.bit_width = bit_width

    def forward(self, z: Tensor) -> Tensor:
        h = half(self.bit_width)
        return z + (z.clamp(-h, h - 1) - z).detach()


class SaturateAccumulator(WrapAccumulator):
    """A saturating accumulator."""

    tensor_quant = SaturateQuant  # type: ignore[assignment]
    fold = None  # type: ignore[assignment]


def with_accumulator(blocks: Blocks, accumulator: str, bits: int, fold: int) -> Blocks:
    """`blocks` with accumulators of `bits` bits: "wrap", "fold" (wrap with k = `fold`) or "saturate". "wide" has the
    arithmetic of "wrap"; `set_wrapping` leaves it out.
    """
    kind = SaturateAccumulator if accumulator == "saturate" else WrapAccumulator
    k = fold if accumulator == "fold" else None
    return replace(blocks, accumulator_bits=bits, fold=k, accumulator_quant=kind)


def set_bits(model: nn.Module, bits: int) -> None:
    """Give every accumulator of `model` this width."""
    for layer in accumulators(model).values():
        layer.accumulator_bits = bits
