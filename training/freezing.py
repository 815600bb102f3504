# SPDX-License-Identifier: BSD-3-Clause
"""Batch norm and accumulator scales merged to one scale and shift a channel: the form that every stage computes."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from chain.errors import UnsupportedError
from training.layers.affine import ChannelAffine
from training.layers.inspection import accumulators
from training.layers.wrapping import AccumulatorMixin, WrapLinear

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)


def freeze(model: nn.Module, example: Tensor | None = None) -> nn.Module:
    """A copy of `model` in eval mode in which every wrapping layer outputs its folded accumulator, the integer itself.

    The batch norm behind a layer becomes a `ChannelAffine` in its place: a = s_x * s_w * gamma / sqrt(var + eps),
    b = beta + (bias - mean) * gamma / sqrt(var + eps), computed in float64. A layer without batch norm becomes
    `Sequential(layer, ChannelAffine(s_x * s_w, bias))` under its own name, the last layer excepted: its integers are
    the network's output.

    `example` is one batch of inputs [N, C, H, W]; without it zeros of `model.input_shape` serve, an attribute that
    models built from a recipe have. Raises UnsupportedError for a network that does not have this form.
    """
    frozen = copy.deepcopy(model).eval()
    layers = accumulators(frozen)
    if any(layer.integer_output for layer in layers.values()):
        raise UnsupportedError("freeze: the model is frozen already; give it as it was trained")
    if example is None:
        shape = getattr(model, "input_shape", None)
        if shape is None:
            raise UnsupportedError("freeze: the model has no attribute input_shape (C, H, W) and no example was given")
        example = torch.zeros(1, *shape)
    flow = _follow(frozen, example)
    paths = {module: path for path, module in frozen.named_modules()}
    for name, layer in layers.items():
        if layer not in flow.outputs:
            raise UnsupportedError(f"freeze: layer {name!r} is never called")
        if isinstance(layer, WrapLinear) and flow.outputs[layer].dim() != 2:
            raise UnsupportedError(
                f"freeze: layer {name!r} gives {list(flow.outputs[layer].shape)}, expected [N, out]: hardware has "
                "linear layers of one row an image"
            )
        scale = _accumulator_scale(layer)
        if layer in flow.norms:
            norm = flow.norms[layer]
            _replace(frozen, paths[norm], _merge(scale, layer.bias, norm))
        elif flow.outputs[layer] is flow.result:
            if layer.bias is not None:
                raise UnsupportedError(
                    f"freeze: the last layer {name!r} has a bias, and its integers are the network's output; "
                    "build it with bias=False"
                )
            if scale.numel() != 1:
                raise UnsupportedError(
                    f"freeze: the last layer {name!r} has {scale.numel()} weight scales, expected one for all channels"
                )
        else:
            _replace(frozen, paths[layer], nn.Sequential(layer, ChannelAffine(scale, layer.bias)))
        layer.integer_output = True
    _last(flow, layers)
    left = [path for path, module in frozen.named_modules() if isinstance(module, BATCH_NORMS)]
    if left:
        raise UnsupportedError(f"freeze: batch norm {left[0]!r} does not directly follow a WrapConv2d or WrapLinear")
    return frozen


def last_layer(model: nn.Module, example: Tensor) -> str:
    """The name of the layer whose accumulators are the output of `model`, which is in eval mode; `example` is one batch
    of inputs [N, C, H, W]. Raises UnsupportedError where it is no wrapping layer's.
    """
    layers = accumulators(model)
    return _last(_follow(model, example), layers)


@dataclass
class _Flow:
    """What one pass through the model shows: each layer's output, the batch norm that takes it, the result."""

    outputs: dict[nn.Module, Tensor] = field(default_factory=dict)
    norms: dict[nn.Module, nn.Module] = field(default_factory=dict)
    result: Tensor | None = None


def _follow(model: nn.Module, example: Tensor) -> _Flow:
    flow = _Flow()

    def after(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if module in flow.outputs:
            raise UnsupportedError(f"freeze: layer {module.layer_name!r} is called twice; give each call its own layer")
        flow.outputs[module] = output

    def before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        for layer, output in flow.outputs.items():
            if inputs[0] is output:
                flow.norms[layer] = module

    hooks = []
    for module in model.modules():
        if isinstance(module, AccumulatorMixin):
            hooks.append(module.register_forward_hook(after))
        elif isinstance(module, BATCH_NORMS):
            hooks.append(module.register_forward_pre_hook(before))
    try:
        with torch.no_grad():
            flow.result = model(example)
    finally:
        for hook in hooks:
            hook.remove()
    return flow


def _last(flow: _Flow, layers: Mapping[str, AccumulatorMixin]) -> str:
    for name, layer in layers.items():
        if flow.outputs.get(layer) is flow.result:
            return name
    raise UnsupportedError("freeze: the network's output is not that of a WrapLinear or WrapConv2d; end with one")


def _accumulator_scale(layer: AccumulatorMixin) -> Tensor:
    """s_x * s_w in float64, [1] or [out]."""
    assert layer.input_scale is not None
    _, weight_scale = layer.integer_weight()
    return layer.input_scale.double().reshape(1) * weight_scale.double().reshape(-1)


def _merge(scale: Tensor, bias: Tensor | None, norm: nn.Module) -> ChannelAffine:
    assert isinstance(norm, BATCH_NORMS)
    if norm.running_mean is None or norm.running_var is None:
        raise UnsupportedError("freeze: a batch norm without running statistics cannot be merged")
    factor = 1.0 / torch.sqrt(norm.running_var.double() + norm.eps)
    if norm.affine:
        factor = factor * norm.weight.double()
    mean = norm.running_mean.double()
    shift = ((0.0 if bias is None else bias.detach().double()) - mean) * factor
    if norm.affine:
        shift = shift + norm.bias.double()
    return ChannelAffine(scale * factor, shift)


def _replace(model: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, module)
