# SPDX-License-Identifier: BSD-3-Clause
"""A plan in plain numpy, step by step: slow, obviously right, and what the engine's results are compared with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from host.cpu.plan import Activation, Add, Conv, Lookup, MaxPool, Pair, Plan, Sides, Step, SumPool, output_size, sources

Integers = npt.NDArray[np.int64]
Levels = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Trace:
    """What a network made of N images, from within.

    `outputs`: int32 [N, outputs], in the order C, H, W. By layer's name, int64 [N, C, H, W]: `accumulators` after the
    wrap, and what the fold leaves of them, `folded`. `levels`: uint8 [N, C, H, W], by tensor's number.
    """

    outputs: npt.NDArray[np.int32]
    accumulators: dict[str, Integers]
    folded: dict[str, Integers]
    levels: tuple[Levels, ...]


def run(plan: Plan, images: Levels) -> Trace:
    """Run images uint8 [N, H, W, C], which must be what the plan takes."""
    levels: list[Levels] = [np.ascontiguousarray(images.transpose(0, 3, 1, 2))]
    accumulators, folded = {}, {}
    for step in plan.steps:
        values = [levels[source] for source in sources(step)]
        if isinstance(step, Conv):
            wrapped = wrap(convolve(values[0], step), step.bits)
            accumulators[step.name], folded[step.name] = wrapped, fold(wrapped, step.bits, step.fold)
            if step.activation is not None:
                levels.append(activate(folded[step.name], step.activation))
        else:
            levels.append(_apply(step, values))
    outputs = folded[plan.steps[-1].name].reshape(len(images), -1).astype(np.int32)
    return Trace(outputs, accumulators, folded, tuple(levels))


def wrap(z: Integers, bits: int) -> Integers:
    """Two's complement wraparound of exact sums to `bits` bits."""
    half = 1 << (bits - 1)
    return ((z + half) & (2 * half - 1)) - half


def fold(m: Integers, bits: int, k: int | None) -> Integers:
    """The cyclic activation: sign(m) * min(|m|, k * (H - |m|)); m itself for None."""
    if k is None:
        return m
    magnitude = np.abs(m)
    return np.sign(m) * np.minimum(magnitude, k * ((1 << (bits - 1)) - magnitude))


def activate(f: Integers, activation: Activation) -> Levels:
    """How many thresholds sign * f reaches, f [N, C, H, W]."""
    signed = f * activation.sign.astype(np.int64)[None, :, None, None]
    out = np.empty(f.shape, np.uint8)
    for channel, thresholds in enumerate(activation.thresholds):
        out[:, channel] = np.searchsorted(thresholds, signed[:, channel], side="right")
    return out


def convolve(levels: Levels, step: Conv) -> Integers:
    """The exact sums [N, O, H', W'] of levels [N, C, H, W]."""
    kernel: Pair = (step.weights.shape[2], step.weights.shape[3])
    seen = _windows(levels, kernel, step.stride, step.padding, step.dilation)
    images, _, height, width = seen.shape[:4]
    sums = np.empty((images, len(step.weights), height, width), np.int64)
    inputs, outputs = step.weights.shape[1], len(step.weights) // step.groups
    for group in range(step.groups):
        of = slice(group * outputs, (group + 1) * outputs)
        # float64 holds every partial sum exactly, and has the fast matrix product.
        columns = seen[:, group * inputs : (group + 1) * inputs].transpose(0, 2, 3, 1, 4, 5)
        matrix = columns.reshape(images * height * width, -1).astype(np.float64)
        product = matrix @ step.weights[of].reshape(outputs, -1).astype(np.float64).T
        sums[:, of] = product.astype(np.int64).reshape(images, height, width, outputs).transpose(0, 3, 1, 2)
    return sums


def _apply(step: Step, values: list[Levels]) -> Levels:
    match step:
        case Lookup():
            channels = np.arange(values[0].shape[1]) if len(step.table) > 1 else np.zeros(1, np.intp)
            looked_up: Levels = step.table[channels[None, :, None, None], values[0]]
            return looked_up
        case MaxPool():
            greatest: Levels = _windows(values[0], step.kernel, step.stride, step.padding, step.dilation).max((4, 5))
            return greatest
        case SumPool():
            return activate(values[0].sum(axis=(2, 3), dtype=np.int64, keepdims=True), step.activation)
        case Add():
            return values[0] + values[1]
        case _:
            raise TypeError(f"{type(step).__name__} is no step")


def _windows(levels: Levels, kernel: Pair, stride: Pair, padding: Sides, dilation: Pair) -> Array:
    """Views [N, C, H', W', kh, kw] of every window of levels [N, C, H, W]; the padding is 0."""
    top, left, bottom, right = padding
    padded = np.pad(levels, ((0, 0), (0, 0), (top, bottom), (left, right)))
    spread = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    views = np.lib.stride_tricks.sliding_window_view(padded, spread, axis=(2, 3))
    windows: Array = views[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    assert windows.shape[2:4] == output_size(levels.shape[2:], kernel, stride, padding, dilation)
    return windows
