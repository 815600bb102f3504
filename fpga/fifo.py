# SPDX-License-Identifier: BSD-3-Clause
"""FIFO depths by analysis: when each word comes and goes, if images arrive evenly at the rate of the slowest layer.

Each node is a process that takes a step a cycle where it can; a step may read a word of each input and may emit a word
of each output. With FIFOs without bound the times follow in closed form, and the largest number of words between two
nodes is a depth that never blocks. In such a system everything happens no later if the source is faster or a FIFO is
deeper, so the design keeps that rate and cannot deadlock: skew between the branches of a residual block is one such
number.

A sliding window takes no word for which its buffer has no place, and none while whole windows wait to leave. Padding,
sliding window and the unit behind it are therefore one process here, with a FIFO of m windows between the last two: the
least m that keeps the rate is taken. Words that would wait in front may wait in the buffer instead, where a block RAM,
say, has room for them: what costs the least is taken.

A WrapMVU that passes a vector several times takes the next one meanwhile: it is a FIFO of a vector itself. A word that
waits alone stays in the register that it came to, and what is ahead of the first window waits in the source. So most
streams have no FIFO but where ready would go through many nodes in a cycle.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chain.errors import UnsupportedError
from fpga.estimate import nodes as estimate
from fpga.estimate.memory import price, rounded
from fpga.layers import CONVERTERS, cycles, repeats
from fpga.levels import UNLIMITED
from fpga.names import op_of
from fpga.process import FRAMES, behind, node_steps, process
from fpga.sliding import Schedule, Times, Window, schedule, set_spare, slides, window

LATENCY = 4  # cycles of padding, a sliding window or FINN's width converter: generous
QUEUE = 2  # cycles of a FIFO
_PASSED = 3  # nodes that a ready goes through in a cycle
_DOUBLINGS = 3  # of a sliding window's buffer, at most
SLACK = 1.005  # of the rate, when a FIFO behind a sliding window is chosen
# A converter's ready and valid are registers, and padding stands before a sliding window: two words of a FIFO next to
# them would hold no word.
_REGISTERED = {"FMPadding", *CONVERTERS}
_WINDOW = "ConvolutionInputGenerator"
_WINDOW_READERS = ("WrapMVU", "WrapVVU", "WindowMax")


@dataclass(frozen=True)
class Depths:
    """`edges` maps tensors to FIFO depths (0: no FIFO), `spare` names of sliding windows to words that their buffers
    hold beyond what windows need; `interval` is what the analysis expects between images.
    """

    edges: Mapping[str, int]
    spare: Mapping[str, int] = field(default_factory=dict)
    interval: float = 0.0


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
    return replace(result, edges=_apart(nodes, result.edges, _PASSED if most_levels >= UNLIMITED else 0))


def _apart(nodes: Sequence[tuple[Any, Any]], edges: Mapping[str, int], most: int) -> dict[str, int]:
    """`edges` with a FIFO wherever ready would go through more than `most` nodes in a cycle.

    With `most` 0 a fork has FIFOs behind it too: its valid is no register.
    """
    found = dict(edges)
    passed: dict[str, int] = {}  # by stream: nodes that its reader's ready goes through
    for node, inst in reversed(nodes):
        after = 0
        for tensor in (tensor for tensor in node.output if tensor in edges):
            if not found[tensor] and (passed[tensor] > most or (_op(inst) == "StreamFork" and not most)):
                found[tensor] = 2
            after = max(after, 0 if found[tensor] else passed[tensor])
        if _op(inst) == "StreamingDataWidthConverter" or slides(inst) or repeats(inst):
            own = 0  # a register
        elif _op(inst) == "StreamNarrow":
            own = 1  # behind the register of its own FIFO
        else:
            own = after + 1
        passed.update(dict.fromkeys(node.input, own))
    return found


def name_streams(model: Any) -> Any:
    """`model` with the random names that FINN gives to tensors of width converters made from what they convert."""
    for node in list(model.graph.node):
        if op_of(node) in CONVERTERS and node.output[0] != model.graph.output[0].name:
            kind = _custom(node).get_output_datatype()
            model.rename_tensor(node.output[0], f"{node.input[0]}_converted")
            model.set_tensor_datatype(node.output[0], kind)
    return model


def insert(model: Any, depths: Depths) -> Any:
    """`model` with a StreamingFIFO of the given depth on each stream, called `<producer>_fifo<output>`."""
    from onnx import helper

    makers = {tensor: (node, index) for node in model.graph.node for index, tensor in enumerate(node.output)}
    for node in model.graph.node:
        if node.name in depths.spare:
            set_spare(_custom(node), depths.spare[node.name])
    for tensor, depth in depths.edges.items():
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
    spare: dict[str, int] = {}
    # Streams whose words may as well wait in the source, which then sends them a word a cycle.
    patient = {source}
    for group in _groups(nodes):
        node, inst = group[-1]
        head = group[0][0]
        if op_of(head) != _WINDOW and len(group) == 1:
            steps = node_steps(inst)
            inputs = [tensor for tensor in head.input if tensor in arrivals]
            at = process(steps, [arrivals[tensor] for tensor in inputs])
            for port, tensor in enumerate(inputs):
                taken[tensor] = at[np.tile(steps.reads[port], FRAMES)]
            if repeats(inst):
                taken[inputs[0]] = _ahead(inst, arrivals[inputs[0]], at)
            if patient.issuperset(inputs) and steps.emits.all() and len(node.output) == 1:
                patient.update(node.output)
            for port, tensor in enumerate(node.output):
                arrivals[tensor] = at[np.tile(steps.emits[port], FRAMES)] + _latency(inst, model) + QUEUE
            continue
        placed, slider = next(member for member in group if op_of(member[0]) == _WINDOW)
        doublings = _DOUBLINGS if slides(slider) and head.input[0] not in patient else 0
        kept = _kept([inst for _, inst in group], slider, arrivals[head.input[0]], interval, doublings)
        taken[head.input[0]] = kept.times.taken
        arrivals[node.output[0]] = kept.times.emitted + sum(_latency(inside, model) + QUEUE for _, inside in group)
        spare[placed.name] = kept.spare
        held = 1 if repeats(inst) and inst.get_nodeattr("groups") == 1 else 0
        fixed.update({name: 2 for member, _ in group[:-1] for name in member.output})
        if placed is not node:
            fixed[placed.output[0]] = rounded((kept.queued - held) * kept.words)
    found = {}
    registered = {tensor for node, inst in nodes if _op(inst) in _REGISTERED for tensor in (*node.input, *node.output)}
    registered |= {node.input[0] for node, inst in nodes if repeats(inst) or slides(inst)}
    for node, inst in nodes:
        for tensor in (tensor for tensor in node.output if tensor != sink):
            if tensor in fixed:
                depth = fixed[tensor]
            else:
                waiting = 1 if tensor in patient else _occupancy(arrivals[tensor], taken[tensor])
                # A word alone waits in the register that it came to.
                depth = 0 if waiting == 1 and _op(inst) != "StreamFork" else rounded(waiting)
            found[tensor] = 0 if depth == 2 and tensor in registered else depth
    last = arrivals[sink].reshape(FRAMES, -1)[:, -1]
    return Depths(found, spare, float(last[-1] - last[1]) / (FRAMES - 2))


@dataclass(frozen=True)
class _Kept:
    """A sliding window with its reader: its `times`, windows of so many `words` that are `queued` between the two,
    `spare` words of the buffer.
    """

    times: Schedule
    words: int
    queued: int
    spare: int


def _kept(group: Sequence[Any], slider: Any, arrivals: Times, interval: float, doublings: int) -> _Kept:
    """The group [padding,] `slider` [, converters .., reader] with the buffer, doubled `doublings` times at most, that
    costs least with the FIFO in front; of equals, the largest, which is a node less.
    """
    unit, width = behind(window(slider), group), group[0].get_instream_width()
    queue = 1 if group[-1] is not slider else len(unit.first)
    best, least = None, np.inf
    for doubled in range(doublings + 1):
        spare = (unit.places << doubled) - unit.places
        times, queued = slide(replace(unit, places=unit.places + spare), arrivals, interval, queue)
        depth = rounded(_occupancy(arrivals, times.taken))
        cost = price(estimate.fifo(width, depth if depth > 2 else 0))
        if doublings:
            cost += price(estimate.sliding(slider, unit.places + spare))
        if cost <= least:
            best, least = _Kept(times, len(unit.offsets), queued, spare), cost
        if depth == 2:
            break
    assert best is not None
    return best


def slide(unit: Window, arrivals: Times, interval: float, queued: int = 1) -> tuple[Schedule, int]:
    """When a sliding window takes and its reader emits, and the least windows between the two, from `queued` on, that
    keep the rate.
    """
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
            if after and _op(after[1]) == _WINDOW:
                group.append(after)
        if _op(group[-1][1]) == _WINDOW and not _in_parts(group[-1][1]):
            trial = list(group)
            after = readers.get(trial[-1][0].output[0])
            while after and _op(after[1]) in CONVERTERS:
                trial.append(after)
                after = readers.get(after[0].output[0])
            if after and _op(after[1]) in _WINDOW_READERS:
                group = [*trial, after]
        grouped.update(member.name for member, _ in group)
        yield group


def _in_parts(slider: Any) -> bool:
    """Does it write windows of one pixel as they come, in parts of their channels?"""
    return not slides(slider) and slider.get_nodeattr("IFMChannels") > slider.get_nodeattr("SIMD")


def _op(inst: Any) -> str:
    return op_of(inst.onnx_node)


def _nodes(model: Any) -> list[tuple[Any, Any]]:
    return [(node, _custom(node)) for node in model.graph.node]


def _custom(node: Any) -> Any:
    from qonnx.custom_op.registry import getCustomOp

    return getCustomOp(node)
