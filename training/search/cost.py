# SPDX-License-Identifier: BSD-3-Clause
"""What a choice of widths costs."""

from collections.abc import Callable, Mapping
from pathlib import Path

from chain.errors import InputError
from training.search.layers import Layer
from training.userfile import is_reference, resolve

Widths = Mapping[str, int]
"""Accumulator bits by layer name."""

Cost = Callable[[Widths, Mapping[str, Layer]], float]
"""A number to make small, from the widths and the measured layers; wider accumulators must not cost less."""


def shown(widths: Widths) -> str:
    """As a line of the search and its tables have them.

    >>> shown({"a": 8, "b": 4})
    '8 4'
    """
    return " ".join(map(str, widths.values()))


def product_bits(widths: Widths, layers: Mapping[str, Layer]) -> float:
    """Products for one image times the bits of the accumulator that they go into, summed over the layers.

    >>> product_bits({"a": 8, "b": 4}, {"a": Layer(100, {}), "b": Layer(10, {})})
    840.0
    """
    return float(sum(layers[name].products * bits for name, bits in widths.items()))


def named(reference: str | None, folder: Path, fps: float | None) -> Cost:
    """The function of "file.py:name", relative to the working folder; `product_bits` for None. A class is called for
    it with the model's `folder` (build/<model>) and the frame rate of its recipe; a `name` that the result has says in
    words what it measures.

    Raises InputError where there is none.
    """
    if reference is None:
        return product_bits
    if not is_reference(reference):
        raise InputError(f"cost {reference!r}: expected file.py:function, or luts (COST=luts)")
    found = resolve(reference, Path())
    if not callable(found):
        raise InputError(f"cost {reference!r} is a {type(found).__name__}, expected a function or a class")
    cost: Cost = found(folder, fps) if isinstance(found, type) else found
    return cost
