# SPDX-License-Identifier: BSD-3-Clause
"""A Brevitas model's layers made wrapping ones, in place."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

import brevitas.nn as qnn
from brevitas.nn.quant_layer import QuantNonLinearActLayer
from torch import Tensor, nn

from chain.errors import InputError, UnsupportedError, nearest
from training.layers import WrapConv2d, WrapLinear, accumulators
from training.settling import settle

CALIBRATION_BATCHES = 50

_UNKNOWN = {
    qnn.QuantConv1d: "one-dimensional convolutions are not wrapped; write it as a QuantConv2d of height 1",
    qnn.QuantConv3d: "three-dimensional convolutions are not wrapped",
    qnn.QuantConvTranspose1d: "transposed convolutions are not wrapped",
    qnn.QuantConvTranspose2d: "transposed convolutions are not wrapped",
    qnn.QuantConvTranspose3d: "transposed convolutions are not wrapped",
    qnn.QuantLSTM: "recurrent layers are not wrapped",
    qnn.QuantRNN: "recurrent layers are not wrapped",
    nn.RNNBase: "recurrent layers are not wrapped",
    nn.RNNCellBase: "recurrent layers are not wrapped",
    qnn.QuantMultiheadAttention: "attention is not wrapped",
    qnn.QuantScaledDotProductAttention: "attention is not wrapped",
    nn.MultiheadAttention: "attention is not wrapped",
    nn.Bilinear: "bilinear layers are not wrapped",
}
_FLOAT = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def wrap(model: nn.Module, bits: int = 8, fold: int | None = 3, skip: Collection[str] = ()) -> nn.Module:
    """Turn every QuantConv2d and QuantLinear of a Brevitas `model` into a WrapConv2d or WrapLinear with accumulators
    of `bits` bits and the cyclic activation `fold` (None: none), in place; weights, weight quantisers and biases stay.
    Returns `model`.

    Activation quantisers are set to return quantised tensors, which is how a layer gets its integers. The layers wrap
    from now on (`training.set_wrapping` switches all), and leave a penalty for `training.overflow_penalty` at every
    forward pass. Layers named in `skip` stay as they are, with all that is in them.

    Raises UnsupportedError, naming every layer that cannot be wrapped and why, before anything has changed; and
    InputError for a name in `skip` that no layer has.
    """
    found = {name: layer for name, layer in model.named_modules(remove_duplicate=False) if _multiplies(layer)}
    # What attention is made of goes with it.
    found = {name: layer for name, layer in found.items() if not _is_inside(name, found)}
    for name in skip:
        if name not in found:
            raise InputError(f"skip: no layer {name!r}; {nearest(name, found)}")
    chosen = {name: layer for name, layer in found.items() if name not in skip}
    problems = [
        f"{name!r} ({type(layer).__name__}): {text}" for name, layer in chosen.items() if (text := _reason(layer))
    ]
    if not problems and not chosen:
        problems = ["it has no QuantConv2d or QuantLinear"]
    if problems:
        raise UnsupportedError("the model cannot be wrapped: " + "; ".join(problems) + _WAY_OUT)
    made: dict[nn.Module, nn.Module] = {}
    for name, layer in chosen.items():
        if layer not in made:
            made[layer] = _converted(layer, bits, fold)
        model.set_submodule(name, made[layer])
    kept = {module for name in skip for module in found[name].modules()}
    for module in model.modules():
        if isinstance(module, QuantNonLinearActLayer) and module not in kept:
            module.return_quant_tensor = True
    for wrapped in accumulators(model).values():
        wrapped.penalising = True
    return model


_WAY_OUT = ". Change these layers, or name them in skip="


def calibrate(model: nn.Module, loader: Iterable[Any], batches: int = CALIBRATION_BATCHES) -> None:
    """Measure what wrapping has changed: batch norm's statistics, as plain averages over the first `batches` of
    `loader`, which gives inputs or tuples that begin with them. Use it after `wrap`, and once more after training, with
    the images augmented as in training: the weights have learnt with their statistics.

    Raises UnsupportedError, with the layer's name, for a layer whose input is not an unsigned quantised tensor or whose
    sums might leave float32's exact range; InputError if the loader gives nothing.
    """
    accumulators(model)  # gives the layers their names, for messages
    seen = 0

    def inputs() -> Iterable[Tensor]:
        nonlocal seen
        for batch in islice(loader, batches):
            seen += 1
            yield batch[0] if isinstance(batch, list | tuple) else batch

    settle(model, inputs())
    if not seen:
        raise InputError("calibrate: the loader gave no batch, expected at least one")


def _multiplies(layer: nn.Module) -> bool:
    return isinstance(layer, (*_FLOAT, *_UNKNOWN)) and not isinstance(layer, WrapConv2d | WrapLinear)


def _is_inside(name: str, others: Collection[str]) -> bool:
    """Whether the module path `name` begins with one of the `others`."""
    parts = name.split(".")
    return any(".".join(parts[:count]) in others for count in range(1, len(parts)))


def _reason(layer: Any) -> str | None:
    """Why the layer cannot be wrapped; None if it can."""
    for kind, text in _UNKNOWN.items():
        if isinstance(layer, kind):
            return text
    if not isinstance(layer, qnn.QuantConv2d | qnn.QuantLinear):
        return "a float layer, which has no integers; quantise it with brevitas.nn"
    if not layer.weight_quant.is_quant_enabled:
        return "its weights are not quantised; give it a weight_quant"
    if layer.input_quant.is_quant_enabled:
        return "it has an input quantiser of its own; put a QuantIdentity or QuantReLU before it instead"
    if layer.output_quant.is_quant_enabled:
        return "it has an output quantiser of its own; put a QuantIdentity or QuantReLU behind it instead"
    if layer.bias is not None and layer.bias_quant.is_quant_enabled:
        return "its bias is quantised; leave it in float, it is merged into the thresholds"
    return None


def _converted(layer: nn.Module, bits: int, fold: int | None) -> nn.Module:
    return remake(layer, WrapConv2d, WrapLinear, accumulator_bit_width=bits, accumulator_fold=fold)


def remake(layer: Any, convolution: type[nn.Module], linear: type[nn.Module], **options: Any) -> nn.Module:
    """A QuantConv2d or QuantLinear, or a subclass, as another class that is built like it: the same shape, weights,
    bias, weight quantiser, device and mode. `options` go to the class.
    """
    options |= {"bias": layer.bias is not None, "weight_quant": layer.weight_quant.quant_injector}
    if isinstance(layer, qnn.QuantConv2d):
        made = convolution(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
            padding_mode=layer.padding_mode,
            **options,
        )
    else:
        made = linear(layer.in_features, layer.out_features, **options)
    made.load_state_dict(layer.state_dict())
    made.to(layer.weight.device)
    return made.train(layer.training)
