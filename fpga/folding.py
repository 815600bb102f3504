# SPDX-License-Identifier: BSD-3-Clause
"""Folding: PE and SIMD of every node, legal values only, for a frame rate or a LUT budget.

The slowest node's cycles an image bound the frame rate. Of all settings that are fast enough, those are taken that
together cost the fewest LUTs by estimate, the width converters and FIFOs between the layers included: a layer that is
faster than it must be wastes LUTs, and so do two neighbours whose words differ in width.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chain.errors import InputError, UnsupportedError
from fpga.cheapest import cheapest
from fpga.estimate import nodes as estimate
from fpga.estimate.memory import rounded
from fpga.sliding import period

_MAXIMA_AND_DEPTHWISE = ("WindowMax", "WrapVVU")
_FED = ("WrapMVU", "ConvolutionInputGenerator")


@dataclass(frozen=True)
class Choice:
    """The folding of one node. `cycles` an image; `luts` estimated."""

    node: str
    op: str
    layer: str
    pe: int
    simd: int
    cycles: int
    luts: int


@dataclass(frozen=True)
class Folding:
    """All nodes' folding, in graph order. `padded`: layers with more channels than they had (name, had, has).

    `between` is what converters and FIFOs take, in LUTs estimated.
    """

    choices: tuple[Choice, ...]
    clock_mhz: float
    between: int = 0
    padded: tuple[tuple[str, int, int], ...] = ()

    @property
    def bottleneck(self) -> Choice:
        """The slowest node (the first of equals)."""
        return max(self.choices, key=lambda choice: choice.cycles)

    @property
    def fps(self) -> float:
        """Images a second that the bottleneck allows."""
        return self.clock_mhz * 1e6 / self.bottleneck.cycles

    @property
    def luts(self) -> int:
        """Estimated LUTs of all nodes and of what is between them."""
        return self.between + sum(choice.luts for choice in self.choices)


def for_fps(model: Any, fps: float, clock_mhz: float) -> Folding:
    """Fold `model` (dataflow graph, changed in place) so that each node needs at most clock / fps cycles an image.

    Raises InputError if that cannot be had: with the best rate possible and the layer that bounds it.
    """
    if not fps > 0:
        raise InputError(f"FPS is {fps:g}, expected more than 0")
    network = Network(model, clock_mhz)
    limit = math.floor(clock_mhz * 1e6 / fps)
    slow, least = network.slowest()
    if least > limit:
        raise InputError(
            f"{fps:,.0f} FPS at {clock_mhz:g} MHz leave {limit:,} cycles an image; layer {slow.name!r} needs "
            f"{least:,} at least: {clock_mhz * 1e6 / least:,.0f} FPS are the most. {slow.remedy()}"
        )
    return network.fold(limit)


def for_luts(model: Any, luts: int, clock_mhz: float) -> Folding:
    """Fold `model` for the best frame rate whose estimated LUTs are at most `luts`.

    Raises InputError if even the smallest folding is estimated larger.
    """
    network = Network(model, clock_mhz)
    limits = network.limits()
    low, high = 0, len(limits) - 1
    if (least := network.cost(limits[high])) > luts:
        raise InputError(
            f"LUT={luts:,} is too small: folded as far as it goes the design takes about {least:,} LUTs (estimated)"
        )
    # The more cycles a layer may take, the more settings there are to choose from: the cost never rises.
    while low < high:
        middle = (low + high) // 2
        if network.cost(limits[middle]) <= luts:
            high = middle
        else:
            low = middle + 1
    return network.fold(limits[high])


def divisors(number: int) -> list[int]:
    """All divisors, ascending.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    return [value for value in range(1, number + 1) if number % value == 0]


def hardware(node: Any) -> Any:
    """FINN's instance of a node; of a sliding window always the RTL form, the one that knows its cycles."""
    from finn.custom_op.fpgadataflow.rtl.convolutioninputgenerator_rtl import ConvolutionInputGenerator_rtl
    from qonnx.custom_op.registry import getCustomOp

    return ConvolutionInputGenerator_rtl(node) if _op(node) == "ConvolutionInputGenerator" else getCustomOp(node)


def layer_of(node: Any) -> str:
    """The node's `layer` attribute, also where FINN's op does not list it ('' for none)."""
    for attribute in node.attribute:
        if attribute.name == "layer":
            return attribute.s.decode()
    return ""


def cycles(inst: Any) -> int:
    """Cycles an image of a node at full speed: its own estimate, and one word a cycle at least."""
    own = period(inst) if slides(inst) else int(inst.get_exp_cycles())
    sides = [inst.get_folded_input_shape(), inst.get_folded_output_shape()]
    return max(own, *(int(np.prod(shape[:-1])) for shape in sides))


def slides(inst: Any) -> bool:
    """Is it a sliding window that writes a window in several steps, from an addressable buffer?"""
    return _op(inst.onnx_node) == "ConvolutionInputGenerator" and inst.select_impl_style() == "default"


Setting = Sequence[tuple[Any, dict[str, int]]]
"""Attributes to set, node by node."""


class Network:
    """All settings of all layers of a dataflow graph, and what each takes: measured once, then searched quickly."""

    def __init__(self, model: Any, clock_mhz: float) -> None:
        self._model, self._clock_mhz = model, clock_mhz
        self.layers = list(_layers(model))
        self._links = list(_links(self.layers))

    def slowest(self) -> tuple["_Layer", int]:
        """The layer that bounds the frame rate however it is folded, and its cycles."""
        layer = max(self.layers, key=lambda layer: layer.fastest())
        return layer, layer.fastest()

    def limits(self) -> list[int]:
        """Every number of cycles an image that the slowest node of a folding can have, ascending."""
        least = self.slowest()[1]
        return sorted({cycles for layer in self.layers for cycles in layer.speeds() if cycles >= least})

    def cost(self, limit: int) -> int:
        """The fewest LUTs, by estimate, of a folding of at most `limit` cycles an image."""
        return sum(self._luts(self._choose(limit)))

    def fold(self, limit: int) -> Folding:
        """Set the folding that takes the fewest LUTs at no more than `limit` cycles; of equals the faster layers."""
        chosen = self._choose(limit)
        for layer, index in zip(self.layers, chosen, strict=True):
            layer.take(index)
        choices = tuple(_choices(self._model))
        own, links = self._luts(chosen)
        return Folding(choices, self._clock_mhz, own + links - sum(choice.luts for choice in choices))

    def _choose(self, limit: int) -> list[int]:
        """The index of each layer's setting."""
        fitting = [np.flatnonzero(layer.cycles <= limit) for layer in self.layers]
        own = [layer.luts[fits] + 1e-9 * layer.cycles[fits] for layer, fits in zip(self.layers, fitting, strict=True)]
        between: dict[tuple[int, int], npt.NDArray[np.float64]] = {}
        for link in self._links:
            costs = link.luts[np.ix_(fitting[link.source], fitting[link.sink])]
            pair = (link.source, link.sink)
            between[pair] = between[pair] + costs if pair in between else costs
        return [int(fits[index]) for fits, index in zip(fitting, cheapest(own, between), strict=True)]

    def _luts(self, chosen: Sequence[int]) -> tuple[int, int]:
        """LUTs of the layers and of the links between them."""
        own = sum(int(layer.luts[index]) for layer, index in zip(self.layers, chosen, strict=True))
        return own, sum(int(link.luts[chosen[link.source], chosen[link.sink]]) for link in self._links)


@dataclass(frozen=True)
class _Link:
    """A stream between two layers, by index: LUTs for each pair of their settings."""

    source: int
    sink: int
    luts: npt.NDArray[np.float64]


class _Layer:
    """Nodes that are folded together: a unit and the padding and sliding window that feed it, or a node by itself.

    cycles, luts  of each legal setting
    """

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.nodes = [hardware(node) for node in nodes]
        self.unit = self.nodes[-1]
        self.name = layer_of(nodes[-1]) or nodes[-1].name
        self.inputs = [name for index, name in enumerate(nodes[0].input) if self.nodes[0].get_instream_width(index)]
        self.outputs = list(nodes[-1].output)
        self._settings_known = [setting for setting in self._settings() if self._realisable(setting)]
        if not self._settings_known:
            raise UnsupportedError(
                f"layer {self.name!r}: FINN's sliding window has no form for this kernel, stride and image; "
                "use a stride no larger than the kernel"
            )
        measured = [self._measure(setting) for setting in self._settings_known]
        self.cycles = np.array([cycles for cycles, _ in measured], dtype=np.int64)
        self.luts = np.array([luts for _, luts in measured], dtype=np.float64)
        self._ends: list[tuple[list[int], list[int]]] = [self._widths(setting) for setting in self._settings_known]

    def fastest(self) -> int:
        """The fewest cycles an image that a legal setting has."""
        return int(self.cycles.min())

    def speeds(self) -> set[int]:
        """The cycles of all legal settings."""
        return set(self.cycles.tolist())

    def take(self, index: int) -> None:
        """Set the nodes to a setting."""
        _apply(self._settings_known[index])

    def in_widths(self, port: int) -> list[int]:
        """Bits of a word of an input stream, for each setting."""
        return [inputs[port] for inputs, _ in self._ends]

    def out_widths(self, port: int) -> list[int]:
        """Bits of a word of an output stream, for each setting."""
        return [outputs[port] for _, outputs in self._ends]

    def remedy(self) -> str:
        """Why this layer is no faster, and what the user can do about it."""
        self.take(int(self.cycles.argmin()))
        if _op(self.unit.onnx_node) == "WrapMVU" and self.unit.get_nodeattr("groups") > 1:
            return "It takes its groups of channels in turn: use fewer groups or fewer pixels, or a lower FPS="
        slowest = max(self.nodes, key=cycles)
        return (
            f"Its {_op(slowest.onnx_node)} takes at most a word (here a whole pixel or vector) a cycle: use fewer "
            "pixels (stride, pooling), or a lower FPS="
        )

    def _realisable(self, setting: Setting) -> bool:
        """Whether FINN can write the sliding window: it cannot step over more words than its buffer holds."""
        _apply(setting)
        for node in self.nodes:
            if _op(node.onnx_node) == "ConvolutionInputGenerator":
                try:
                    if slides(node):
                        node.prepare_codegen_default()
                except AssertionError:
                    return False
        return True

    def _measure(self, setting: Setting) -> tuple[int, int]:
        """Cycles and LUTs, with what is between the nodes."""
        _apply(setting)
        luts = sum(estimate.node(node).lut for node in self.nodes)
        for node, reader in itertools.pairwise(self.nodes):
            width = int(node.get_outstream_width())
            luts += estimate.converter(width, int(reader.get_instream_width())).lut
            if _op(node.onnx_node) == "ConvolutionInputGenerator":
                # A whole window waits for the reader while the next one is gathered.
                luts += estimate.fifo(width, rounded(_window_words(node) if slides(node) else 2)).lut
        return max(cycles(node) for node in self.nodes), luts

    def _widths(self, setting: Setting) -> tuple[list[int], list[int]]:
        """Word widths of the input and output streams."""
        _apply(setting)
        first = self.nodes[0]
        inputs = [int(first.get_instream_width(index)) for index, _ in enumerate(first.onnx_node.input)]
        outputs = [int(self.unit.get_outstream_width(index)) for index, _ in enumerate(self.unit.onnx_node.output)]
        return [width for width in inputs if width], outputs

    def _settings(self) -> Iterator[Setting]:
        unit, before = self.unit, self.nodes[:-1]
        op = _op(unit.onnx_node)
        if op == "WrapMVU" and (groups := unit.get_nodeattr("groups")) > 1:
            columns = divisors(unit.get_nodeattr("MW") // unit.get_nodeattr("Kernel"))
            for simd, pe in itertools.product(columns, divisors(unit.get_nodeattr("MH") // groups)):
                yield [(unit, {"PE": pe, "SIMD": simd}), *((node, {"SIMD": simd}) for node in before)]
        elif op == "WrapMVU":
            slider = next((node for node in before if _op(node.onnx_node) == "ConvolutionInputGenerator"), None)
            channels = before[0].get_folded_input_shape()[-1] * before[0].get_folded_input_shape()[-2] if before else 0
            columns, rows = divisors(channels or unit.get_nodeattr("MW")), divisors(unit.get_nodeattr("MH"))
            serial = [(slider, {"parallel_window": 0})] if slider else []
            serial_form = any(
                self._realisable([*((node, {"SIMD": simd}) for node in before), *serial]) for simd in columns
            )
            for simd, pe in itertools.product(columns, rows):
                yield [(unit, {"PE": pe, "SIMD": simd}), *((node, {"SIMD": simd}) for node in before), *serial]
            if slider is None:
                return
            # A window a cycle: the sliding window takes whole pixels, the unit any part of a window.
            for simd, pe in itertools.product(divisors(unit.get_nodeattr("MW")), rows):
                if simd > channels or not serial_form:
                    wide = [(node, {"SIMD": channels}) for node in before]
                    yield [(unit, {"PE": pe, "SIMD": simd}), *wide, (slider, {"parallel_window": 1})]
        elif op in _MAXIMA_AND_DEPTHWISE:
            for pe in divisors(unit.get_nodeattr("Channels")):
                yield [(unit, {"PE": pe}), *((node, {"SIMD": pe}) for node in before)]
        else:
            key = "PE" if "PE" in unit.get_nodeattr_types() else "SIMD"
            for value in divisors(int(unit.get_normal_input_shape()[-1])):
                yield [(unit, {key: value})]


def _apply(setting: Setting) -> None:
    for node, values in setting:
        for key, value in values.items():
            node.set_nodeattr(key, value)


def _window_words(inst: Any) -> int:
    """Words of one window."""
    return int(np.prod(inst.get_nodeattr("ConvKernelDim"))) * inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")


def _links(layers: Sequence[_Layer]) -> Iterator[_Link]:
    """The streams between layers: a converter where the widths differ, else a FIFO of two words."""
    makers = {tensor: (index, port) for index, layer in enumerate(layers) for port, tensor in enumerate(layer.outputs)}
    for sink, layer in enumerate(layers):
        for port, tensor in enumerate(layer.inputs):
            if tensor in makers:
                source, out = makers[tensor]
                yield _Link(source, sink, _link_luts(layers[source].out_widths(out), layer.in_widths(port)))


def _link_luts(outs: Sequence[int], ins: Sequence[int]) -> npt.NDArray[np.float64]:
    costs = {
        (out, into): estimate.fifo(out, 2).lut if out == into else estimate.converter(out, into).lut
        for out in set(outs)
        for into in set(ins)
    }
    return np.array([[costs[out, into] for into in ins] for out in outs], dtype=np.float64)


def _layers(model: Any) -> Iterator[_Layer]:
    """The units in graph order, each with the padding and sliding window before it."""
    waiting: list[Any] = []
    for node in model.graph.node:
        if _op(node) in ("FMPadding", "ConvolutionInputGenerator"):
            waiting.append(node)
            follower = model.find_direct_successors(node)
            if follower and len(follower) == 1 and _op(follower[0]) in (*_MAXIMA_AND_DEPTHWISE, *_FED):
                continue
        else:
            waiting.append(node)
        yield _Layer(waiting)
        waiting = []


def _choices(model: Any) -> Iterator[Choice]:
    for node in model.graph.node:
        inst = hardware(node)
        types = inst.get_nodeattr_types()
        pe = int(inst.get_nodeattr("PE")) if "PE" in types else 0
        simd = int(inst.get_nodeattr("SIMD")) if "SIMD" in types else 0
        yield Choice(node.name, _op(node), layer_of(node), pe, simd, cycles(inst), estimate.node(inst).lut)


def _op(node: Any) -> str:
    return str(node.op_type).removesuffix("_rtl").removesuffix("_hls")
