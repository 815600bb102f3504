# SPDX-License-Identifier: BSD-3-Clause
"""Layers of a network that are neither the toolkit's nor have hardware: the likely reason why it cannot be used."""

from collections.abc import Iterator

from torch import nn

from chain.errors import UnsupportedError
from training.freezing import BATCH_NORMS

_MAPPED = (*BATCH_NORMS, nn.MaxPool2d, nn.Flatten, nn.Identity, nn.Dropout)
_INSTEAD = (
    ((nn.ReLU, nn.ReLU6, nn.Sigmoid, nn.Tanh, nn.GELU, nn.SiLU, nn.LeakyReLU), "q.relu()"),
    ((nn.Conv2d,), "q.conv()"),
    ((nn.Linear,), "q.linear(), or q.classifier() for the last one"),
    ((nn.Softmax, nn.LogSoftmax), "nothing: the classifier's sums are the result"),
)


def named(error: UnsupportedError, model: nn.Module) -> UnsupportedError:
    """The error, its text followed by the names of such layers of `model` and what a recipe's network has for them."""
    found = ", ".join(_foreign(model))
    return UnsupportedError(f"{error}. Layers that hardware has nothing for: {found}" if found else str(error))


def _foreign(module: nn.Module, path: str = "") -> Iterator[str]:
    for name, child in module.named_children():
        if type(child).__module__.startswith(("training.", "brevitas.")) or isinstance(child, _MAPPED):
            continue
        if next(child.children(), None) is not None:
            yield from _foreign(child, f"{path}{name}.")
        else:
            instead = next((f" (take {there})" for kinds, there in _INSTEAD if isinstance(child, kinds)), "")
            yield f"{path + name!r}, a {type(child).__name__}{instead}"
