# SPDX-License-Identifier: BSD-3-Clause
"""Dropout of quantised tensors."""

from typing import Any

from brevitas.quant_tensor import IntQuantTensor
from torch import nn


class _ScaledDropout(nn.Module):
    """What is kept grows by 1 / (1 - p), and the scale of a quantised tensor with it, so that its integers stay as they
    are. Brevitas leaves the scale as it was.
    """

    p: float
    inplace: bool

    def forward(self, input: Any) -> Any:
        """Of any shape; a quantised tensor gives a quantised tensor."""
        if not isinstance(input, IntQuantTensor) or not self.training or self.p == 0:
            return super().forward(input)
        value = super().forward(input.value.clone() if self.inplace else input.value)
        return input.set(value=value, scale=input.scale / (1 - self.p) if self.p < 1 else input.scale)


class ScaledDropout(_ScaledDropout, nn.Dropout):
    """nn.Dropout, and for quantised tensors."""


class ScaledDropout2d(_ScaledDropout, nn.Dropout2d):
    """nn.Dropout2d, and for quantised tensors."""


_SCALED: dict[type[nn.Module], type[nn.Module]] = {nn.Dropout: ScaledDropout, nn.Dropout2d: ScaledDropout2d}


def scale_dropout(model: nn.Module) -> None:
    """Make every nn.Dropout and nn.Dropout2d of `model` such a one, in place."""
    for module in model.modules():
        if type(module) in _SCALED:
            module.__class__ = _SCALED[type(module)]
