# SPDX-License-Identifier: BSD-3-Clause
"""Folding: PE and SIMD of every node, legal values only, for a frame rate or a LUT budget.

The slowest node's cycles an image bound the frame rate. Each layer is folded by itself to the cheapest setting that is
fast enough: a layer that is faster than it must be wastes LUTs.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chain.errors import InputError, UnsupportedError
from fpga.sliding import period

CONVERTERS = ("StreamingDataWidthConverter", "StreamNarrow")
"""Ops that change the width of a stream: they come after folding."""
_MAXIMA_AND_DEPTHWISE = ("WindowMax", "PoolMax", "WrapVVU")
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
    """All nodes' folding, in graph order. `padded`: layers with more channels than they had (name, had, has)."""

    choices: tuple[Choice, ...]
    clock_mhz: float
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
        """Estimated LUTs of all nodes."""
        return sum(choice.luts for choice in self.choices)


def for_fps(model: Any, fps: float, clock_mhz: float) -> Folding:
    """Fold `model` (dataflow graph, changed in place) so that each node needs at most clock / fps cycles an image.

    Raises InputError if that cannot be had: with the best rate possible and the layer that bounds it.
    """
    if not fps > 0:
        raise InputError(f"FPS is {fps:g}, expected more than 0")
    layers = list(_layers(model))
    limit = math.floor(clock_mhz * 1e6 / fps)
    best = [layer.fastest() for layer in layers]
    slow = max(range(len(layers)), key=lambda index: best[index])
    if best[slow] > limit:
        raise InputError(
            f"{fps:,.0f} FPS at {clock_mhz:g} MHz leave {limit:,} cycles an image; layer {layers[slow].name!r} needs "
            f"{best[slow]:,} at least: {clock_mhz * 1e6 / best[slow]:,.0f} FPS are the most. {layers[slow].remedy()}"
        )
    for layer in layers:
        layer.fold(limit)
    return _result(model, clock_mhz)


def for_luts(model: Any, luts: int, clock_mhz: float) -> Folding:
    """Fold `model` for the best frame rate whose estimated LUTs are at most `luts`.

    Raises InputError if even the smallest folding is estimated larger.
    """
    layers = list(_layers(model))
    settings = sorted({cycles for layer in layers for cycles in layer.speeds()})
    settings = [cycles for cycles in settings if cycles >= max(layer.fastest() for layer in layers)]
    low, high = 0, len(settings) - 1

    def cost(index: int) -> int:
        for layer in layers:
            layer.fold(settings[index])
        return _result(model, clock_mhz).luts

    if (least := cost(high)) > luts:
        raise InputError(
            f"LUT={luts:,} is too small: folded as far as it goes the design takes about {least:,} LUTs (estimated)"
        )
    while low < high:
        middle = (low + high) // 2
        if cost(middle) <= luts:
            high = middle
        else:
            low = middle + 1
    cost(high)
    return _result(model, clock_mhz)


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


class _Layer:
    """Nodes that are folded together: a unit and the padding and sliding window that feed it, or a node by itself."""

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.nodes = [hardware(node) for node in nodes]
        self.unit = self.nodes[-1]
        self.name = layer_of(nodes[-1]) or nodes[-1].name
        # (cycles, LUTs, setting), for every legal setting
        self._known = [(*self._measure(setting), setting) for setting in self._settings() if self._realisable(setting)]
        if not self._known:
            raise UnsupportedError(
                f"layer {self.name!r}: FINN's sliding window has no form for this kernel, stride and image; "
                "use a stride no larger than the kernel"
            )

    def fastest(self) -> int:
        """The fewest cycles an image that a legal setting has."""
        return min(cycles for cycles, _, _ in self._known)

    def speeds(self) -> set[int]:
        """The cycles of all legal settings."""
        return {cycles for cycles, _, _ in self._known}

    def fold(self, limit: int) -> None:
        """Take the cheapest setting of at most `limit` cycles; of equals the one with fewer lanes."""
        fitting = [known for known in self._known if known[0] <= limit]
        _, _, setting = min(fitting, key=lambda known: (known[1], known[0]))
        _apply(setting)

    def remedy(self) -> str:
        """Why this layer is no faster, and what the user can do about it."""
        _apply(min(self._known, key=lambda known: known[0])[2])
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

    def _measure(self, setting: Setting) -> tuple[int, float]:
        _apply(setting)
        return max(cycles(node) for node in self.nodes), sum(_luts(node) for node in self.nodes)

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
            for pe in divisors(int(unit.get_normal_output_shape()[-1])):
                yield [(unit, {"PE": pe}), *((node, {"SIMD": pe}) for node in before)]
        else:
            key = "PE" if "PE" in unit.get_nodeattr_types() else "SIMD"
            for value in divisors(int(unit.get_normal_input_shape()[-1])):
                yield [(unit, {key: value})]


def _apply(setting: Setting) -> None:
    for node, values in setting:
        for key, value in values.items():
            node.set_nodeattr(key, value)


def _luts(inst: Any) -> int:
    """Estimated LUTs. FINN has no estimate for padding; its sliding window's counts no line buffers in LUT RAM."""
    op = _op(inst.onnx_node)
    if op == "FMPadding":
        return 60 + int(inst.get_outstream_width())
    if op == "ConvolutionInputGenerator":
        width = int(inst.get_instream_width())
        depth = int(inst.get_buffer_depth())
        memory = width * -(-depth // 64) if depth <= 512 else 0
        window = int(inst.get_outstream_width()) if inst.get_nodeattr("parallel_window") else 0
        return 180 + memory + window
    return int(inst.lut_estimation("")) + int(inst.get_outstream_width()) // 2


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


def _result(model: Any, clock_mhz: float) -> Folding:
    choices = []
    for node in model.graph.node:
        inst = hardware(node)
        types = inst.get_nodeattr_types()
        pe = int(inst.get_nodeattr("PE")) if "PE" in types else 0
        simd = int(inst.get_nodeattr("SIMD")) if "SIMD" in types else 0
        op = _op(node)
        choices.append(Choice(node.name, op, layer_of(node), pe, simd, cycles(inst), _luts(inst)))
    return Folding(tuple(choices), clock_mhz)


def _op(node: Any) -> str:
    return str(node.op_type).removesuffix("_rtl").removesuffix("_hls")
