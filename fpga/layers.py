# SPDX-License-Identifier: BSD-3-Clause
"""Layers as they are folded: nodes whose PE and SIMD depend on each other, with every legal setting of these."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpga.estimate import nodes as estimate
from fpga.estimate.memory import rounded
from fpga.names import layer_of, op_of
from fpga.resources import Use
from fpga.sliding import period, slides

CONVERTERS = ("StreamingDataWidthConverter", "StreamNarrow")
"""Ops that change the width of a stream: they come after folding."""
_MAXIMA_AND_DEPTHWISE = ("WindowMax", "PoolMax", "WrapVVU")
_FED = ("WrapMVU", "ConvolutionInputGenerator")


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

    return ConvolutionInputGenerator_rtl(node) if op_of(node) == "ConvolutionInputGenerator" else getCustomOp(node)


def cycles(inst: Any) -> int:
    """Cycles an image of a node at full speed: its own estimate, and one word a cycle at least."""
    own = period(inst) if slides(inst) else int(inst.get_exp_cycles())
    sides = [inst.get_folded_input_shape(), inst.get_folded_output_shape()]
    return max(own, *(int(np.prod(shape[:-1])) for shape in sides))


def repeats(inst: Any) -> bool:
    """Is it a WrapMVU that passes each vector several times, and so keeps it?"""
    return op_of(inst.onnx_node) == "WrapMVU" and bool(inst.repeats())


def _queue(slider: Any, reader: Any) -> Use:
    """The FIFO between a sliding window and its reader, by estimate."""
    width = int(slider.get_outstream_width())
    if slides(slider):
        # A whole window waits for the reader while the next one is gathered, unless the reader keeps it itself.
        kept = repeats(reader) and reader.get_nodeattr("groups") == 1
        return estimate.fifo(width, 0 if kept else rounded(_window_words(slider)))
    return estimate.fifo(width, 0 if repeats(reader) or width != reader.get_instream_width() else 2)


Setting = Sequence[tuple[Any, dict[str, int]]]
"""Attributes to set, node by node."""


@dataclass(frozen=True)
class _Folded:
    """A node's cycles an image, its cells, and the widths of its streams' words."""

    cycles: int
    use: Use
    inputs: list[int]
    outputs: list[int]


class Layer:
    """Nodes that are folded together: a unit and the padding and sliding window that feed it, or a node by itself.

    cycles, luts, bram36  of each legal setting
    """

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.nodes = [hardware(node) for node in nodes]
        self.unit = self.nodes[-1]
        self.name = layer_of(nodes[-1]) or nodes[-1].name
        self.inputs = [name for index, name in enumerate(nodes[0].input) if self.nodes[0].get_instream_width(index)]
        self.outputs = list(nodes[-1].output)
        self._settings_known = list(self._settings())
        self._folded: dict[Any, _Folded] = {}
        measured = [self._measure(setting) for setting in self._settings_known]
        self.cycles = np.array([cycles for cycles, _, _ in measured], dtype=np.int64)
        self.luts = np.array([use.lut for _, use, _ in measured], dtype=np.float64)
        self.bram36 = np.array([use.bram36 for _, use, _ in measured], dtype=np.float64)
        self._ends = [ends for _, _, ends in measured]

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
        if op_of(self.unit.onnx_node) == "WrapMVU" and self.unit.get_nodeattr("groups") > 1:
            return "It takes its groups of channels in turn: use fewer groups or fewer pixels, or a lower FPS="
        slowest = max(self.nodes, key=cycles)
        return (
            f"Its {op_of(slowest.onnx_node)} takes at most a word (here a whole pixel or vector) a cycle: use fewer "
            "pixels (stride, pooling), or a lower FPS="
        )

    def _measure(self, setting: Setting) -> tuple[int, Use, tuple[list[int], list[int]]]:
        """Cycles; cells, those between the nodes too; the widths of words in and out."""
        _apply(setting)
        changed: dict[str, dict[str, int]] = {}
        for node, values in setting:
            changed.setdefault(node.onnx_node.name, {}).update(values)
        folded = [self._fold(node, tuple(changed.get(node.onnx_node.name, {}).items())) for node in self.nodes]
        use = Use()
        for one in folded:
            use.add(one.use)
        for (node, reader), (one, other) in zip(
            itertools.pairwise(self.nodes), itertools.pairwise(folded), strict=True
        ):
            use.add(estimate.converter(one.outputs[0], other.inputs[0]))
            if op_of(node.onnx_node) == "ConvolutionInputGenerator":
                use.add(_queue(node, reader))
        return max(one.cycles for one in folded), use, (folded[0].inputs, folded[-1].outputs)

    def _fold(self, node: Any, values: tuple[tuple[str, int], ...]) -> "_Folded":
        """A node by itself, which has these attributes now."""
        key = (node.onnx_node.name, values)
        if key not in self._folded:
            inputs = [int(node.get_instream_width(index)) for index, _ in enumerate(node.onnx_node.input)]
            outputs = [int(node.get_outstream_width(index)) for index, _ in enumerate(node.onnx_node.output)]
            streams = [width for width in inputs if width]
            self._folded[key] = _Folded(cycles(node), estimate.node(node), streams, outputs)
        return self._folded[key]

    def _settings(self) -> Iterator[Setting]:
        unit, before = self.unit, self.nodes[:-1]
        op = op_of(unit.onnx_node)
        if op == "WrapMVU" and (groups := unit.get_nodeattr("groups")) > 1:
            columns = divisors(unit.get_nodeattr("MW") // unit.get_nodeattr("Kernel"))
            for simd, pe in itertools.product(columns, divisors(unit.get_nodeattr("MH") // groups)):
                yield [(unit, {"PE": pe, "SIMD": simd}), *((node, {"SIMD": simd}) for node in before)]
        elif op == "WrapMVU":
            slider = next((node for node in before if op_of(node.onnx_node) == "ConvolutionInputGenerator"), None)
            channels = before[0].get_folded_input_shape()[-1] * before[0].get_folded_input_shape()[-2] if before else 0
            columns, rows = divisors(unit.get_nodeattr("MW")), divisors(unit.get_nodeattr("MH"))
            serial = [(slider, {"parallel_window": 0})] if slider else []
            # What is before the unit may write narrower words than it takes, unless the unit would wait for them.
            for simd, pe in itertools.product(columns, rows):
                for part in divisors(math.gcd(simd, channels)) if before else [simd]:
                    if simd * pe <= part * rows[-1]:
                        yield [(unit, {"PE": pe, "SIMD": simd}), *((node, {"SIMD": part}) for node in before), *serial]
            if slider is None:
                return
            # A window a cycle: the sliding window takes whole pixels, the unit any part of a window.
            for simd, pe in itertools.product(columns, rows):
                if simd > channels:
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


def _window_words(inst: Any) -> int:
    """Words of one window."""
    return (
        int(np.prod(inst.get_nodeattr("ConvKernelDim"))) * inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")
    )


def layers(model: Any) -> Iterator[Layer]:
    """The units in graph order, each with the padding and sliding window before it."""
    waiting: list[Any] = []
    for node in model.graph.node:
        if op_of(node) in ("FMPadding", "ConvolutionInputGenerator"):
            waiting.append(node)
            follower = model.find_direct_successors(node)
            if follower and len(follower) == 1 and op_of(follower[0]) in (*_MAXIMA_AND_DEPTHWISE, *_FED):
                continue
        else:
            waiting.append(node)
        yield Layer(waiting)
        waiting = []
