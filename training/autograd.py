# SPDX-License-Identifier: BSD-3-Clause
"""Wraparound and its cyclic activation on exact integers in float tensors, each with an explicit gradient.

The same arithmetic as `chain.integers`, which is the definition; a test holds the two equal.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

# Integers up to here, and every partial sum on the way, are exact in float32.
EXACT = 1 << 24


def on_gpu(x: Tensor) -> bool:
    """Whether asking for a number of `x` would make the host wait for a device."""
    return x.is_cuda


def half(bits: int) -> float:
    """H = 2^(bits-1): an accumulator of `bits` bits holds [-H, H-1]."""
    return float(1 << (bits - 1))


def wrap(z: Tensor, bits: int, overflow_slope: float = 1.0) -> Tensor:
    """Two's complement wraparound of exact sums `z` (any shape, |z| < 2^24) to `bits` bits.

    The gradient is 1 where nothing overflows and `overflow_slope` where something does. 1 is the derivative;
    0 stops learning from sums that overflowed, which trains where the derivative does not.

    >>> wrap(torch.tensor([127.0, 128.0, -129.0]), 8).tolist()
    [127.0, -128.0, 127.0]
    """
    return _wrap(z, bits, None, overflow_slope)


def wrap_fold(z: Tensor, bits: int, k: int) -> Tensor:
    """fold(wrap(z)): the triangle wave of period 2^bits, slope 1 around zero and -k beyond its corners.

    m = wrap(z); the result is sign(m) * min(|m|, k * (H - |m|)). The gradient is the derivative: 1 inside
    |m| <= k*H/(k+1), -k outside.

    >>> wrap_fold(torch.tensor([96.0, 97.0, 127.0, 128.0, 129.0]), 8, 3).tolist()
    [96.0, 93.0, 3.0, 0.0, -3.0]
    """
    return _wrap(z, bits, k, -float(k))


def overflow_penalty(z: Tensor, bits: int) -> Tensor:
    """mean(max(|z| - H, 0)), a scalar: how far the sums `z` lie beyond the accumulator's range.

    >>> overflow_penalty(torch.tensor([0.0, 130.0, -136.0, 128.0]), 8).item()
    2.5
    """
    where = beyond(z, half(bits))
    if len(where) == 0:
        return z.new_zeros(())
    result: Tensor = _Penalty.apply(z, half(bits), where)
    return result


def accumulate(
    z: Tensor, scale: Tensor, bits: int, k: int | None, overflow_slope: float, wrapping: bool
) -> tuple[Tensor, Tensor]:
    """What a layer does with its exact sums `z` (any shape), in one node: (fold(wrap(z)) * scale, penalty).

    `z` is [N, C, ...], `scale` [C] or one number. The same values and gradients as `wrap_fold` (`wrap` where `k` is
    None; z itself unless `wrapping`), a product with `scale` and `overflow_penalty`, in a third of the passes over the
    sums.
    """
    slope = overflow_slope if k is None else -float(k)
    node = _AccumulateAll if on_gpu(z) else _Accumulate
    result: tuple[Tensor, Tensor] = node.apply(z, scale, half(bits), k, slope, wrapping)
    return result


def integers(x: Tensor, scale: Tensor) -> Tensor:
    """round(x / scale): the integers of a quantised tensor, any shape; `scale` broadcasts against it.

    The gradient takes rounding for the identity.
    """
    result: Tensor = _Integers.apply(x, scale)
    return result


def quantise_unsigned(x: Tensor, scale: Tensor, largest: float, margin: float = 0.0) -> Tensor:
    """scale * clip(round(x / scale), 0, largest), rounding half to even; `scale` is one number.

    What a chain of division, rounding, clamping and multiplication gives, in one node with a short gradient: it
    passes where -margin < x / scale < largest + margin, and reaches the scale from everywhere. A margin of a half is
    that chain's own gradient, which knows of the clamping only what rounding has left.

    >>> quantise_unsigned(torch.tensor([-1.0, 0.3, 0.7, 9.0]), torch.tensor(0.5), 3.0).tolist()
    [0.0, 0.5, 0.5, 1.5]
    """
    result: Tensor = _QuantiseUnsigned.apply(x, scale, largest, margin)
    return result


def beyond(z: Tensor, limit: float) -> Tensor:
    """Where |z| > limit: indices into `in_memory_order(z)`, [count].

    In a trained network few sums come near an overflow. What treats those few alone costs a fraction of what whole
    passes over the sums do.
    """
    flat = in_memory_order(z.detach())
    if flat.device.type == "cpu":  # a tenth of the time of torch's nonzero
        values = flat.numpy()
        return torch.from_numpy(np.flatnonzero((values > limit) | (values < -limit)))
    return (flat.abs() > limit).nonzero().view(-1)


def in_memory_order(x: Tensor) -> Tensor:
    """`x` as one row, a view where it lies densely, row by row or channels last: torch goes through channels-last
    tensors ten times slower as they are.
    """
    return (x.permute(0, 2, 3, 1) if _layout(x) is torch.channels_last else x).reshape(-1)


def by_channel(scale: Tensor, z: Tensor) -> Tensor:
    """`scale` [C] shaped to go with z [N, C, ...]; one number stays one."""
    return scale.view((-1,) + (1,) * (z.dim() - 2)) if scale.dim() else scale


def _layout(x: Tensor) -> torch.memory_format:
    channels_last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if channels_last else torch.contiguous_format


def _reach(h: float, k: int | None) -> float:
    """Up to which |z| wrapping and folding change nothing."""
    return h - 1 if k is None else k * h / (k + 1)


def _wrap(z: Tensor, bits: int, k: int | None, slope: float) -> Tensor:
    where = beyond(z, _reach(half(bits), k))
    if len(where) == 0:
        return z
    result: Tensor = _Wrap.apply(z, half(bits), k, slope, where)
    return result


def _wrap_few(few: Tensor, h: float, k: int | None, slope: float) -> tuple[Tensor, Tensor]:
    """fold(wrap(few)) and its gradient: `slope` where the fold, or without one wrapping, changed the value."""
    exact = few.double()  # holds z + H for every width
    m = exact - 2 * h * torch.floor((exact + h) / (2 * h))
    f = _fold(m, h, k)
    slopes = torch.where(f == (exact if k is None else m), 1.0, slope)
    return f.to(few.dtype), slopes.to(few.dtype)


def _wrap_all(z: Tensor, h: float, k: int | None) -> tuple[Tensor, Tensor]:
    """fold(wrap(z)) as int32, for h below EXACT, and where the fold, or without one wrapping, changed the value."""
    n, top = z.int(), int(h)
    m = n.add(top).bitwise_and_(2 * top - 1).sub_(top)
    f = _fold(m, top, k)
    return f, f != (n if k is None else m)


def _fold(m: Tensor, h: float, k: int | None) -> Tensor:
    """The fold of wrapped sums `m`, which lie in [-h, h): of their type, where `h` is."""
    return m if k is None else m.sign() * torch.minimum(m.abs(), k * (h - m.abs()))


class _Wrap(Function):
    """At all but the places `where` the result is z itself."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, h: float, k: int | None, slope: float, where: Tensor) -> Tensor:
        ctx.layout = _layout(z)
        f = z.clone(memory_format=ctx.layout)
        flat = in_memory_order(f)
        flat[where], slopes = _wrap_few(flat[where], h, k, slope)
        ctx.save_for_backward(where, slopes)
        return f

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        where, slopes = ctx.saved_tensors
        gradient = gradients[0].clone(memory_format=ctx.layout)
        in_memory_order(gradient)[where] *= slopes
        return gradient, None, None, None, None


class _Penalty(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, h: float, where: Tensor) -> Tensor:
        few = in_memory_order(z)[where]
        ctx.layout = _layout(z)
        ctx.shape = z.shape
        ctx.save_for_backward(where, few.sign())
        return (few.abs() - h).sum() / z.numel()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        where, signs = ctx.saved_tensors
        gradient = torch.empty(ctx.shape, dtype=signs.dtype, device=signs.device, memory_format=ctx.layout).zero_()
        in_memory_order(gradient)[where] = signs * (gradients[0] / gradient.numel())
        return gradient, None, None


def _channels(where: Tensor, z: Tensor) -> Tensor:
    """The channels of the places `where` in z's memory order."""
    if z.dim() > 2 and _layout(z) is not torch.channels_last:
        where = where // z[0, 0].numel()
    return where % z.shape[1]


class _Accumulate(Function):
    @staticmethod
    def forward(
        ctx: Any, z: Tensor, scale: Tensor, h: float, k: int | None, slope: float, wrapping: bool
    ) -> tuple[Tensor, Tensor]:
        ctx.layout = _layout(z)
        z = z.contiguous(memory_format=ctx.layout)
        where = beyond(z, h if not wrapping else _reach(h, k))
        few = in_memory_order(z)[where]
        y = z * by_channel(scale, z)
        slopes = torch.ones_like(few)
        if wrapping:
            values, slopes = _wrap_few(few, h, k, slope)
            in_memory_order(y)[where] = values * (scale[_channels(where, z)] if scale.dim() else scale)
        excess = (few.abs() - h).clamp(min=0.0)
        ctx.save_for_backward(y, scale, where, slopes, torch.where(excess > 0, few.sign(), 0.0))
        return y, excess.sum() / z.numel()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None, None, None, None]:
        y, scale, where, slopes, signs = ctx.saved_tensors
        by_y, by_penalty = gradients[0].contiguous(memory_format=ctx.layout), gradients[1]
        by_z = by_y * by_channel(scale, y)
        flat = in_memory_order(by_z)
        flat[where] = flat[where] * slopes + signs * (by_penalty / y.numel())
        by_scale = _by_scale(by_y, y, scale) if ctx.needs_input_grad[1] else None
        return by_z, by_scale, None, None, None, None


class _AccumulateAll(Function):
    """The same by passes over all sums. How many places overflow is for the host to know before it can go on: on a GPU
    that costs more than the passes, and a recorded step (training.recorded) cannot ask at all.
    """

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, scale: Tensor, h: float, k: int | None, slope: float, wrapping: bool
    ) -> tuple[Tensor, Tensor]:
        ctx.layout, ctx.slope = _layout(z), slope
        z = z.contiguous(memory_format=ctx.layout)
        f, sloped = _wrap_all(z, h, k) if wrapping and _reach(h, k) < EXACT else (z, torch.zeros_like(z).bool())
        y = f * by_channel(scale, z)
        excess = (z.abs() - h).clamp(min=0.0)
        ctx.save_for_backward(y, scale, sloped, torch.where(excess > 0, z.sign(), 0.0).to(torch.int8))
        return y, excess.sum() / z.numel()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None, None, None, None]:
        y, scale, sloped, signs = ctx.saved_tensors
        by_y, by_penalty = gradients[0].contiguous(memory_format=ctx.layout), gradients[1]
        by_z = by_y * by_channel(scale, y)
        by_z = torch.where(sloped, by_z * ctx.slope, by_z).addcmul(signs, by_penalty / y.numel())
        by_scale = _by_scale(by_y, y, scale) if ctx.needs_input_grad[1] else None
        return by_z, by_scale, None, None, None, None


class _Integers(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor) -> Tensor:
        ctx.save_for_backward(x if ctx.needs_input_grad[1] else None, scale)
        return torch.div(x, scale).round_()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (gradient,) = gradients
        x, scale = ctx.saved_tensors
        by_x = gradient / scale
        by_scale = None
        if ctx.needs_input_grad[1]:
            if scale.numel() == 1:
                by_scale = (_dot(by_x, x) / -scale).view(scale.shape)
            else:
                by_scale = (by_x * x / -scale).sum_to_size(scale.shape)
        return (by_x if ctx.needs_input_grad[0] else None), by_scale


class _QuantiseUnsigned(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, largest: float, margin: float) -> Tensor:
        y = torch.div(x, scale).round_().clamp_(0.0, largest).mul_(scale)
        ctx.least, ctx.most = -margin, largest + margin
        ctx.save_for_backward(x, scale, y)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        (gradient,) = gradients
        x, scale, y = ctx.saved_tensors
        if on_gpu(x):  # where the host need not know the scale
            by_x = torch.where((x > ctx.least * scale) & (x < ctx.most * scale), gradient, 0.0)
        else:
            by_x = torch.ops.aten.hardtanh_backward(gradient, x, ctx.least * scale.item(), ctx.most * scale.item())
        by_scale = None
        if ctx.needs_input_grad[1]:
            by_scale = ((_dot(gradient, y) - _dot(by_x, x)) / scale).view(scale.shape)
        return by_x, by_scale, None, None


def _by_scale(by_y: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    """The gradient of `scale` [C] or [], y = f * scale [N, C, ...], from that of y."""
    if not scale.dim():
        return _dot(by_y, y) / scale
    return (by_y * y).sum([dim for dim in range(y.dim()) if dim != 1]) / scale


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """The sum of a * b without the product in memory, where both lie alike."""
    for layout in (torch.contiguous_format, torch.channels_last):
        if (layout is torch.contiguous_format or a.dim() == 4) and all(
            t.is_contiguous(memory_format=layout) for t in (a, b)
        ):
            if layout is torch.channels_last:
                a, b = a.permute(0, 2, 3, 1), b.permute(0, 2, 3, 1)
            return torch.dot(a.reshape(-1), b.reshape(-1))
    return (a * b).sum()
