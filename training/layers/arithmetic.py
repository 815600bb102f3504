# SPDX-License-Identifier: BSD-3-Clause
"""Integer arithmetic between the layers: the network's input, residual addition, the global sum."""

import brevitas.nn as qnn
import torch
from brevitas.quant_tensor import IntQuantTensor
from torch import Tensor, nn

from chain.errors import UnsupportedError
from training.autograd import integers
from training.quantisers import UnsignedInput
from training.recorded import recorded


class InputQuant(nn.Module):
    """Raw integers 0..`maximum` as float [N, C, H, W] -> unsigned `bit_width`-bit values within [0, 1].

    y = x * factor, factor = 1/maximum as float32, then an unsigned quantiser of constant scale 1/(2^bit_width - 1).
    With maximum = 2^bit_width - 1 the integers pass unchanged.
    """

    factor: Tensor

    def __init__(self, maximum: int = 255, bit_width: int = 8) -> None:
        super().__init__()
        self.maximum = maximum
        self.register_buffer("factor", torch.tensor(1.0 / maximum, dtype=torch.float32), persistent=False)
        self.quant = qnn.QuantIdentity(act_quant=UnsignedInput, bit_width=bit_width, return_quant_tensor=True)

    def forward(self, x: Tensor) -> IntQuantTensor:
        return self.quant(x * self.factor)


class QuantAdd(nn.Module):
    """a + b of two unsigned quantised tensors of one scale s -> unsigned, one bit wider, scale s.

    Quantise both with one shared quantiser, for instance one `QuantReLU` called on each.
    Raises UnsupportedError where the scales differ: integers of different units cannot be added.
    """

    def forward(self, a: IntQuantTensor, b: IntQuantTensor) -> IntQuantTensor:
        if not isinstance(a, IntQuantTensor) or not isinstance(b, IntQuantTensor):
            raise UnsupportedError(
                f"QuantAdd: found {type(a).__name__} and {type(b).__name__}, expected two quantised tensors; "
                "put one shared quantiser with return_quant_tensor=True before both inputs"
            )
        if a.signed or b.signed or not (recorded(a.value) or torch.equal(a.scale, b.scale)):
            raise UnsupportedError(
                f"QuantAdd: inputs have scales {a.scale.tolist()} and {b.scale.tolist()} and must be unsigned with "
                "one scale; quantise both with the same module"
            )
        width = torch.maximum(a.bit_width, b.bit_width) + 1
        return IntQuantTensor(a.value + b.value, a.scale, a.zero_point, width, False, self.training)


class QuantSumPool(nn.Module):
    """Global average pool in integers: [N, C, H, W] quantised with scale s -> float [N, C, 1, 1] (or [N, C] with
    `flatten`), the exact sum of the integers times float32(s / (H*W)). An activation quantiser must follow.
    """

    def __init__(self, flatten: bool = False) -> None:
        super().__init__()
        self.flatten = flatten

    def forward(self, x: IntQuantTensor) -> Tensor:
        if not isinstance(x, IntQuantTensor):
            raise UnsupportedError(f"QuantSumPool: found {type(x).__name__}, expected a quantised tensor")
        total = integers(x.value, x.scale.detach()).sum(dim=(2, 3), keepdim=not self.flatten)
        pixels = x.value.shape[2] * x.value.shape[3]
        return total * self.factor(x.scale, pixels)

    @staticmethod
    def factor(scale: Tensor, pixels: int) -> Tensor:
        """float32(scale / pixels), the one constant by which the sum is multiplied."""
        return (scale.detach().double() / pixels).float()
