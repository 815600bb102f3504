# SPDX-License-Identifier: BSD-3-Clause
"""FIFO depths by analysis: when each word comes and goes, if images arrive evenly at the rate of the slowest layer.

Each node is a process that takes a step a cycle where it can; a step may read a word of each input and may emit a word
of each output. With FIFOs without bound the times follow in closed form, and the largest number of words between two
nodes is a depth that never blocks. In such a system everything happens no later if the source is faster or a FIFO is
deeper, so the design keeps that rate and cannot deadlock: skew between the branches of a residual block is one such
number.

FINN's sliding window reads nothing of the next image before it has written the last window of this one. Padding,
sliding window and the unit behind it are therefore one process here, with a FIFO of m windows between the last two: the
least m that keeps the rate is taken.

A WrapMVU that passes a vector several times takes the next one meanwhile: it is a FIFO of a vector itself, and its
ready a register, so that most need none in front.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chain.errors import UnsupportedError
from fpga.estimate.memory import rounded
from fpga.layers import CONVERTERS, cycles, repeats
from fpga.levels import UNLIMITED
from fpga.names import op_of
from fpga.sliding import Schedule, Times, Window, behind, geometry, schedule, slides, window

FRAMES = 4
LATENCY = 4  # cycles of padding, a sliding window or FINN's width converter: generous
QUEUE = 2  # cycles of a FIFO
SLACK = 1.005  # of the rate, when a FIFO behind a sliding window is chosen
# A converter's ready and valid are registers, and padding stands before a sliding window, whose ready is one: two words
# of a FIFO next to them would break no long path and hold no word.
_REGISTERED = {"FMPadding", *CONVERTERS}
_WINDOW_READERS = ("WrapMVU", "WrapVVU", "WindowMax")


@dataclass(frozen=True)
class Steps:
    """One image of a node: for each step, which inputs it reads and which outputs it emits ([ports, steps] bool)."""

    reads: npt.NDArray[np.bool_]
    emits: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Depths:
    """`edges` maps tensors to FIFO depths (0: no FIFO); `interval` is what the analysis expects between images."""

    edges: Mapping[str, int]
    interval: float


def depths(model: Any, most_levels: int = UNLIMITED) -> Depths:
    """FIFO depth of every stream between two nodes of `model`, an RTL dataflow graph without FIFOs.

    With `most_levels` of logic below UNLIMITED no path goes on from node to node: each stream has registers between.
    """
    nodes = _nodes(model)
    bound = max(cycles(inst) for _, inst in nodes)
    result = _depths(model, nodes, float(bound))
    if result.interval > bound:
        # A node needs longer than its estimate says: words would pile up without end at the estimated rate.
        result = _depths(model, nodes, result.interval)
    return result if most_levels >= UNLIMITED else Depths(_apart(nodes, result.edges), result.interval)


def _apart(nodes: Sequence[tuple[Any, Any]], edges: Mapping[str, int]) -> dict[str, int]:
    """`edges` with a FIFO on each stream but those from registers to a reader whose ready is a register."""
    makers = {tensor: _op(inst) for node, inst in nodes for tensor in node.output}
    readers = {tensor: inst for node, inst in nodes for tensor in node.input}
    registered = {
        tensor
        for tensor, inst in readers.items()
        if (_op(inst) == "StreamingDataWidthConverter" or slides(inst) or repeats(inst))
        and makers.get(tensor) != "StreamFork"
    }
    return {tensor: depth or (0 if tensor in registered else 2) for tensor, depth in edges.items()}


def name_streams(model: Any) -> Any:
    """`model` with the random names that FINN gives to tensors of width converters made from what they convert."""
    for node in list(model.graph.node):
        if op_of(node) in CONVERTERS and node.output[0] != model.graph.output[0].name:
            kind = _custom(node).get_output_datatype()
            model.rename_tensor(node.output[0], f"{node.input[0]}_converted")
            model.set_tensor_datatype(node.output[0], kind)
    return model


def insert(model: Any, edges: Mapping[str, int]) -> Any:
    """`model` with a StreamingFIFO of the given depth on each stream, called `<producer>_fifo<output>`."""
    from onnx import helper

    makers = {tensor: (node, index) for node in model.graph.node for index, tensor in enumerate(node.output)}
    for tensor, depth in edges.items():
        if not depth:
            continue
        maker, port = makers[tensor]
        inst = _custom(maker)
        folded = [int(size) for size in inst.get_folded_output_shape(port)]
        behind = f"{tensor}_queued"
        consumer = model.find_consumer(tensor)
        model.set_tensor_shape(behind, model.get_tensor_shape(tensor))
        model.set_tensor_datatype(behind, inst.get_output_datatype(port))
        for index, name in enumerate(consumer.input):
            if name == tensor:
                consumer.input[index] = behind
        node = helper.make_node(
            "StreamingFIFO_rtl",
            [tensor],
            [behind],
            name=f"{maker.name}_fifo{port}",
            domain="finn.custom_op.fpgadataflow.rtl",
            backend="fpgadataflow",
            depth=depth,
            folded_shape=folded,
            normal_shape=[int(size) for size in inst.get_normal_output_shape(port)],
            dataType=inst.get_output_datatype(port).name,
        )
        model.graph.node.insert(list(model.graph.node).index(maker) + 1, node)
    return model


# the analysis ----------------------------------------------------------------------------------------------------


def _depths(model: Any, nodes: Sequence[tuple[Any, Any]], interval: float) -> Depths:
    source, sink = model.graph.input[0].name, model.graph.output[0].name
    arrivals = {source: _even(nodes, source, interval)}
    taken: dict[str, Times] = {}
    fixed: dict[str, int] = {}
    for group in _groups(nodes):
        node, inst = group[-1]
        head = group[0][0]
        if len(group) == 1 and not slides(inst):
            steps = node_steps(inst)
            inputs = [tensor for tensor in head.input if tensor in arrivals]
            at = process(steps, [arrivals[tensor] for tensor in inputs])
            for port, tensor in enumerate(inputs):
                taken[tensor] = at[np.tile(steps.reads[port], FRAMES)]
            if repeats(inst):
                taken[inputs[0]] = _ahead(inst, arrivals[inputs[0]], at)
            for port, tensor in enumerate(node.output):
                arrivals[tensor] = at[np.tile(steps.emits[port], FRAMES)] + _latency(inst, model) + QUEUE
            continue
        unit = _window(group)
        times, queued = slide(unit, arrivals[head.input[0]], interval)
        taken[head.input[0]] = times.taken
        arrivals[node.output[0]] = times.emitted + sum(_latency(inside, model) + QUEUE for _, inside in group)
        held = 1 if repeats(inst) and inst.get_nodeattr("groups") == 1 else 0
        inner = {name: 2 for member, _ in group[:-1] for name in member.output}
        for member, inside in group:
            if slides(inside) and member is not node:
                inner[member.output[0]] = rounded((queued - held) * len(unit.offsets))
        fixed.update(inner)
    found = {}
    registered = {tensor for node, inst in nodes if _op(inst) in _REGISTERED for tensor in (*node.input, *node.output)}
    registered |= {node.input[0] for node, inst in nodes if repeats(inst)}
    for node, _ in nodes:
        for tensor in node.output:
            if tensor != sink:
                found[tensor] = fixed.get(tensor) or rounded(_occupancy(arrivals[tensor], taken[tensor]))
                if found[tensor] == 2 and tensor in registered:
                    found[tensor] = 0
    last = arrivals[sink].reshape(FRAMES, -1)[:, -1]
    return Depths(found, float(last[-1] - last[1]) / (FRAMES - 2))


def process(steps: Steps, arrivals: Sequence[Times]) -> Times:
    """Cycle of every step of FRAMES images, inputs arriving at `arrivals` (one array of word times each)."""
    count = steps.reads.shape[1] * FRAMES
    earliest = np.full(count, -1, dtype=np.int64)
    for port, times in enumerate(arrivals):
        mask = np.tile(steps.reads[port], FRAMES)
        earliest[mask] = np.maximum(earliest[mask], times)
    ramp = np.arange(count, dtype=np.int64)
    return np.maximum.accumulate(earliest - ramp) + ramp


def slide(unit: Window, arrivals: Times, interval: float) -> tuple[Schedule, int]:
    """When a sliding window takes and its reader emits, and the least windows between the two that keep the rate."""
    queued = 1
    while True:
        times = schedule(unit, arrivals, FRAMES, queued)
        ends = times.emitted.reshape(FRAMES, -1)[:, -1]
        if queued >= len(unit.first) or (ends[-1] - ends[1]) / (FRAMES - 2) <= SLACK * interval:
            return times, queued
        queued *= 2


def _latency(inst: Any, model: Any) -> int:
    """Cycles of a node's pipeline."""
    return inst.latency(model.graph) if hasattr(inst, "latency") else LATENCY


def _ahead(inst: Any, arrivals: Times, at: Times) -> Times:
    """When a WrapMVU with the steps `at` takes its words: it has places for two vectors."""
    words = inst.get_nodeattr("MW") // inst.get_nodeattr("SIMD")
    earliest = arrivals.reshape(-1, words).copy()
    ends = at.reshape(len(earliest), -1)[:, -1]
    earliest[2:] = np.maximum(earliest[2:], ends[:-2, None] + 1)
    ramp = np.arange(earliest.size, dtype=np.int64)
    return np.maximum.accumulate(earliest.reshape(-1) - ramp) + ramp


def _occupancy(arrivals: Times, taken: Times) -> int:
    """The most words that have arrived and are not taken before that cycle."""
    before = np.searchsorted(taken, arrivals, side="left")
    return int((np.arange(1, len(arrivals) + 1) - before).max())


def _even(nodes: Sequence[tuple[Any, Any]], source: str, interval: float) -> Times:
    """Arrival of FRAMES images' words, evenly spaced."""
    for node, inst in nodes:
        if source in node.input:
            words = int(np.prod(inst.get_folded_input_shape(list(node.input).index(source))[:-1]))
            return np.floor(np.arange(words * FRAMES) * (interval / words)).astype(np.int64)
    raise UnsupportedError(f"no node reads the graph's input {source!r}")


# what each op does -----------------------------------------------------------------------------------------------


def node_steps(inst: Any) -> Steps:
    """Steps of one image of any node but the sliding window of several steps."""
    op = _op(inst)
    if op == "FMPadding":
        real = _padding_mask(inst)
        return Steps(real[None], np.ones((1, len(real)), dtype=bool))
    if op == "ConvolutionInputGenerator":
        offsets, first = geometry(inst)
        steps = int(np.prod(inst.get_folded_input_shape()[:-1]))
        emits = np.zeros((1, steps), dtype=bool)
        fold = inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")  # words of the window's last pixel
        emits[0, first[:, None] + int(offsets.max()) - np.arange(fold)] = True
        return Steps(np.ones((1, steps), dtype=bool), emits)
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


def _window(group: Sequence[tuple[Any, Any]]) -> Window:
    """The group of nodes [padding,] sliding window [, converters .., reader] as one process."""
    slider = next(inst for _, inst in group if slides(inst))
    head, reader = group[0][1], group[-1][1]
    alone = window(slider)
    real = _padding_mask(head) if _op(head) == "FMPadding" else None
    if reader is slider:
        return behind(alone, real, None)
    words, windows = len(alone.offsets), len(alone.first)
    if _op(reader) == "WrapMVU":
        period, reads, emits = _vector(reader)
        reading = np.flatnonzero(reads)
    else:
        period = cycles(reader) // windows
        reading = np.arange(period, dtype=np.int64)
        emits = _spread(int(np.prod(reader.get_folded_output_shape()[:-1])) // windows, period, first=False)
    read_at = reading[np.arange(words, dtype=np.int64) * len(reading) // words]
    return behind(alone, real, (period, read_at, np.flatnonzero(emits)))


def _groups(nodes: Sequence[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    """Nodes in order; padding, sliding window, converters and the reader behind it in one list."""
    readers = {tensor: (node, inst) for node, inst in nodes for tensor in node.input}
    grouped: set[str] = set()
    for node, inst in nodes:
        if node.name in grouped:
            continue
        group = [(node, inst)]
        if _op(inst) == "FMPadding":
            after = readers.get(node.output[0])
            if after and slides(after[1]):
                group.append(after)
        if slides(group[-1][1]):
            trial = list(group)
            after = readers.get(trial[-1][0].output[0])
            while after and _op(after[1]) in CONVERTERS:
                trial.append(after)
                after = readers.get(after[0].output[0])
            if after and _op(after[1]) in _WINDOW_READERS:
                group = [*trial, after]
        grouped.update(member.name for member, _ in group)
        yield group


def _op(inst: Any) -> str:
    return op_of(inst.onnx_node)


def _streams_in(inst: Any) -> int:
    return sum(1 for index, _ in enumerate(inst.onnx_node.input) if inst.get_instream_width(index))


def _nodes(model: Any) -> list[tuple[Any, Any]]:
    return [(node, _custom(node)) for node in model.graph.node]


def _custom(node: Any) -> Any:
    from qonnx.custom_op.registry import getCustomOp

    return getCustomOp(node)
