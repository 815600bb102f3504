# SPDX-License-Identifier: BSD-3-Clause
"""Convolution and linear layers whose exact integer accumulator is wrapped, folded and scaled back."""

import inspect
from collections.abc import Mapping
from typing import Any

import brevitas.nn as qnn
import torch
from brevitas.nn.mixin.base import QuantProxyMixin
from brevitas.proxy.runtime_quant import AccQuantProxyProtocol
from brevitas.quant_tensor import IntQuantTensor
from torch import Tensor

from chain.errors import InputError, UnsupportedError, nearest
from training.autograd import EXACT, accumulate, by_channel, integers, overflow_penalty
from training.convolution import convolve
from training.layers.precision import require_exact, rounded
from training.quantisers import BinaryWeight, WideAccumulator, WrapAccumulator, WrapFoldQuant
from training.recorded import recorded
from training.statistics import Monitor

# So far from an integer is rounding in float32; more is another number.
INTEGER = 0.05
# How the options of a layer's quantisers begin.
_QUANTISERS = ("weight_", "bias_", "input_", "output_", "accumulator_")


class AccumulatorMixin(QuantProxyMixin):
    """Recovers the exact accumulator z from the scales, gives it to the accumulator quantiser, scales back.

    Attributes: `wrapping` (False: the wide accumulator z itself), `accumulator_bits`, `fold`, `layer_name` (the
    module's path, as `accumulators` was asked last), `integer_output` (set by freeze: the output is the folded
    integer itself), `input_bits` and `input_scale` (of the last input seen), `in_bytes` (whether it and the weights
    have at most 8 bits), `normed` (batch norm follows, with the statistics of each batch: it would take the gradient of
    scales by channel away, which are then spared it).
    """

    weight: Tensor
    bias: Tensor | None
    accumulator_quant: Any

    def __init__(self, accumulator_quant: Any, **kwargs: Any) -> None:
        QuantProxyMixin.__init__(
            self,
            quant=accumulator_quant,
            proxy_protocol=AccQuantProxyProtocol,
            none_quant_injector=WideAccumulator,
            proxy_prefix="accumulator_",
            kwargs_prefix="accumulator_",
            **kwargs,
        )
        self.layer_name = ""
        self.integer_output = False
        self.recording = False
        self.last_sum: Tensor | None = None
        self.last_accumulator: Tensor | None = None
        self.penalising = False
        self.penalty: Tensor | None = None
        self.monitor: Monitor | None = None
        self.input_bits = 0
        self.in_bytes = False
        self.checked: tuple[int, ...] = ()
        self.normed = False
        self.input_scale: Tensor | None = None

    @property
    def wrapping(self) -> bool:
        return bool(self.accumulator_quant.is_quant_enabled)

    @wrapping.setter
    def wrapping(self, value: bool) -> None:
        self.accumulator_quant.disable_quant = not value

    @property
    def accumulator_bits(self) -> int:
        return int(self.accumulator_quant.tensor_quant.bit_width)

    @accumulator_bits.setter
    def accumulator_bits(self, value: int) -> None:
        self._replace_accumulator(accumulator_bit_width=value)

    @property
    def fold(self) -> int | None:
        return self.accumulator_quant.tensor_quant.fold  # type: ignore[no-any-return]

    @fold.setter
    def fold(self, value: int | None) -> None:
        self._replace_accumulator(accumulator_fold=value)

    @property
    def weight_bits(self) -> float:
        """1 for binary, 1.58 for ternary, else the width."""
        bits = int(self.weight_quant.bit_width())  # type: ignore[attr-defined]
        narrow = self.weight_quant.is_narrow_range  # type: ignore[attr-defined]
        return 1.58 if bits == 2 and narrow else float(bits)

    def integer_weight(self) -> tuple[Tensor, Tensor]:
        """The weights' integers (a float tensor of the weight's shape) and their scale, [] or [out, 1, ...]."""
        quantised = self.quant_weight()  # type: ignore[attr-defined]
        return integers(quantised.value, quantised.scale.detach()), quantised.scale.detach()

    def forward(self, input: IntQuantTensor) -> Tensor:  # type: ignore[override]
        """A quantised tensor, unsigned and of one scale -> float [N, out, ...].

        Raises UnsupportedError for any other input, and where sums might not be exact: for their size, or for autocast.
        """
        quantised = self.quant_weight()  # type: ignore[attr-defined]
        self._check(input, quantised)
        # The scales' gradients count here: a larger input scale means smaller integers, hence less overflow.
        weight = integers(quantised.value, quantised.scale)
        x = integers(input.value, input.scale)
        z = rounded(self.inner_forward_impl(x, weight, None))  # type: ignore[attr-defined]
        if self.monitor is not None:
            self.monitor.update(z.detach(), self.accumulator_bits)
        scale = input.scale * quantised.scale
        scale = scale.view(-1) if scale.numel() > 1 else scale.view(())
        if scale.dim() and self.normed:
            scale = scale.detach()
        quantiser = self.accumulator_quant.tensor_quant
        penalising = self.penalising and torch.is_grad_enabled()
        if type(quantiser) is WrapFoldQuant and not (self.recording or self.integer_output):
            y, penalty = accumulate(
                z, scale, quantiser.bit_width, quantiser.fold, quantiser.overflow_slope, self.wrapping
            )
            self.penalty = penalty if penalising else None
            return self._biased(y)
        self.penalty = overflow_penalty(z, self.accumulator_bits) if penalising else None
        f = self.accumulator_quant(z)
        if self.recording:
            self.last_sum, self.last_accumulator = z.detach(), f.detach()
        if self.integer_output:
            return f  # type: ignore[no-any-return]
        return self._biased(f * by_channel(scale, f))

    def __getstate__(self) -> dict[str, Any]:
        """Copies and files have no penalty: it belongs to a forward pass, and torch copies no such tensors."""
        return {**self.__dict__, "penalty": None}

    def _biased(self, y: Tensor) -> Tensor:
        return y if self.bias is None else y + by_channel(self.bias, y)

    def describe(self) -> str:
        return f"layer {self.layer_name!r}" if self.layer_name else f"layer {type(self).__name__}({self.extra_repr()})"  # type: ignore[attr-defined]

    def _replace_accumulator(self, **changes: Any) -> None:
        disabled = self.accumulator_quant.disable_quant
        injector = self.accumulator_quant.quant_injector
        changes = {name.removeprefix("accumulator_"): value for name, value in changes.items()}
        self.accumulator_quant = injector.proxy_class(self, injector.let(**changes))
        self.accumulator_quant.disable_quant = disabled

    def _check(self, x: IntQuantTensor, weight: IntQuantTensor) -> None:
        if not isinstance(x, IntQuantTensor):
            raise UnsupportedError(
                f"{self.describe()}: input is a {type(x).__name__} without a scale, expected a quantised tensor; put a "
                "quantiser with return_quant_tensor=True before it (in a recipe's network q.input() first of all, and "
                "q.relu() behind each batch norm)"
            )
        if torch.onnx.is_in_onnx_export() and not self.integer_output:
            raise UnsupportedError(
                f"{self.describe()}: torch.onnx and Brevitas' exporters know no wraparound; use export.hand_over"
            )
        require_exact(x.value, self.describe())
        self.input_scale = x.scale.detach()
        if recorded(x.value):
            return
        bits = int(x.bit_width)
        seen: tuple[int, ...] = (bits, x.scale.numel(), x.value.dim(), self.training)
        if not x.value.is_cuda:  # there the host would wait for each of these
            seen += (int(weight.bit_width), int(x.signed), int(x.zero_point.any()))
        if seen == self.checked:
            return
        weight_bits = int(weight.bit_width)
        if x.signed or x.scale.numel() != 1 or bool((x.zero_point != 0).any()):
            raise UnsupportedError(
                f"{self.describe()}: input is {'signed' if x.signed else 'unsigned'} with {x.scale.numel()} scales and "
                f"zero point {x.zero_point.flatten()[0].item():g}, expected unsigned, one scale, zero point 0; give "
                "the quantiser before it an act_quant such as brevitas.quant.Uint8ActPerTensorFloat"
            )
        self._require_shape(x.value)
        self._require_integers(x, bits)
        fan_in = self.weight[0].numel()
        narrow = self.weight_quant.is_narrow_range  # type: ignore[attr-defined]
        weight_max = 1 if self.weight_bits < 2 else (1 << weight_bits - 1) - int(narrow)
        reach = fan_in * weight_max * ((1 << bits) - 1)
        if reach >= EXACT:
            raise UnsupportedError(
                f"{self.describe()}: {fan_in} products of weights up to {weight_max} and {bits}-bit inputs may sum "
                f"to {reach}, float32 is exact below {EXACT}; use fewer inputs, groups, or narrower weights or inputs"
            )
        self.input_bits, self.in_bytes, self.checked = bits, max(bits, weight_bits) <= 8, seen

    def _require_shape(self, x: Tensor) -> None:
        """Any, unless the layer says otherwise."""

    def _require_integers(self, x: IntQuantTensor, bits: int) -> None:
        """Raise UnsupportedError where something behind the quantiser has made of its integers what its scale and width
        do not tell.
        """
        if not x.value.numel():
            return
        ratios, largest = x.value.detach() / x.scale.detach(), (1 << bits) - 1
        off, least, greatest = (ratios - ratios.round()).abs().max(), ratios.min(), ratios.max()
        if off > INTEGER or least < -INTEGER or greatest > largest + INTEGER:
            raise UnsupportedError(
                f"{self.describe()}: its inputs are not the integers 0..{largest} times the scale that comes with "
                f"them, but up to {off:.2g} off and between {least:.4g} and {greatest:.4g}; between a quantiser and "
                "the layer may stand max pooling, average pooling with one divisor everywhere and nn.Dropout, and "
                "tensors may be added that come from one quantiser"
            )


def _require_known(kind: type, options: Mapping[str, Any]) -> None:
    """Raise InputError for an option that `kind`, a layer of Brevitas, does not know: it would be silently ignored."""
    names = [name for name in inspect.signature(kind).parameters if name != "kwargs"]
    for name in options:
        if name not in names and not name.startswith(_QUANTISERS):
            raise InputError(f"unknown option {name!r} of a layer; {nearest(name, names)}")


class WrapConv2d(AccumulatorMixin, qnn.QuantConv2d):
    """Brevitas' QuantConv2d with a wraparound accumulator. A bias is added behind the accumulator, in float.

    Everything that QuantConv2d takes (kernel, stride, padding, dilation, groups, `weight_quant`, `weight_*`), and
    `accumulator_quant`, a class as in training.quantisers, whose fields `accumulator_bit_width` and
    `accumulator_fold` override.

    >>> layer = WrapConv2d(1, 4, 3, padding=1, accumulator_bit_width=6)
    >>> layer.accumulator_bits, layer.fold, layer.wrapping
    (6, 3, True)
    """

    narrow_gradients = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = False,
        weight_quant: Any = BinaryWeight,
        accumulator_quant: Any = WrapAccumulator,
        **kwargs: Any,
    ) -> None:
        _require_known(qnn.QuantConv2d, kwargs)
        qnn.QuantConv2d.__init__(
            self,
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
            weight_quant=weight_quant,
            **kwargs,
        )
        AccumulatorMixin.__init__(self, accumulator_quant, **kwargs)

    def _require_shape(self, x: Tensor) -> None:
        if x.dim() != 4:
            raise UnsupportedError(f"{self.describe()}: input has shape {list(x.shape)}, expected [N, C, H, W]")

    def inner_forward_impl(self, x: Tensor, quant_weight: Tensor, quant_bias: Tensor | None) -> Tensor:
        """The exact sums. With `narrow_gradients` set, their gradients go through bfloat16."""
        traced = torch.jit.is_tracing() or torch.compiler.is_compiling()
        padded = self.padding_mode != "zeros" or isinstance(self.padding, str) or self.is_same_padded_strided
        if traced or not self.in_bytes or padded:
            return super().inner_forward_impl(x, quant_weight, quant_bias)  # type: ignore[no-any-return]
        options = (self.stride, self.padding, self.dilation, self.groups)
        return convolve(x, quant_weight, options, torch.bfloat16 if self.narrow_gradients else x.dtype)


class WrapLinear(AccumulatorMixin, qnn.QuantLinear):
    """Brevitas' QuantLinear with a wraparound accumulator. Takes what WrapConv2d takes beyond its own.

    >>> WrapLinear(16, 10, accumulator_fold=None).fold
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        weight_quant: Any = BinaryWeight,
        accumulator_quant: Any = WrapAccumulator,
        **kwargs: Any,
    ) -> None:
        _require_known(qnn.QuantLinear, kwargs)
        qnn.QuantLinear.__init__(self, in_features, out_features, bias=bias, weight_quant=weight_quant, **kwargs)
        AccumulatorMixin.__init__(self, accumulator_quant, **kwargs)

    def forward(self, input: IntQuantTensor) -> Tensor:  # type: ignore[override]
        """Quantised [..., in] -> float [..., out]."""
        if not isinstance(input, IntQuantTensor) or input.value.dim() == 2:
            return super().forward(input)
        *outer, features = input.value.shape
        return super().forward(input.set(value=input.value.reshape(-1, features))).reshape(*outer, self.out_features)
