# SPDX-License-Identifier: BSD-3-Clause
"""Quantisation-aware training of networks with wraparound accumulators.

By recipe: `training.load(folder)` gives a trained model and its recipe, `training.freeze(model)` the form that is
exported. In a training loop of one's own: `wrap`, `calibrate`, `overflow_penalty`, `set_wrapping`, `report`, and
`InputQuant` to begin a model with that takes raw integers (docs/brevitas.md).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.checkpoint import load
    from training.conversion import calibrate, wrap
    from training.freezing import freeze
    from training.layers import InputQuant, overflow_penalty, set_wrapping
    from training.overview import report

__all__ = ["InputQuant", "calibrate", "freeze", "load", "overflow_penalty", "report", "set_wrapping", "wrap"]

_HOMES = {
    "InputQuant": "layers",
    "calibrate": "conversion",
    "freeze": "freezing",
    "load": "checkpoint",
    "overflow_penalty": "layers",
    "report": "overview",
    "set_wrapping": "layers",
    "wrap": "conversion",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: the parts import each other, and torch takes seconds.
    if name in _HOMES:
        return getattr(import_module(f"training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'training' has no attribute {name!r}")
