# SPDX-License-Identifier: BSD-3-Clause
"""Sliding windows: their loops, and their times.

One that writes a window in several words (`fpga/rtl/sliding_window.sv`) takes a word a cycle where its buffer has a
place, and gives a word a cycle where it has the one that is due, images back to back. A place is free once the last
window that needs its word is written. One that writes whole windows (`fpga/rtl/parallel_window.sv`) takes a word a
cycle unless the window before waits to leave.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpga.names import op_of

Times = npt.NDArray[np.int64]

_NEVER = -(10**12)
_DEPTH = 2  # FINN's default, of a FIFO that holds no more than registers


@dataclass(frozen=True)
class Window:
    """Padding (optional), sliding window and its reader (optional) as one process; sizes in stream words.

    real       for each word of the padded image: does it come from the input (False: padding)?
    offsets    word read by each step of a window, relative to the window's first
    first      word at which each window begins, in order of the windows
    places     words that the sliding window holds
    freed      cycles from a window's last word to the places that it leaves
    period     cycles in which the reader takes a window
    read_at    step of the reader that takes each word of a window
    emit_at    steps of the reader that emit
    """

    real: npt.NDArray[np.bool_]
    offsets: Times
    first: Times
    places: int
    freed: int
    period: int
    read_at: Times
    emit_at: Times


@dataclass(frozen=True)
class Schedule:
    """Cycles in which the input words are taken, and in which the reader emits, over all images."""

    taken: Times
    emitted: Times


def slides(inst: Any) -> bool:
    """Is it a sliding window that writes a window in several steps, from an addressed buffer?"""
    return op_of(inst.onnx_node) == "ConvolutionInputGenerator" and inst.select_impl_style() == "default"


def loops(inst: Any) -> list[tuple[int, int]]:
    """Count and step, in words of the image, of the three loops within a window, the innermost first, and of the two
    over windows.
    """
    (_, width), (rows, columns) = inst.get_nodeattr("IFMDim"), inst.get_nodeattr("ConvKernelDim")
    (down, right), (out_h, out_w) = inst.get_nodeattr("Stride"), inst.get_nodeattr("OFMDim")
    (below, beside), fold = inst.get_nodeattr("Dilation"), inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")
    channel, column, row = (fold, 1), (columns, beside * fold), (rows, below * width * fold)
    within = [column, row, channel] if inst.get_nodeattr("depthwise") else [channel, column, row]
    found = [*within, (out_w, right * fold), (out_h, down * width * fold)]
    return [(int(count), int(step)) for count, step in found]


def geometry(inst: Any) -> tuple[Times, Times]:
    """Offsets of a window's words from its first, in the order written, and the first word of every window."""
    inner, middle, outer, across, down = (np.arange(count) * step for count, step in loops(inst))
    offsets = outer[:, None, None] + middle[:, None] + inner
    first = down[:, None] + across
    return offsets.reshape(-1).astype(np.int64), first.reshape(-1).astype(np.int64)


def places(inst: Any) -> int:
    """Words that the buffer holds, a power of two: a window, what comes for the next one meanwhile, `spare` ones."""
    *within, (across, right), (rows, down) = loops(inst)
    span = sum((count - 1) * step for count, step in within)
    # To the next window of a row, and to that of the next row, where there are several.
    moves = [right * (across > 1), (down - (across - 1) * right) * (rows > 1)]
    return 1 << (span + max(1, *moves) + spare(inst)).bit_length()


def spare(inst: Any) -> int:
    """Words that the buffer holds in place of a FIFO in front."""
    return int(inst.get_nodeattr("inFIFODepths")[0]) - _DEPTH


def set_spare(inst: Any, words: int) -> None:
    """Have the buffer hold `words` more than it needs."""
    inst.set_nodeattr("inFIFODepths", [_DEPTH + words])


def window(inst: Any) -> Window:
    """The sliding window by itself: no padding, and a reader that takes a word a cycle."""
    offsets, first = geometry(inst)
    words = int(np.prod(inst.get_folded_input_shape()[:-1]))
    if slides(inst):
        held, freed = places(inst), 2
    else:
        # The last pixel of a window is what it waits for, and what it holds until it leaves.
        fold = inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")
        first = (first[:, None] + int(offsets.max()) + 1 - fold + np.arange(fold)).reshape(-1)
        offsets, held, freed = np.zeros(1, dtype=np.int64), 1, 0
    steps = np.arange(len(offsets), dtype=np.int64)
    return Window(
        real=np.ones(words, dtype=bool),
        offsets=offsets,
        first=first,
        places=held,
        freed=freed,
        period=len(offsets),
        read_at=steps,
        emit_at=steps,
    )


def period(inst: Any) -> int:
    """Cycles an image at full speed."""
    words = int(np.prod(inst.get_folded_input_shape()[:-1]))
    key = (*loops(inst), words, places(inst))
    if key not in _periods:
        frames = 3  # the first one finds the buffer empty
        alone = window(inst)
        steps = schedule(alone, np.zeros(frames * words, dtype=np.int64), frames, frames * len(alone.first))
        ends = steps.emitted.reshape(frames, -1)[:, -1]
        _periods[key] = int(ends[2] - ends[1])
    return _periods[key]


_periods: dict[tuple[Any, ...], int] = {}


def schedule(window: Window, arrivals: Times, frames: int, queued: int) -> Schedule:
    """Times of `frames` images whose words arrive at `arrivals`; up to `queued` windows wait for the reader."""
    words, count, span = len(window.real), len(window.first), int(window.offsets.max())
    real = np.tile(window.real, frames)
    earliest = np.full(words * frames, _NEVER, dtype=np.int64)
    earliest[real] = arrivals
    first = (np.arange(frames)[:, None] * words + window.first).reshape(-1)
    # Of each word the window whose end leaves it a place, one too many where there is one from the beginning.
    overwritten = np.arange(words * frames) - window.places
    leaves = np.searchsorted(np.append(first[1:], words * frames), overwritten, side="right")
    leaves[overwritten < 0] = count * frames
    ended = np.full(count * frames + 1, _NEVER, dtype=np.int64)
    taken, starts = np.zeros(words * frames, dtype=np.int64), np.zeros(count * frames, dtype=np.int64)
    done, last, wrote, ready = 0, -1, -1, _NEVER

    def take(until: int) -> None:
        nonlocal done, last
        free = ended[leaves[done:until]] + window.freed
        taken[done:until] = _run(np.maximum(earliest[done:until], free), last)
        done, last = until, int(taken[until - 1])

    for number, begins in enumerate(first.tolist()):
        if begins + span >= done:
            take(begins + span + 1)
        wanted = taken[begins + window.offsets] + 1
        if number >= queued:
            wanted = np.maximum(wanted, starts[number - queued] + window.read_at)
        writes = _run(wanted, wrote)
        wrote = ended[number] = int(writes[-1])
        ready = max(ready + window.period, int((writes + 2 - window.read_at).max()))
        starts[number] = ready
    if done < len(taken):
        take(len(taken))
    return Schedule(taken[real], (starts[:, None] + window.emit_at).reshape(-1))


def _run(earliest: Times, before: int) -> Times:
    """One event a cycle, in order, none earlier than told, the first after `before`."""
    ramp = _ramp(len(earliest))
    return np.maximum(np.maximum.accumulate(earliest - ramp), before + 1) + ramp


@functools.cache
def _ramp(length: int) -> Times:
    return np.arange(length, dtype=np.int64)
