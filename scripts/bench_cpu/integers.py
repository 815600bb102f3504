# SPDX-License-Identifier: BSD-3-Clause
"""Exact sums in numpy, and how exact networks make levels of them: what every contender is checked against.

Tensors are [image, row, column, channel] here, as the exact kernels have them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chain.errors import AgreementError
from host.cpu.plan import Add, Conv, Lookup, MaxPool, Plan, SumPool

Levels = npt.NDArray[np.uint8]
Sums = npt.NDArray[np.int32]
_CHUNK = 1 << 24  # elements of unfolded windows at a time
_SHIFT = 16


@dataclass(frozen=True)
class Requantisation:
    """Exact sums to levels: (sum * factor + offset) >> 16, cut to 0..levels. `factor`, `offset`: int32 [C]."""

    factor: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int32]
    levels: int

    def apply(self, sums: Sums) -> Levels:
        """Levels of sums [..., C]."""
        wide = (sums.astype(np.int64) * self.factor + self.offset) >> _SHIFT
        return np.clip(wide, 0, self.levels).astype(np.uint8)

    @property
    def scale(self) -> npt.NDArray[np.float64]:
        """Levels a unit of the sum, by channel."""
        return self.factor / float(1 << _SHIFT)

    @property
    def bias(self) -> npt.NDArray[np.float64]:
        """Levels of the sum 0, by channel."""
        return self.offset / float(1 << _SHIFT)


def requantisation(sums: Sums, levels: int) -> Requantisation:
    """One that spreads `sums` [..., C] over the levels, half of them below zero as behind batch norm and ReLU."""
    flat = sums.reshape(-1, sums.shape[-1]).astype(np.float64)
    spread = np.maximum(flat.std(axis=0), 1.0)
    most = max(1.0, np.abs(flat).max())
    # At most 2^29, so that neither product nor offset, nor the two together, leaves 32 bits.
    factor = np.rint(np.minimum(levels * (1 << _SHIFT) / (2 * spread), (1 << 29) / most))
    offset = np.rint(-flat.mean(axis=0) * factor) + (1 << (_SHIFT - 1))
    return Requantisation(factor.astype(np.int32), offset.astype(np.int32), levels)


def sums(weights: npt.NDArray[np.int8], levels: Levels, stride: tuple[int, int] = (1, 1)) -> Sums:
    """Exact sums int32 [N, oh, ow, O] of weights [O, C, kh, kw] over levels [N, H, W, C], no padding.

    Computed in float32, which holds every sum here: AgreementError where it might not.
    """
    outputs, channels, height, width = weights.shape
    greatest = int(np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)).max()) * int(levels.max(initial=0))
    if greatest >= 1 << 24:
        raise AgreementError(f"a sum may reach {greatest}: more than float32 holds exactly")
    matrix = weights.transpose(2, 3, 1, 0).reshape(-1, outputs).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(levels, (height, width), axis=(1, 2))
    windows = windows[:, :: stride[0], :: stride[1]].transpose(0, 1, 2, 4, 5, 3)  # [N, oh, ow, kh, kw, C]
    found = np.empty((*windows.shape[:3], outputs), np.int32)
    step = max(1, _CHUNK // int(np.prod(windows.shape[1:])))
    for first in range(0, len(levels), step):
        part = windows[first : first + step]
        unfolded = part.reshape(-1, height * width * channels).astype(np.float32)
        found[first : first + step] = (unfolded @ matrix).reshape(*part.shape[:3], outputs)
    return found


def padded(levels: Levels, sides: tuple[int, int, int, int]) -> Levels:
    """Zeros around [N, H, W, C]: top, left, bottom, right."""
    top, left, bottom, right = sides
    return np.pad(levels, ((0, 0), (top, bottom), (left, right), (0, 0)))


def run_exact(plan: Plan, steps: Mapping[str, Requantisation], images: Levels) -> tuple[Sums, dict[str, Sums]]:
    """What the network computes with exact sums and `steps` for activations: results [N, outputs], sums by layer.

    A layer whose name is not in `steps` gets a requantisation that spreads what it sees; `steps` is not changed.
    """
    values: dict[int | None, Any] = {0: images}
    seen: dict[str, Sums] = {}
    for step in plan.steps:
        if isinstance(step, Add):
            values[step.target] = values[step.a] + values[step.b]
            continue
        levels = values[step.source]
        if isinstance(step, Conv):
            seen[step.name] = found = sums(step.weights, padded(levels, step.padding), step.stride)
            made: Any = found
            if step.activation is not None:
                count = step.activation.thresholds.shape[1]
                chosen = steps[step.name] if step.name in steps else requantisation(found, count)
                made = chosen.apply(found)
        elif isinstance(step, Lookup):
            made = step.table[0][levels]
        elif isinstance(step, MaxPool):
            made = pool(levels)
        elif isinstance(step, SumPool):
            total = levels.sum(axis=(1, 2), dtype=np.int64)[:, None, None, :, None] * step.activation.sign[:, None]
            made = (total >= step.activation.thresholds).sum(axis=-1).astype(np.uint8)
        values[step.target] = made
    return values[None].reshape(len(images), -1), seen


def calibrated(plan: Plan, images: Levels) -> dict[str, Requantisation]:
    """A requantisation for every layer but the last, by name, from what some images make of it."""
    _, seen = run_exact(plan, {}, images)
    return {
        layer.name: requantisation(seen[layer.name], layer.activation.thresholds.shape[1])
        for layer in plan.layers
        if layer.activation is not None
    }


def pool(levels: Any) -> Any:
    """The greatest of each window of 2 x 2, stride 2, of [N, H, W, C]."""
    _, height, width, _ = levels.shape
    even = levels[:, : height // 2 * 2, : width // 2 * 2]
    return np.maximum(
        np.maximum(even[:, ::2, ::2], even[:, ::2, 1::2]), np.maximum(even[:, 1::2, ::2], even[:, 1::2, 1::2])
    )


def check_equal(contender: str, found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> None:
    """Raise AgreementError with the first place where two arrays of integers differ."""
    if found.shape != expected.shape:
        raise AgreementError(f"{contender} gives shape {list(found.shape)}, numpy {list(expected.shape)}")
    wrong = np.argwhere(found != expected)
    if len(wrong):
        at = tuple(wrong[0])
        raise AgreementError(
            f"{contender} differs from numpy in {len(wrong)} of {found.size} integers, first at "
            f"{[int(i) for i in at]}: {found[at]} instead of {expected[at]}"
        )
