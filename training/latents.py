# SPDX-License-Identifier: BSD-3-Clause
"""Weights made of a layer's integers and scales, so that its quantiser gives exactly those again."""

from collections.abc import Iterator

import torch
from torch import Tensor

from chain.errors import UnsupportedError
from training.layers.wrapping import AccumulatorMixin

# Products and sums are rounded: what gives a scale exactly lies within this many steps of float32.
STEPS = 8


def set_integers(layer: AccumulatorMixin, integers: Tensor, scale: Tensor) -> None:
    """Give `layer` latent weights that quantise to `integers` (float, of the weight's shape) with `scale` ([1] or
    [out, 1, ...]), bit for bit. A scale that is a parameter of its own must be in place.

    Raises UnsupportedError, naming the layer, if its quantiser gives others.
    """
    scale = scale.reshape(-1)
    rows = integers.reshape(scale.numel(), -1)
    latents = torch.zeros_like(rows)
    open_rows = torch.ones(scale.numel(), dtype=torch.bool)
    for candidate in _candidates(rows, scale):
        _set(layer, torch.where(open_rows[:, None], candidate, latents))
        found, found_scale = layer.integer_weight()
        right = (found.reshape(rows.shape) == rows).all(dim=1) & (found_scale.reshape(-1) == scale)
        latents[open_rows & right] = candidate[open_rows & right]
        open_rows &= ~right
        if not open_rows.any():
            _set(layer, latents)
            return
    raise UnsupportedError(
        f"{layer.describe()}: no weights found that its quantiser {type(layer.weight_quant).__name__} turns into the "  # type: ignore[attr-defined]
        f"integers and scale of {int(open_rows.sum())} of {scale.numel()} channels"
    )


def _candidates(rows: Tensor, scale: Tensor) -> Iterator[Tensor]:
    """Latent weights for integers [G, n] and scales [G], for a scale that is the greatest magnitude by the greatest
    integer, or a parameter; then for one that is the mean magnitude.
    """
    greatest = rows.abs().amax(dim=1, keepdim=True)
    for step in _steps():
        top = _neighbour(scale[:, None] * greatest, step)
        yield torch.where(rows.abs() == greatest, rows.sign() * top, rows * scale[:, None])
    for step in _steps():
        yield _with_sum(rows, _neighbour(scale * rows.shape[1], step))


def _with_sum(rows: Tensor, total: Tensor) -> Tensor:
    """Magnitudes that sum to `total` [G] exactly, in whatever order they are added: all are multiples of the last
    place of `total`, so that no partial sum is rounded.
    """
    place = _neighbour(total, 1).double() - total.double()
    units = (total.double() / place).round().long()
    used = rows != 0
    count = used.sum(dim=1).clamp(min=1)
    each, rest = units // count, units % count
    more = (used.cumsum(dim=1) <= rest[:, None]).long()
    return (rows.sign() * (each[:, None] + more) * place[:, None]).float()


def _steps() -> Iterator[int]:
    yield 0
    for step in range(1, STEPS + 1):
        yield from (step, -step)


def _neighbour(values: Tensor, steps: int) -> Tensor:
    """The positive float32 `values`, so many representable numbers further."""
    return (values.float().contiguous().view(torch.int32) + steps).view(torch.float32)


def _set(layer: AccumulatorMixin, rows: Tensor) -> None:
    with torch.no_grad():
        layer.weight.copy_(rows.reshape(layer.weight.shape))
