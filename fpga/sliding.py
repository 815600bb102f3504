# SPDX-License-Identifier: BSD-3-Clause
"""When FINN's sliding window takes and gives its words: its buffer, and its rest between images, in cycles.

It takes a word a cycle where its buffer has a place, and gives a word a cycle where it has one that is due. A place is
free once the window that needs it last has begun. Nothing of the next image is taken before the last window of this
one is written (FINN's RTL says so itself). The estimate in FINN is some per cent off, to either side.
"""

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]

_NEVER = -(10**12)


@dataclass(frozen=True)
class Window:
    """Padding (optional), sliding window and its reader (optional) as one process; sizes in stream words.

    real       for each word of the padded image: does it come from the input (False: padding)?
    offsets    word read by each step of a window, relative to the window's first
    first      word at which each window begins, in order of the windows
    buffer     words that the sliding window holds
    parts      a depthwise window is written channel by channel: in so many parts, which free their words in turn
    period     cycles in which the reader takes a window
    read_at    step of the reader that takes each word of a window
    emit_at    steps of the reader that emit
    """

    real: npt.NDArray[np.bool_]
    offsets: Times
    first: Times
    buffer: int
    parts: int
    period: int
    read_at: Times
    emit_at: Times


@dataclass(frozen=True)
class Schedule:
    """Cycles in which the input words are taken, and in which the reader emits, over all images."""

    taken: Times
    emitted: Times


def geometry(inst: Any) -> tuple[Times, Times]:
    """Offsets of a window's words from its first, in the order written, and the first word of every window."""
    (_, width), (rows, columns) = inst.get_nodeattr("IFMDim"), inst.get_nodeattr("ConvKernelDim")
    (down, right), (out_h, out_w) = inst.get_nodeattr("Stride"), inst.get_nodeattr("OFMDim")
    fold = inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")
    y, x = np.arange(rows)[:, None, None], np.arange(columns)[None, :, None]
    dilation = inst.get_nodeattr("Dilation")
    offsets = (y * dilation[0] * width + x * dilation[1]) * fold + np.arange(fold)
    if inst.get_nodeattr("depthwise"):
        offsets = offsets.transpose(2, 0, 1)
    first = (np.arange(out_h)[:, None] * down * width + np.arange(out_w) * right) * fold
    return offsets.reshape(-1).astype(np.int64), first.reshape(-1).astype(np.int64)


def window(inst: Any) -> Window:
    """The sliding window by itself: no padding, and a reader that takes a word a cycle."""
    offsets, first = geometry(inst)
    steps = np.arange(len(offsets), dtype=np.int64)
    return Window(
        real=np.ones(int(np.prod(inst.get_folded_input_shape()[:-1])), dtype=bool),
        offsets=offsets,
        first=first,
        buffer=int(inst.get_buffer_depth()),
        parts=inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD") if inst.get_nodeattr("depthwise") else 1,
        period=len(offsets),
        read_at=steps,
        emit_at=steps,
    )


def period(inst: Any) -> int:
    """Cycles an image of FINN's sliding window at full speed."""
    key = tuple(
        tuple(value) if isinstance(value := inst.get_nodeattr(name), (list, np.ndarray)) else value
        for name in (*("IFMDim", "OFMDim", "ConvKernelDim", "Stride", "Dilation"), "IFMChannels", "SIMD", "depthwise")
    )
    if key not in _periods:
        alone = window(inst)
        taken = schedule(alone, np.zeros(2 * len(alone.real), dtype=np.int64), 2, len(alone.first)).taken
        _periods[key] = int(taken[len(alone.real)] - taken[0]) + 1
    return _periods[key]


_periods: dict[tuple[Any, ...], int] = {}


def schedule(window: Window, arrivals: Times, frames: int, queued: int) -> Schedule:
    """Times of `frames` images whose words arrive at `arrivals`; up to `queued` windows wait for the reader."""
    words, count = len(window.real), len(window.first)
    span, inputs = int(window.offsets.max()), int(window.real.sum())
    freeing = _freeing(window)
    taken: list[Times] = []
    starts = np.zeros(count * frames, dtype=np.int64)
    begin, ready = 0, _NEVER
    for frame in range(frames):
        earliest = np.full(words, begin, dtype=np.int64)
        earliest[window.real] = np.maximum(begin, arrivals[frame * inputs : (frame + 1) * inputs])
        reads = np.zeros(words, dtype=np.int64)
        written = np.full((count + 1, len(window.offsets)), _NEVER, dtype=np.int64)
        done, last, wrote = 0, begin - 1, begin - 1
        for index, first in enumerate(window.first.tolist()):
            due = first + span + 1
            if due > done:
                places = written[freeing[0][done:due], freeing[1][done:due]] + 1
                reads[done:due] = _run(np.maximum(earliest[done:due], places), last)
                done, last = due, int(reads[due - 1])
            wanted = reads[first + window.offsets] + 1
            number = frame * count + index
            if number >= queued:
                wanted = np.maximum(wanted, starts[number - queued] + window.read_at)
            writes = _run(wanted, wrote)
            wrote = int(writes[-1])
            written[index] = writes
            ready = max(ready + window.period, int((writes + 2 - window.read_at).max()))
            starts[number] = ready
        if done < words:
            reads[done:] = _run(np.maximum(earliest[done:], wrote), last)
            last = int(reads[-1])
        begin = max(wrote, last) + 1
        taken.append(reads[window.real])
    return Schedule(np.concatenate(taken), (starts[:, None] + window.emit_at).reshape(-1))


def _freeing(window: Window) -> tuple[Times, Times]:
    """For each input word the window and its step that free the word's place; a window too many for a free place."""
    count, steps = len(window.first), len(window.offsets)
    # With the first word of a part, the sliding window's mark moves to the first word of the next part ..
    marks = (window.first[:, None] + np.arange(1, window.parts + 1)).reshape(-1)
    marks[window.parts - 1 :: window.parts] = np.append(window.first[1:], len(window.real))
    overwritten = np.arange(len(window.real), dtype=np.int64) - window.buffer
    part = np.minimum(np.searchsorted(np.maximum.accumulate(marks), overwritten, side="right"), len(marks) - 1)
    index, inner = part // window.parts, part % window.parts
    step = inner * (steps // window.parts)
    # .. and the place of a word behind the one that is due next is kept until that has passed it.
    last = steps - steps // window.parts
    passed = np.searchsorted(window.offsets[last + 1 :], overwritten - window.first[index], side="right") + last
    step = np.where(inner == window.parts - 1, np.minimum(passed, steps - 1), step)
    return np.where(overwritten < 0, count, index), np.where(overwritten < 0, 0, step)


def _run(earliest: Times, before: int) -> Times:
    """One event a cycle, in order, none earlier than told, the first after `before`."""
    ramp = _ramp(len(earliest))
    return np.maximum(np.maximum.accumulate(earliest - ramp), before + 1) + ramp


@functools.cache
def _ramp(length: int) -> Times:
    return np.arange(length, dtype=np.int64)


def behind(alone: Window, real: npt.NDArray[np.bool_] | None, reader: tuple[int, Times, Times] | None) -> Window:
    """`alone` with padding in front (`real`) and a reader behind: cycles a window, when it reads, when it emits."""
    if real is not None:
        alone = replace(alone, real=real)
    if reader is not None:
        cycles, read_at, emit_at = reader
        alone = replace(alone, period=cycles, read_at=read_at, emit_at=emit_at)
    return alone
