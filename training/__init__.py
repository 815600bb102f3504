# SPDX-License-Identifier: BSD-3-Clause
"""Quantisation-aware training of networks with wraparound accumulators.

`training.load(folder)` gives a trained model and its recipe, `training.freeze(model)` the form that is exported.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.checkpoint import load
    from training.freezing import freeze

__all__ = ["freeze", "load"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the parts import each other, and torch takes seconds.
    if name == "freeze":
        from training.freezing import freeze

        return freeze
    if name == "load":
        from training.checkpoint import load

        return load
    raise AttributeError(f"module 'training' has no attribute {name!r}")
