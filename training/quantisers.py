# SPDX-License-Identifier: BSD-3-Clause
"""Quantisers as Brevitas has them: short classes made of mixins, to pass, subclass and swap.

Weights: binary, ternary, 2 to 8 bits, per tensor or per channel. Activations: unsigned, one scale a tensor.
Accumulators: `WrapAccumulator` and its variants; `tensor_quant` is the module that does the arithmetic.
"""

from numbers import Integral
from typing import Any

from brevitas.core.function_wrapper import RoundSte, TensorClamp
from brevitas.core.quant import BinaryQuant, IntQuant, RescalingIntQuant
from brevitas.core.quant.delay import _NoDelay
from brevitas.core.zero_point import ZeroZeroPoint
from brevitas.inject import ExtendedInjector
from brevitas.inject.enum import ScalingImplType, ScalingPerOutputType, StatsOp
from brevitas.proxy.quant_proxy import QuantProxyFromInjector
from brevitas.proxy.runtime_quant import AccQuantProxyProtocol
from brevitas.quant.base import (
    MaxStatsScaling,
    NarrowIntQuant,
    PerChannelFloatScaling8bit,
    PerTensorFloatScaling8bit,
)
from brevitas.quant.scaled_int import Uint8ActPerTensorFloatMaxInit
from brevitas.quant.solver import WeightQuantSolver
from torch import Tensor, nn

from chain.errors import InputError
from chain.integers import NARROWEST, WIDEST
from training.autograd import quantise_unsigned, wrap, wrap_fold
from training.recorded import recorded

# ---- weights -------------------------------------------------------------------------------------------------------


class AverageScaling(ExtendedInjector):
    """The scale is the mean magnitude of the weights: right for binary and ternary, whose levels are few."""

    scaling_impl_type = ScalingImplType.STATS
    scaling_stats_op = StatsOp.AVE
    scaling_min_val = 1e-10


class LearnedScaling(ExtendedInjector):
    """The scale is a parameter of its own, begun at the mean magnitude. For layers whose outputs are the logits:
    no batch norm follows that could stretch them.
    """

    scaling_impl_type = ScalingImplType.PARAMETER_FROM_STATS
    scaling_stats_op = StatsOp.AVE
    scaling_min_val = 1e-10


class SignedBinary(ExtendedInjector):
    """+1/-1. The gradient passes whatever the weight's size."""

    tensor_quant = BinaryQuant
    narrow_range = True
    signed = True


class BinaryWeight(AverageScaling, SignedBinary, PerTensorFloatScaling8bit, WeightQuantSolver):
    """+1/-1 with one scale a tensor."""

    bit_width = 1


class BinaryWeightPerChannel(BinaryWeight):
    """+1/-1 with one scale a channel."""

    scaling_per_output_type = ScalingPerOutputType.CHANNEL


class BinaryWeightLearned(LearnedScaling, BinaryWeight):
    """+1/-1 with one learned scale."""


class TernaryWeight(AverageScaling, NarrowIntQuant, PerTensorFloatScaling8bit, WeightQuantSolver):
    """-1, 0, +1 with one scale a tensor; weights below half the mean magnitude become 0."""

    bit_width = 2


class TernaryWeightPerChannel(AverageScaling, NarrowIntQuant, PerChannelFloatScaling8bit, WeightQuantSolver):
    """-1, 0, +1 with one scale a channel."""

    bit_width = 2


class TernaryWeightLearned(LearnedScaling, TernaryWeight):
    """-1, 0, +1 with one learned scale."""


class IntWeight(MaxStatsScaling, NarrowIntQuant, PerTensorFloatScaling8bit, WeightQuantSolver):
    """Signed integers without the most negative one, 2 to 8 bits, one scale a tensor."""


class IntWeightPerChannel(MaxStatsScaling, NarrowIntQuant, PerChannelFloatScaling8bit, WeightQuantSolver):
    """Signed integers without the most negative one, 2 to 8 bits, one scale a channel."""


def weight_quantiser(weights: str | int, per_channel: bool = False, learned: bool = False) -> Any:
    """The weight quantiser class for "binary", "ternary" or a width of 2 to 8 bits.

    `learned` (per tensor only) is for the last layer. Raises InputError for another width.
    """
    if weights == "binary":
        return BinaryWeightLearned if learned else BinaryWeightPerChannel if per_channel else BinaryWeight
    if weights == "ternary":
        return TernaryWeightLearned if learned else TernaryWeightPerChannel if per_channel else TernaryWeight
    if isinstance(weights, int) and 2 <= weights <= 8:
        return (IntWeightPerChannel if per_channel and not learned else IntWeight).let(bit_width=weights)
    raise InputError(f"weights: found {weights!r}, expected 'binary', 'ternary' or a width of 2 to 8 bits")


# ---- activations ---------------------------------------------------------------------------------------------------


class UnsignedIntQuant(nn.Module):
    """Brevitas' IntQuant for unsigned integers with zero point 0, as one fused operation: the same values, and a
    training step that is not mostly spent here.
    """

    margin = 0.0

    def __init__(self, input_view_impl: nn.Module) -> None:
        super().__init__()
        self.input_view_impl = input_view_impl
        self.largest = 0.0

    def forward(self, scale: Tensor, zero_point: Tensor, bit_width: Tensor, x: Tensor) -> Tensor:
        if not recorded(x):
            self.largest = float((1 << int(bit_width)) - 1)
        return quantise_unsigned(x, scale, self.largest, self.margin)


class FusedIntQuant(UnsignedIntQuant):
    """A user's IntQuant of unsigned integers with zero point 0: the same values and gradients, as one operation where
    the scale is one number and the width is not learnt.
    """

    margin = 0.5

    def __init__(self, own: IntQuant) -> None:
        super().__init__(own.input_view_impl)
        self.own = own

    @staticmethod
    def takes(quantiser: RescalingIntQuant) -> bool:
        """Whether the integers of `quantiser` are such, by nothing but rounding and clamping."""
        own = quantiser.int_quant
        return (
            type(own) is IntQuant
            and not (own.signed or own.narrow_range)
            and type(own.float_to_int_impl) is RoundSte
            and type(own.tensor_clamp_impl) is TensorClamp
            and type(own.delay_wrapper.delay_impl) is _NoDelay
            and type(quantiser.zero_point_impl) is ZeroZeroPoint
        )

    def forward(self, scale: Tensor, zero_point: Tensor, bit_width: Tensor, x: Tensor) -> Tensor:
        if scale.numel() != 1 or bit_width.requires_grad:
            return self.own(scale, zero_point, bit_width, x)  # type: ignore[no-any-return]
        return super().forward(scale, zero_point, bit_width, x)


class UnsignedActivation(Uint8ActPerTensorFloatMaxInit):
    """Unsigned integers of 1 to 8 bits with one learned scale, begun so that `max_val` is the largest value."""

    int_quant = UnsignedIntQuant
    max_val = 3.0


class UnsignedInput(Uint8ActPerTensorFloatMaxInit):
    """The network's input, already within [0, 1]: a constant scale."""

    int_quant = UnsignedIntQuant
    scaling_impl_type = ScalingImplType.CONST
    max_val = 1.0


# Where to clip an activation that batch norm has made about normal, by its bits: coarse steps want a nearer clip.
CLIP = {1: 1.2, 2: 1.8, 3: 2.2, 4: 2.6, 5: 3.0, 6: 3.4, 7: 3.7, 8: 4.0}


# ---- accumulators --------------------------------------------------------------------------------------------------


class WrapFoldQuant(nn.Module):
    """fold_{B,k}(wrap_B(z)) on exact sums z of any shape; `fold` None wraps only, with `overflow_slope` as the
    gradient of sums that overflowed.

    >>> import torch
    >>> WrapFoldQuant(8, 3)(torch.tensor([96.0, 97.0, 128.0])).tolist()
    [96.0, 93.0, 0.0]
    """

    def __init__(self, bit_width: int, fold: int | None, overflow_slope: float = 0.0) -> None:
        super().__init__()
        if not _is_whole(bit_width) or not NARROWEST <= bit_width <= WIDEST:
            raise InputError(f"accumulator bits: found {bit_width!r}, expected an integer from {NARROWEST} to {WIDEST}")
        if fold is not None and (not _is_whole(fold) or fold < 1):
            raise InputError(f"fold: found {fold!r}, expected an integer of 1 or more, or none")
        self.bit_width = int(bit_width)
        self.fold = None if fold is None else int(fold)
        self.overflow_slope = overflow_slope

    def forward(self, z: Tensor) -> Tensor:
        if self.fold is None:
            return wrap(z, self.bit_width, self.overflow_slope)
        return wrap_fold(z, self.bit_width, self.fold)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral)


class AccumulatorQuantProxy(QuantProxyFromInjector, AccQuantProxyProtocol):
    """Holds a layer's accumulator quantiser. Takes and gives exact integers in a float tensor of any shape;
    passes them through while `disable_quant` is set.
    """

    def forward(self, x: Tensor) -> Tensor:
        return self.tensor_quant(x) if self.is_quant_enabled else x


class WrapAccumulator(ExtendedInjector):
    """Wraparound at 8 bits and the cyclic activation k = 3. Subclass it for other widths and folds, or to put
    another module in place of `tensor_quant` (any module from integers to integers with `bit_width` and `fold`).

    >>> class Narrow(WrapAccumulator):
    ...     bit_width = 6
    ...     fold = 1
    """

    proxy_class = AccumulatorQuantProxy
    tensor_quant = WrapFoldQuant
    bit_width = 8
    fold = 3
    overflow_slope = 0.0
    signed = True


class PlainWrapAccumulator(WrapAccumulator):
    """Wraparound alone."""

    fold = None  # type: ignore[assignment]


class WideAccumulator(WrapAccumulator):
    """32 bits, which no layer within float32's exact range can fill: the sum as it is."""

    bit_width = 32
    fold = None  # type: ignore[assignment]
