# SPDX-License-Identifier: BSD-3-Clause
"""Nodes as processes: the steps of an image, what each reads and emits, and in which cycle it is taken."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fpga.layers import cycles
from fpga.names import op_of
from fpga.sliding import Times, Window

FRAMES = 4


@dataclass(frozen=True)
class Steps:
    """One image of a node: for each step, which inputs it reads and which outputs it emits ([ports, steps] bool)."""

    reads: npt.NDArray[np.bool_]
    emits: npt.NDArray[np.bool_]


def process(steps: Steps, arrivals: Sequence[Times]) -> Times:
    """Cycle of every step of FRAMES images, inputs arriving at `arrivals` (one array of word times each)."""
    count = steps.reads.shape[1] * FRAMES
    earliest = np.full(count, -1, dtype=np.int64)
    for port, times in enumerate(arrivals):
        mask = np.tile(steps.reads[port], FRAMES)
        earliest[mask] = np.maximum(earliest[mask], times)
    ramp = np.arange(count, dtype=np.int64)
    return np.maximum.accumulate(earliest - ramp) + ramp


def node_steps(inst: Any) -> Steps:
    """Steps of one image of any node but a sliding window."""
    op = op_of(inst.onnx_node)
    if op == "FMPadding":
        real = _padding_mask(inst)
        return Steps(real[None], np.ones((1, len(real)), dtype=bool))
    if op == "WrapMVU":
        _, reads, emits = _vector(inst)
        vectors = int(np.prod([1, *inst.get_nodeattr("vectors")]))
        return Steps(np.tile(reads, vectors)[None], np.tile(emits, vectors)[None])
    if op == "PoolMax":
        emits = inst.completes()
        return Steps(np.ones((1, len(emits)), dtype=bool), emits[None])
    inputs = [int(np.prod(inst.get_folded_input_shape(i)[:-1])) for i in range(_streams_in(inst))]
    outputs = [int(np.prod(inst.get_folded_output_shape(i)[:-1])) for i in range(len(inst.onnx_node.output))]
    steps = max(*inputs, *outputs)
    reads = np.stack([_spread(words, steps, first=True) for words in inputs])
    emits = np.stack([_spread(words, steps, first=False) for words in outputs])
    if op == "WindowSum":
        emits[:] = np.arange(steps) >= steps - outputs[0]
    return Steps(reads, emits)


def _streams_in(inst: Any) -> int:
    return sum(1 for index, _ in enumerate(inst.onnx_node.input) if inst.get_instream_width(index))


def _spread(words: int, steps: int, first: bool) -> npt.NDArray[np.bool_]:
    """`words` of `steps` steps: each group's first (for reading) or last (for emitting)."""
    step = np.arange(steps + 1, dtype=np.int64)
    number = -(-step * words // steps) if first else step * words // steps
    return np.diff(number) > 0


def _vector(inst: Any) -> tuple[int, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Steps of one of a WrapMVU's `vectors`: their number, which read, which emit."""
    synapses = inst.get_nodeattr("MW") // inst.get_nodeattr("SIMD")
    rows, groups = inst.get_nodeattr("MH") // inst.get_nodeattr("PE"), inst.get_nodeattr("groups")
    step = np.arange(synapses * rows)
    return len(step), step % (synapses * rows // groups) < synapses, step % synapses == synapses - 1


def _padding_mask(inst: Any) -> npt.NDArray[np.bool_]:
    height, width = inst.get_nodeattr("ImgDim")
    top, left, bottom, right = inst.get_nodeattr("Padding")
    fold = inst.get_nodeattr("NumChannels") // inst.get_nodeattr("SIMD")
    mask = np.zeros((height + top + bottom, width + left + right, fold), dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask.reshape(-1)


def behind(alone: Window, group: Sequence[Any]) -> Window:
    """The sliding window `alone` with the rest of its group: [padding,] itself [, converters .., reader]."""
    head, reader = group[0], group[-1]
    if op_of(head.onnx_node) == "FMPadding":
        alone = replace(alone, real=_padding_mask(head))
    op = op_of(reader.onnx_node)
    if op == "ConvolutionInputGenerator":
        return alone
    words, windows = len(alone.offsets), len(alone.first)
    if op == "WrapMVU":
        period, reads, emits = _vector(reader)
        reading = np.flatnonzero(reads)
    else:
        period = cycles(reader) // windows
        reading = np.arange(period, dtype=np.int64)
        emits = _spread(int(np.prod(reader.get_folded_output_shape()[:-1])) // windows, period, first=False)
    read_at = reading[np.arange(words, dtype=np.int64) * len(reading) // words]
    return replace(alone, period=period, read_at=read_at, emit_at=np.flatnonzero(emits))
