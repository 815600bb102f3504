# SPDX-License-Identifier: BSD-3-Clause
"""Convolution of integers: its sums through bytes, its gradients in float32 or bfloat16."""

from functools import cache
from math import isfinite
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

Options = tuple[Any, Any, Any, int]
"""Stride, padding, dilation and groups, as conv2d takes them."""


def convolve(x: Tensor, weight: Tensor, options: Options, gradients: torch.dtype = torch.float32) -> Tensor:
    """conv2d(x, weight, None, *options), exactly, with gradients that are computed in `gradients`.

    `x` [N, C, H, W] are unsigned and `weight` [out, C / groups, kh, kw] signed integers of at most 8 bits in float
    tensors, whose sums stay below 2^24. On processors with AVX512-VNNI they go through bytes and 32-bit sums, in a
    third of the time. bfloat16 holds both exactly; where the processor or GPU has it, gradients take half the time.
    """
    result: Tensor = _Convolve.apply(x, weight, options, gradients)
    return result


class _Convolve(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, options: Options, gradients: torch.dtype) -> Tensor:
        ctx.options = options
        ctx.save_for_backward(x.to(gradients), weight.to(gradients))
        if x.device.type == "cpu" and x.dtype == torch.float32 and _sums_bytes() and x.numel() and _finite(x, weight):
            return _through_bytes(x, weight, options)
        return torch.nn.functional.conv2d(x, weight, None, *options)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, weight = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.options
        wanted = [*ctx.needs_input_grad[:2], False]
        by_x, by_weight, _ = torch.ops.aten.convolution_backward(
            gradients[0].to(x.dtype), x, weight, None, stride, padding, dilation, False, [0, 0], groups, wanted
        )
        dtype = gradients[0].dtype
        return (by_x.to(dtype) if wanted[0] else None), (by_weight.to(dtype) if wanted[1] else None), None, None


@cache
def _sums_bytes() -> bool:
    """Without VNNI, oneDNN adds two products in 16 bits, which saturate."""
    return bool(torch.cpu.get_capabilities().get("avx512_vnni", False))


def _finite(*tensors: Tensor) -> bool:
    """A byte has no NaN: the sums, and so the loss, would not show that training has gone wrong."""
    return all(isfinite(tensor.sum().item()) for tensor in tensors)


def _through_bytes(x: Tensor, weight: Tensor, options: Options) -> Tensor:
    stride, padding, dilation, groups = options
    ones, zeros = torch.ones(len(weight)), torch.zeros(len(weight), dtype=torch.int32)
    packed = torch.ops.onednn.qconv_prepack(
        weight.to(torch.int8), ones, 1.0, 0, stride, padding, dilation, groups, list(x.shape)
    )
    result: Tensor = torch.ops.onednn.qconv2d_pointwise(
        x.to(torch.uint8), 1.0, 0, packed, ones, zeros, None,
        stride, padding, dilation, groups, 1.0, 0, torch.float32, "none", [], "",
    )  # fmt: skip
    return result.contiguous(memory_format=_layout(x, weight))


def _layout(x: Tensor, weight: Tensor) -> torch.memory_format:
    """That of conv2d's result."""
    last = any(t.is_contiguous(memory_format=torch.channels_last) and not t.is_contiguous() for t in (x, weight))
    return torch.channels_last if last else torch.contiguous_format
