# SPDX-License-Identifier: BSD-3-Clause
"""Wraparound and its cyclic activation on exact integers in float tensors, each with an explicit gradient.

The same arithmetic as `chain.integers`, which is the definition; a test holds the two equal.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


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
    low, high = _range(z)
    if -half(bits) <= low and high < half(bits):
        return z
    result: Tensor = _Wrap.apply(z, bits, overflow_slope)
    return result


def wrap_fold(z: Tensor, bits: int, k: int) -> Tensor:
    """fold(wrap(z)): the triangle wave of period 2^bits, slope 1 around zero and -k beyond its corners.

    m = wrap(z); the result is sign(m) * min(|m|, k * (H - |m|)). The gradient is the derivative: 1 inside
    |m| <= k*H/(k+1), -k outside.

    >>> wrap_fold(torch.tensor([96.0, 97.0, 127.0, 128.0, 129.0]), 8, 3).tolist()
    [96.0, 93.0, 3.0, 0.0, -3.0]
    """
    low, high = _range(z)
    if max(-low, high) * (k + 1) <= k * half(bits):
        return z
    result: Tensor = _WrapFold.apply(z, bits, k)
    return result


def overflow_penalty(z: Tensor, bits: int) -> Tensor:
    """mean(max(|z| - H, 0)), a scalar: how far the sums `z` lie beyond the accumulator's range.

    >>> overflow_penalty(torch.tensor([0.0, 130.0, -136.0, 128.0]), 8).item()
    2.5
    """
    low, high = _range(z)
    if max(-low, high) <= half(bits):
        return z.new_zeros(())
    result: Tensor = _Penalty.apply(z, half(bits))
    return result


def integers(x: Tensor, scale: Tensor) -> Tensor:
    """round(x / scale): the integers of a quantised tensor, any shape; `scale` broadcasts against it.

    The gradient takes rounding for the identity.
    """
    result: Tensor = _Integers.apply(x, scale)
    return result


def quantise_unsigned(x: Tensor, scale: Tensor, largest: float) -> Tensor:
    """scale * clip(round(x / scale), 0, largest), rounding half to even; `scale` is one number.

    What a chain of division, rounding, clamping and multiplication gives, in one node with a short gradient: it
    passes where 0 < x < largest * scale, and reaches the scale from everywhere.

    >>> quantise_unsigned(torch.tensor([-1.0, 0.3, 0.7, 9.0]), torch.tensor(0.5), 3.0).tolist()
    [0.0, 0.5, 0.5, 1.5]
    """
    result: Tensor = _QuantiseUnsigned.apply(x, scale, largest)
    return result


def _range(z: Tensor) -> tuple[float, float]:
    if z.numel() == 0:
        return 0.0, 0.0
    low, high = torch.aminmax(in_memory_order(z.detach()))
    return low.item(), high.item()


def in_memory_order(x: Tensor) -> Tensor:
    """`x` as one row, without a copy where it lies densely: torch reduces channels-last tensors ten times slower."""
    if x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last):
        x = x.permute(0, 2, 3, 1)
    return x.reshape(-1)


def _wrapped(z: Tensor, bits: int) -> Tensor:
    h = half(bits)
    if bits > 24:  # exact sums are within the range, but z + h need not be exact
        return z
    turns = (z + h).mul_(0.5 / h).floor_()
    return torch.sub(z, turns, alpha=2 * h)


class _Wrap(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, bits: int, overflow_slope: float) -> Tensor:
        m = _wrapped(z, bits)
        ctx.overflow_slope = overflow_slope
        if overflow_slope != 1.0:
            ctx.save_for_backward(m != z)
        return m

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = gradients
        if ctx.overflow_slope == 1.0:
            return gradient, None, None
        (overflowed,) = ctx.saved_tensors
        return torch.where(overflowed, gradient * ctx.overflow_slope, gradient), None, None


class _WrapFold(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, bits: int, k: int) -> Tensor:
        h = half(bits)
        corner = k * h / (k + 1)
        ctx.k = k
        ctx.by_excess = corner.is_integer()
        if ctx.by_excess:  # the usual k = 1, 3, 7: m less k + 1 times what lies beyond the corner, all of it exact
            m = z.clone() if bits > 24 else _wrapped(z, bits)
            excess = torch.nn.functional.softshrink(m, corner)
            ctx.save_for_backward(excess)
            return m.add_(excess, alpha=-(k + 1))
        m = _wrapped(z, bits)
        # k * (H - |m|) as two bounds: (H - m) is exact and small wherever it matters, which k * m need not be.
        upper = (h - m).mul_(k)
        lower = (-h - m).mul_(k)
        f = torch.clamp(m, lower, upper)
        ctx.save_for_backward(f != m)
        return f

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = gradients
        (outside,) = ctx.saved_tensors
        if ctx.by_excess:
            beyond = torch.ops.aten.softshrink_backward(gradient, outside, 0.0)  # the gradient there, else 0
            return torch.add(gradient, beyond, alpha=-(ctx.k + 1)), None, None
        return torch.where(outside, gradient * -float(ctx.k), gradient), None, None


class _Penalty(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, h: float) -> Tensor:
        excess = torch.nn.functional.softshrink(z, h)  # sign(z) * max(|z| - H, 0)
        ctx.save_for_backward(excess)
        return excess.abs().mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        (excess,) = ctx.saved_tensors
        return excess.sign().mul_(gradient / excess.numel()), None


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
    def forward(ctx: Any, x: Tensor, scale: Tensor, largest: float) -> Tensor:
        y = torch.div(x, scale).round_().clamp_(0.0, largest).mul_(scale)
        ctx.largest = largest
        ctx.save_for_backward(x, scale, y)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None]:
        (gradient,) = gradients
        x, scale, y = ctx.saved_tensors
        by_x = torch.ops.aten.hardtanh_backward(gradient, x, 0.0, ctx.largest * scale.item())
        by_scale = None
        if ctx.needs_input_grad[1]:
            by_scale = ((_dot(gradient, y) - _dot(by_x, x)) / scale).view(scale.shape)
        return by_x, by_scale, None


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
