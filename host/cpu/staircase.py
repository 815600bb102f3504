# SPDX-License-Identifier: BSD-3-Clause
"""Chains of elementwise float32 operators between integers and a quantiser, as thresholds.

Scales, offsets, ReLU and rounding are monotone, in float32 as in mathematics, so levels are a staircase of the integer:
a chain is evaluated, in the arithmetic of the file, and its steps are read off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from host.cpu.plan import ALWAYS, NEVER, Activation
from host.errors import NetworkError

Floats = npt.NDArray[np.float32]
Levels = npt.NDArray[np.int64]

ALL_VALUES = 1 << 16
"""So many integers are all evaluated; of more, the steps are searched for."""
_BLOCK = 1 << 22
"""Values a step of the evaluation: what it takes of memory, some 16 MiB an operator."""


@dataclass(frozen=True, eq=False)
class Link:
    """One operator: `function` of the values [channels, n] and of its constants, each float32 [channels or 1, 1]."""

    function: Callable[..., Floats]
    constants: tuple[Floats, ...] = ()

    def __call__(self, values: Floats, channels: slice) -> Floats:
        """Apply it to the values of some of the channels."""
        return self.function(values, *(c[channels] if len(c) > 1 else c for c in self.constants))


Chain = tuple[Link, ...]


def quantise(values: Floats, scale: Floats, most: Floats) -> Floats:
    """What QONNX's Quant divides, rounds (half to even) and clips, before it is scaled back."""
    clipped: Floats = np.clip(np.round(values / scale), np.float32(0), most)
    return clipped


def apply(chain: Chain, values: Floats, channels: slice = slice(None)) -> Floats:
    """The chain's result for `values` [channels or 1, n]; never NaN.

    Raises NetworkError for a value that float32 cannot hold on the way.
    """
    with np.errstate(all="ignore"):
        for link in chain:
            values = link(values, channels)
    if np.isnan(values).any():
        raise NetworkError("its scales and offsets leave no number for some sums")
    return values


def activation(chain: Chain, channels: int, levels: int, low: int, high: int) -> Activation:
    """The thresholds of a chain that makes levels 0..`levels` of integers from `low` to `high`.

    Raises NetworkError for a chain that is no staircase.
    """
    sign = np.empty(channels, np.int8)
    thresholds = np.empty((channels, levels), np.int32)
    exhaustive = high - low < ALL_VALUES
    block = max(1, _BLOCK // (high - low + 1 if exhaustive else levels))
    read = _read if exhaustive else _search
    for start in range(0, channels, block):
        part = slice(start, min(start + block, channels))
        sign[part], thresholds[part] = read(chain, part, levels, low, high)
    return Activation(sign, thresholds)


def _read(chain: Chain, part: slice, levels: int, low: int, high: int) -> tuple[Any, Any]:
    rows = part.stop - part.start
    values = np.arange(low, high + 1, dtype=np.int64)
    reached = _levels(chain, part, np.broadcast_to(values, (rows, len(values))))
    falls = reached[:, -1] < reached[:, 0]
    reached[falls] = reached[falls, ::-1]
    if (reached[:, 1:] < reached[:, :-1]).any():
        channel = part.start + int(np.argwhere(reached[:, 1:] < reached[:, :-1])[0][0])
        raise NetworkError(f"the levels of channel {channel} do not rise or fall throughout")
    signed = np.where(falls[:, None], -values[::-1], values)
    wanted = np.arange(1, levels + 1)
    first = np.stack([np.searchsorted(row, wanted) for row in reached])
    found = np.take_along_axis(signed, np.minimum(first, len(values) - 1), axis=1)
    found[first == 0], found[first == len(values)] = ALWAYS, NEVER
    return np.where(falls, -1, 1), found


def _search(chain: Chain, part: slice, levels: int, low: int, high: int) -> tuple[Any, Any]:
    rows = part.stop - part.start
    ends = _levels(chain, part, np.broadcast_to(np.array([low, high]), (rows, 2)))
    sign = np.where(ends[:, 1] < ends[:, 0], -1, 1)[:, None]
    wanted = np.arange(1, levels + 1)
    # Of sign * integer: `below` does not reach the level, or lies before the first; `at` does, or behind the last.
    least, most = np.where(sign > 0, low, -high), np.where(sign > 0, high, -low)
    below, at = (np.broadcast_to(end, (rows, levels)).copy() for end in (least - 1, most + 1))
    while (at - below > 1).any():
        middle = np.clip((below + at) >> 1, least, most)
        reaches = _levels(chain, part, sign * middle) >= wanted
        at, below = np.where(reaches, middle, at), np.where(reaches, below, middle)
    return sign[:, 0], np.where(at <= least, ALWAYS, np.where(at > most, NEVER, at))


def _levels(chain: Chain, part: slice, values: npt.NDArray[np.int64]) -> Levels:
    return apply(chain, values.astype(np.float32), part).astype(np.int64)
