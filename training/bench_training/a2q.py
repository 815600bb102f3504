# SPDX-License-Identifier: BSD-3-Clause
"""Brevitas' A2Q and A2Q+ as its own examples train them, on this toolkit's networks.

Weights whose L1 norm is bounded, by Brevitas' quantisers, so that no sum of a layer can leave its accumulator. As in
`brevitas_examples`: begun from a trained network's weights, projected onto the bound (EP-init); Adam with a weight
decay of 1e-5 that spares scales and biases; a step schedule; a price of 1e-3 on norms beyond the bound.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import torch
from brevitas.core.scaling import AccumulatorAwareParameterPreScaling
from brevitas.function import abs_binary_sign_grad
from brevitas.quant.scaled_int import Int8AccumulatorAwareWeightQuant, Int8AccumulatorAwareZeroCenterWeightQuant
from brevitas.quant_tensor import IntQuantTensor
from brevitas_examples.imagenet_classification.a2q.ep_init import apply_ep_init
from torch import Tensor, nn

from training.blocks import Blocks
from training.layers import WrapConv2d, WrapLinear

QUANTISERS = {"a2q": Int8AccumulatorAwareWeightQuant, "a2q+": Int8AccumulatorAwareZeroCenterWeightQuant}
WEIGHT_BITS = 4
WEIGHT_DECAY = 1e-5
NORM_PENALTY = 1e-3
DROPS, GAMMA = 3, 0.1  # the rate in three equal parts of the training, each a tenth of the one before
MINIMUM = 1e-8  # of scales, as in Brevitas' examples


class _AwareOfInput:
    """Gives the weight quantiser the layer's input, on whose width the bound depends."""

    seen: IntQuantTensor | None = None

    def forward(self, input: IntQuantTensor) -> Tensor:
        self.seen = input
        return super().forward(input)  # type: ignore[misc,no-any-return]

    @property
    def weight_bits(self) -> float:
        return float(self.quant_weight().bit_width)

    def quant_weight(self, quant_input: Any = None, subtensor_slice_list: Any = None) -> IntQuantTensor:
        return super().quant_weight(self.seen, subtensor_slice_list)  # type: ignore[misc,no-any-return]


class AwareConv2d(_AwareOfInput, WrapConv2d):
    """A convolution with accumulator-aware weights."""


class AwareLinear(_AwareOfInput, WrapLinear):
    """A linear layer with accumulator-aware weights."""


class AwareClassifier(AwareLinear):
    """The last layer. No batch norm follows, so that its scales by channel need their gradient."""

    def forward(self, input: IntQuantTensor) -> Tensor:
        y = super().forward(input)
        scale = (input.scale * self.quant_weight().scale).view(-1)
        return y * (scale / scale.detach())


@dataclass(frozen=True)
class AwareBlocks(Blocks):
    """Blocks with accumulator-aware weights of `weights` bits, by `method` "a2q" or "a2q+"."""

    method: str = "a2q+"

    def conv(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        weights: str | int | None = None,
        **options: Any,
    ) -> WrapConv2d:
        return AwareConv2d(in_channels, out_channels, kernel_size, **self._options(weights), **options)

    def linear(self, in_features: int, out_features: int, weights: str | int | None = None) -> WrapLinear:
        return AwareLinear(in_features, out_features, **self._options(weights))

    def classifier(self, in_features: int, weights: str | int | None = None) -> WrapLinear:
        return AwareClassifier(in_features, self.classes, **self._options(weights))

    def _options(self, weights: str | int | None) -> dict[str, Any]:
        quantiser = QUANTISERS[self.method].let(
            bit_width=weights or self.weights,
            accumulator_bit_width=self.accumulator_bits,
            scaling_min_val=MINIMUM,
            pre_scaling_min_val=MINIMUM,
        )
        return {
            "weight_quant": quantiser,
            "accumulator_bit_width": self.accumulator_bits,
            "accumulator_fold": None,
        }


def aware(blocks: Blocks, method: str, bits: int) -> AwareBlocks:
    """`blocks` with accumulator-aware weights for accumulators of `bits` bits, in place of the accumulators it had."""
    values = {field.name: getattr(blocks, field.name) for field in fields(blocks)}
    return AwareBlocks(**{**values, "accumulator_bits": bits, "method": method})


def start_from(model: nn.Module, state: dict[str, Tensor], example: Tensor) -> None:
    """Begin `model`, made of AwareBlocks, at the weights of a trained network with plain quantisers: scales and norms
    follow from the weights, which are then projected onto the bound. `example` is a batch of inputs.
    """
    own = model.state_dict()
    shared = {name: value for name, value in state.items() if ".weight_quant." not in name}
    model.load_state_dict({**own, **shared})
    for layer in model.modules():
        if isinstance(layer, AwareConv2d | AwareLinear):
            layer.weight_quant.init_tensor_quant()
    apply_ep_init(model, example)


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """The model's parameters for an optimiser; scales and biases do not decay."""
    named = list(model.named_parameters())
    spared = [value for name, value in named if "scaling" in name or name.endswith(".bias")]
    decayed = [value for name, value in named if not ("scaling" in name or name.endswith(".bias"))]
    return [{"params": spared, "weight_decay": 0.0}, {"params": decayed, "weight_decay": WEIGHT_DECAY}]


@contextmanager
def norm_excess(model: nn.Module) -> Iterator[dict[nn.Module, Tensor]]:
    """While active, every forward pass leaves what the channels' norms are beyond their bounds, summed for each layer's
    quantiser: once, however often the layer asks for its weights. A new layer asks more often, to check its range.
    """
    found: dict[nn.Module, Tensor] = {}

    def after(module: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        weights, input_bits, signed = inputs
        norm = abs_binary_sign_grad(module.restrict_clamp_scaling(module.value))
        bound = module.calc_max_l1_norm(input_bits, signed) * module.scaling_impl(weights)
        found[module] = torch.relu(norm - bound).sum()

    kinds = [module for module in model.modules() if isinstance(module, AccumulatorAwareParameterPreScaling)]
    hooks = [module.register_forward_hook(after) for module in kinds]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
