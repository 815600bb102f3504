# SPDX-License-Identifier: BSD-3-Clause
"""The pieces that a network is made of, quantised as its recipe says."""

from dataclasses import dataclass
from typing import Any

import brevitas.nn as qnn

from training.layers import InputQuant, WrapConv2d, WrapLinear
from training.quantisers import CLIP, UnsignedActivation, WrapAccumulator, weight_quantiser


@dataclass(frozen=True)
class Blocks:
    """What a network's constructor gets: makers of layers, the input's shape (C, H, W), the number of classes.

    `maximum` is the largest raw input value, `weights` is "binary", "ternary" or a width of 2 to 8 bits, `fold` None
    for plain wraparound.
    """

    input_shape: tuple[int, int, int]
    classes: int
    maximum: int = 255
    weights: str | int = "binary"
    activation_bits: int = 4
    input_bits: int = 8
    accumulator_bits: int = 8
    fold: int | None = 3
    accumulator_quant: Any = WrapAccumulator

    def input(self) -> InputQuant:
        """The first module of every network: raw integers to quantised values."""
        return InputQuant(self.maximum, self.input_bits)

    def conv(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        weights: str | int | None = None,
        **options: Any,
    ) -> WrapConv2d:
        """A convolution, to be followed by batch norm. `options` as for WrapConv2d: stride, padding, groups, ..."""
        layer = WrapConv2d(
            in_channels,
            out_channels,
            kernel_size,
            weight_quant=weight_quantiser(weights or self.weights, per_channel=True),
            accumulator_quant=self.accumulator_quant,
            accumulator_bit_width=self.accumulator_bits,
            accumulator_fold=self.fold,
            **options,
        )
        layer.normed = True
        return layer

    def relu(self, bits: int | None = None) -> qnn.QuantReLU:
        """ReLU and quantiser. Gives quantised tensors, which pooling and the next layer take."""
        bits = bits or self.activation_bits
        return qnn.QuantReLU(act_quant=UnsignedActivation, bit_width=bits, max_val=CLIP[bits], return_quant_tensor=True)

    def linear(self, in_features: int, out_features: int, weights: str | int | None = None) -> WrapLinear:
        """A hidden linear layer, to be followed by batch norm."""
        layer = self._linear(in_features, out_features, weight_quantiser(weights or self.weights, per_channel=True))
        layer.normed = True
        return layer

    def classifier(self, in_features: int, weights: str | int | None = None) -> WrapLinear:
        """The last layer: one learned weight scale, no batch norm after it; its accumulators are the logits."""
        return self._linear(in_features, self.classes, weight_quantiser(weights or self.weights, learned=True))

    def _linear(self, in_features: int, out_features: int, weight_quant: Any) -> WrapLinear:
        return WrapLinear(
            in_features,
            out_features,
            weight_quant=weight_quant,
            accumulator_quant=self.accumulator_quant,
            accumulator_bit_width=self.accumulator_bits,
            accumulator_fold=self.fold,
        )
