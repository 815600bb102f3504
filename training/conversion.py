# SPDX-License-Identifier: BSD-3-Clause
"""A Brevitas model's layers made wrapping ones, in place."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

import brevitas.nn as qnn
from brevitas.core.quant import RescalingIntQuant
from brevitas.core.zero_point import ZeroZeroPoint
from brevitas.nn.quant_layer import QuantNonLinearActLayer
from brevitas.proxy.parameter_quant import WeightQuantProxyFromInjector
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from chain.errors import InputError, UnsupportedError, nearest
from training.evaluation import device_of
from training.layers import WrapConv2d, WrapLinear, accumulators
from training.layers.dropout import scale_dropout
from training.layers.wrapping import AccumulatorMixin
from training.quantisers import FusedIntQuant, WrapAccumulator, WrapFoldQuant
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
_REPLACED = ("forward", "inner_forward_impl", "quant_weight", "_conv_forward")
_SUCH = "take a weight quantiser such as Int8WeightPerTensorFloat"
_FLOAT = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def wrap(model: nn.Module, bits: int = 8, fold: int | None = 3, skip: Collection[str] = ()) -> nn.Module:
    """Turn every QuantConv2d and QuantLinear of a Brevitas `model` into a WrapConv2d or WrapLinear with accumulators
    of `bits` bits and the cyclic activation `fold` (None: none), in place: the layers become such themselves, so that
    parameters, weight quantisers, hooks and an optimiser that was made before stay theirs. Returns `model`.

    Activation quantisers are set to return quantised tensors, which is how a layer gets its integers, and compute the
    same as one operation; dropout gives such tensors back with its scale grown as the values. The layers wrap
    from now on (`training.set_wrapping` switches all), and leave a penalty for `training.overflow_penalty` at every
    forward pass. Layers named in `skip` stay as they are, with all that is in them.

    Raises UnsupportedError, naming every layer that cannot be wrapped and why, before anything has changed; and
    InputError for a name in `skip` that no layer has, for bits or a fold that cannot be, and if all layers wrap
    already. What only data show, inputs that are no unsigned integers and sums that leave float32's exact range, is
    said by `calibrate` or the first forward pass, for the first such layer.
    """
    WrapFoldQuant(bits, fold)  # raises what is wrong with them
    found = {name: layer for name, layer in model.named_modules(remove_duplicate=False) if _multiplies(layer)}
    # What attention is made of goes with it.
    found = {name: layer for name, layer in found.items() if not _is_inside(name, found)}
    for name in skip:
        if name not in found:
            raise InputError(f"skip: no layer {name!r}; {nearest(name, found)}")
    skipped = [found[name] for name in skip]
    chosen = {name: layer for name, layer in found.items() if layer not in skipped}
    problems = [
        f"{name!r} ({type(layer).__name__}): {text}" for name, layer in chosen.items() if (text := _reason(layer))
    ]
    if not chosen and accumulators(model):
        raise InputError(
            "wrap: all layers wrap already; training.layers.accumulators has them, to set accumulator_bits"
        )
    if not chosen:
        problems = ["it has no QuantConv2d or QuantLinear"]
    problems += _signed(model)
    if problems:
        raise UnsupportedError("the model cannot be wrapped: " + "; ".join(problems) + _WAY_OUT)
    for layer in dict.fromkeys(chosen.values()):  # one that is in several places, once
        _convert(layer, bits, fold)
    for wrapped in accumulators(model).values():
        wrapped.penalising = True
    kept = {module for layer in skipped for module in layer.modules()}
    for module in model.modules():
        if isinstance(module, QuantNonLinearActLayer) and module not in kept:
            module.return_quant_tensor = True
        if isinstance(module, RescalingIntQuant) and module not in kept and FusedIntQuant.takes(module):
            module.int_quant = FusedIntQuant(module.int_quant)
    scale_dropout(model)
    return model


_WAY_OUT = ". Change these layers, or name them in skip="


def calibrate(model: nn.Module, loader: Iterable[Any], batches: int = CALIBRATION_BATCHES) -> None:
    """Measure what wrapping has changed: batch norm's statistics, as plain averages over the first `batches` of
    `loader`, which gives inputs or tuples that begin with them. With the activations' scales, which are learnt and
    stay, they make the thresholds that hardware compares with. Use it after `wrap`, and once more after training, with
    the images augmented as in training: the weights have learnt with their statistics.

    Raises UnsupportedError, with the layer's name, for a layer whose input is not an unsigned quantised tensor or whose
    sums might leave float32's exact range, and where tensors of different scales are added; InputError if the loader
    gives nothing or something else. The statistics then stay as they were.
    """
    accumulators(model)  # gives the layers their names, for messages
    device = device_of(model)

    def inputs() -> Iterable[Tensor]:
        for batch in islice(loader, batches):
            found = batch[0] if isinstance(batch, list | tuple) and batch else batch
            if not hasattr(found, "to"):
                raise InputError(
                    f"calibrate: a batch is a {type(batch).__name__}, its inputs a {type(found).__name__}; expected a "
                    "tensor, or a tuple that begins with one"
                )
            yield found.to(device)

    try:
        seen = settle(model, inputs())
    except RuntimeError as error:
        if "Scaling factors are different" not in str(error):
            raise
        raise UnsupportedError(
            "calibrate: the model adds or concatenates quantised tensors of different scales, which have no common "
            "integers; quantise both with the same module, for instance one QuantReLU called on each"
        ) from None
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
    kind = qnn.QuantConv2d if isinstance(layer, qnn.QuantConv2d) else qnn.QuantLinear
    own = [name for name in _REPLACED if getattr(type(layer), name, None) is not getattr(kind, name, None)]
    if own:
        return f"a class of its own with another {own[0]}(), which wrapping would replace"
    if is_parametrized(layer):
        return "its parameters are computed from others; torch.nn.utils.parametrize.remove_parametrizations first"
    if not layer.weight_quant.is_quant_enabled:
        return "its weights are not quantised; give it a weight_quant"
    if weights := _weights(layer):
        return weights
    if layer.input_quant.is_quant_enabled:
        return "it has an input quantiser of its own; put a QuantIdentity or QuantReLU before it instead"
    if layer.output_quant.is_quant_enabled:
        return "it has an output quantiser of its own; put a QuantIdentity or QuantReLU behind it instead"
    if layer.bias is not None and layer.bias_quant.is_quant_enabled:
        return "its bias is quantised; leave it in float, it is merged into the thresholds"
    return None


def _weights(layer: Any) -> str | None:
    """Why the layer's quantised weights are no signed integers; None if they are. They are not computed for that: the
    first time may be what a scale is taken from.
    """
    quantiser = layer.weight_quant
    if quantiser.requires_quant_input:
        return f"its weights are not quantised by themselves, but for its input; {_SUCH}"
    if not isinstance(quantiser, WeightQuantProxyFromInjector) or quantiser.is_groupwise:
        return f"its weights are no integers of one scale or one a channel; {_SUCH}"
    zero_point = getattr(quantiser.tensor_quant, "zero_point_impl", None)
    if not quantiser.is_signed or not isinstance(zero_point, ZeroZeroPoint | None):
        return f"its weights have a zero point; {_SUCH}"
    return None


def _signed(model: nn.Module) -> list[str]:
    """What is said of a model whose activations are all signed, as those of Brevitas' own examples."""
    found = {name: act.act_quant for name, act in model.named_modules() if isinstance(act, QuantNonLinearActLayer)}
    signed = [name for name, quantiser in found.items() if quantiser.is_quant_enabled and quantiser.is_signed]
    if not signed or len(signed) < len(found):
        return []
    names = ", ".join(map(repr, signed))
    way_out = "take QuantReLU or an act_quant such as Uint8ActPerTensorFloat"
    return [f"its activations ({names}) are signed, and layers want unsigned ones; {way_out}"]


def _convert(layer: Any, bits: int, fold: int | None) -> None:
    """The same object as a wrapping layer: parameters, hooks and whoever refers to it stay, and what a class of its own
    adds.
    """
    wrapping = WrapConv2d if isinstance(layer, qnn.QuantConv2d) else WrapLinear
    plain = type(layer) in (qnn.QuantConv2d, qnn.QuantLinear)
    layer.__class__ = wrapping if plain else type(type(layer).__name__, (wrapping, type(layer)), {})
    AccumulatorMixin.__init__(layer, WrapAccumulator, accumulator_bit_width=bits, accumulator_fold=fold)
    layer.accumulator_quant.to(layer.weight.device).train(layer.training)
