# SPDX-License-Identifier: BSD-3-Clause
"""Looking into a model: its wrapping layers by name, their accumulators while it runs, switching the mode."""

import contextlib
from collections.abc import Iterator

from torch import Tensor, nn

from chain.errors import InputError
from training.layers.wrapping import AccumulatorMixin


def accumulators(model: nn.Module) -> dict[str, AccumulatorMixin]:
    """The wrapping layers of `model` by name, in order of definition. A layer's name is its module path in `model`;
    in a frozen model it is that of the model before.
    """
    found = {}
    for path, module in model.named_modules():
        if isinstance(module, AccumulatorMixin):
            if not module.integer_output:
                module.layer_name = path
            found[module.layer_name] = module
    return found


def set_wrapping(model: nn.Module, wrapping: bool) -> None:
    """Switch every layer between wraparound (True) and wide accumulators (False)."""
    for layer in accumulators(model).values():
        layer.wrapping = wrapping


@contextlib.contextmanager
def recording(model: nn.Module) -> Iterator[dict[str, AccumulatorMixin]]:
    """While active, every layer keeps `last_sum` (exact z) and `last_accumulator` (folded integers) of its last
    batch, float tensors [N, C, H, W] or [N, C]. Both are dropped at the end.
    """
    layers = accumulators(model)
    for layer in layers.values():
        layer.recording = True
    try:
        yield layers
    finally:
        for layer in layers.values():
            layer.recording = False
            layer.last_sum = layer.last_accumulator = None


@contextlib.contextmanager
def penalising(model: nn.Module) -> Iterator[None]:
    """While active, every forward pass leaves the layer's overflow penalty, differentiable, in `penalty`."""
    layers = accumulators(model)
    for layer in layers.values():
        layer.penalising = True
    try:
        yield
    finally:
        for layer in layers.values():
            layer.penalising = False
            layer.penalty = None


def overflow_penalty(model: nn.Module) -> Tensor:
    """The sum of the penalties mean(max(|z| - H, 0)) that the layers left at the last forward pass, for the loss.

    Raises InputError if there are none: no wrapping layer, or none that ran since the penalty was asked for last.
    """
    layers = accumulators(model).values()
    penalties = [layer.penalty for layer in layers if layer.penalty is not None]
    if not penalties:
        raise InputError(
            "overflow_penalty: no layer holds a penalty; training.wrap the model, and call this after each forward pass"
        )
    for layer in layers:
        layer.penalty = None
    return sum(penalties[1:], start=penalties[0])
