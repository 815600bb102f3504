# SPDX-License-Identifier: BSD-3-Clause
"""Where a network's numbers first stopped being finite."""

from collections.abc import Iterator
from typing import Any

import torch
from brevitas.nn.mixin.base import QuantLayerMixin
from brevitas.quant_tensor import IntQuantTensor
from torch import Tensor, nn


def first_not_finite(model: nn.Module, images: Tensor) -> str:
    """Names, in words, the first layer with a value that is not finite; for a `model` whose loss on `images` is not.

    The parameters' gradients must still be those of the step before: where they are not finite, they are the cause,
    and the layer is the one that backpropagation met first. Otherwise it is the first layer whose output on `images`
    is not finite, or none of them. Runs the model once more.
    """
    named = dict(_layers(model))
    order: list[str] = []
    outputs: list[str] = []

    def hook(name: str) -> Any:
        def seen(module: nn.Module, inputs: Any, output: Any) -> None:
            order.append(name)
            value = output.value if isinstance(output, IntQuantTensor) else output
            if isinstance(value, Tensor) and not bool(value.isfinite().all()):
                outputs.append(name)

        return seen

    handles = [module.register_forward_hook(hook(name)) for name, module in named.items()]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    gradients = [name for name in order if not _finite_gradients(named[name])]
    if gradients:
        return f"the gradient of layer {gradients[-1]!r}, in the step before,"
    return f"the output of layer {outputs[0]!r}" if outputs else "the loss itself, of finite outputs,"


def _layers(module: nn.Module, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules without children and Brevitas' layers, which are not entered, by path."""
    for name, child in module.named_children():
        inner = f"{path}.{name}" if path else name
        if isinstance(child, QuantLayerMixin) or not any(True for _ in child.children()):
            yield inner, child
        else:
            yield from _layers(child, inner)


def _finite_gradients(layer: nn.Module) -> bool:
    return all(p.grad is None or bool(p.grad.isfinite().all()) for p in layer.parameters())
