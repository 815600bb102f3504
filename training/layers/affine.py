# SPDX-License-Identifier: BSD-3-Clause
"""Scale and shift by channel: what batch norm and the accumulator's scale become when a network is frozen."""

from torch import Tensor, nn


class ChannelAffine(nn.Module):
    """y = x * a[c] + b[c] in two float32 operations, multiply then add, so that every runtime rounds alike.

    x is [N, C, H, W] or [N, C]; `a` is [C] or [1] (one factor for all channels), `b` is [C] or None.
    """

    a: Tensor
    b: Tensor | None

    def __init__(self, a: Tensor, b: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("a", a.detach().float().reshape(-1).clone())
        self.register_buffer("b", None if b is None else b.detach().float().reshape(-1).clone())

    def forward(self, x: Tensor) -> Tensor:
        shape = (1, -1) + (1,) * (x.dim() - 2)
        y = x * self.a.view(shape)
        return y if self.b is None else y + self.b.view(shape)

    def extra_repr(self) -> str:
        return f"channels={len(self.a)}, shift={self.b is not None}"
