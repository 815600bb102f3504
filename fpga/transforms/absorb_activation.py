# SPDX-License-Identifier: BSD-3-Clause
"""AbsorbActivation: integers -> batch norm, ReLU, ... -> quantiser becomes one WrapActivation and a scale.

The float32 chain is a monotone staircase over integers. Its steps are found by executing the chain itself, so the
thresholds are exact whatever the rounding in the chain.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from chain.integers import half
from fpga import rtl_memory
from fpga.ops._base import unsigned
from fpga.transforms._chain import ELEMENTWISE, evaluate, quantiser, variable
from fpga.transforms._graph import (
    TO_NCHW,
    TO_NHWC,
    attribute,
    hardware,
    new_node_name,
    new_tensor,
    only_consumer,
    refuse,
    replace,
    set_attribute,
    shape_of,
    transpose,
)
from fpga.transforms._rewrite import Rewrite

ENUMERATED_BITS = 14
EXACT = 1 << 24
"""float32 holds every integer up to here; the sums of a network are below it."""

Levels = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]
"""From integers [V, C] to the quantiser's levels [V, C]."""


@dataclass(frozen=True)
class Chain:
    """`nodes` lead from the integers in `start` to a Quant; `accumulator` made them, if it is a WrapAccumulator."""

    start: str
    nodes: tuple[NodeProto, ...]
    accumulator: NodeProto | None
    bits: int
    scale: float


class AbsorbActivation(Rewrite):
    """Integers -> elementwise operations with constants -> Quant, to WrapActivation -> Mul by the scale."""

    def match(self, model: ModelWrapper, node: NodeProto) -> Chain | None:
        if node.op_type != "Quant" or model.get_initializer(node.input[0]) is not None:
            return None
        nodes = [node]
        name = node.input[0]
        while True:
            above = model.find_producer(name)
            if above is None or above.op_type not in ELEMENTWISE or only_consumer(model, name) is None:
                break
            source = variable(model, above)
            if source is None:
                break
            nodes.insert(0, above)
            name = source
        accumulator = above if above is not None and above.op_type == "WrapAccumulator" else None
        if accumulator is None and not model.get_tensor_datatype(name).is_integer():
            return None
        if accumulator is not None and attribute(accumulator, "fold", 0) and only_consumer(model, name) is None:
            return None
        bits, scale = quantiser(model, node)
        return Chain(name, tuple(nodes), accumulator, bits, scale)

    def rewrite(self, model: ModelWrapper, found: Chain) -> None:
        shape = shape_of(model, found.start)
        last = found.nodes[-1]
        if len(shape) not in (2, 4):
            refuse(last, f"its input has {len(shape)} axes", "the toolkit maps [N, C] and [N, C, H, W]")
        tail = (1,) * (len(shape) - 2)

        def levels(x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
            y = evaluate(model, found.nodes, x.astype(np.float32).reshape(*x.shape, *tail), found.scale)
            if y.shape != (*x.shape, *tail):
                refuse(last, "a constant before it varies over pixels", "use one value a channel")
            return y.reshape(x.shape)

        if found.accumulator is not None:
            bits, fold = attribute(found.accumulator, "bits"), attribute(found.accumulator, "fold", 0)
            layer, kind = found.accumulator.name, f"INT{bits}"
            low, high = domain(bits, fold)
        else:
            datatype = model.get_tensor_datatype(found.start)
            layer, kind, fold = last.name, datatype.name, 0
            low, high = int(datatype.min()), int(datatype.max())
            if _identity(levels, low, high, shape[1]):
                self._replace(model, found, found.start, [])
                return
        steps = staircase(levels, low, high, shape[1], found.bits, last)
        if (steps.thresholds == steps.thresholds[:1]).all() and (steps.flip == steps.flip[:1]).all():
            steps = rtl_memory.Staircase(steps.thresholds[:1], steps.flip[:1])
        self._insert(model, found, steps, layer, kind, fold)

    def _insert(
        self, model: ModelWrapper, found: Chain, steps: rtl_memory.Staircase, layer: str, kind: str, fold: int
    ) -> None:
        """WrapActivation between transposes, if the tensor has pixels, in front of the scale."""
        if found.accumulator is not None:
            set_attribute(found.accumulator, "fold", 0)
            model.set_tensor_datatype(found.start, DataType[kind])
        nodes, source = [], found.start
        pixels = len(shape_of(model, source)) == 4
        if pixels:
            node, source = transpose(model, source, TO_NHWC)
            nodes.append(node)
        shape = shape_of(model, source)
        thresholds = new_tensor(model, f"{layer}.thresholds", [], value=steps.thresholds.astype(np.int64))
        flips = new_tensor(model, f"{layer}.flips", [], value=steps.flip.astype(np.int64))
        output = new_tensor(model, f"{layer}.act", shape, unsigned(found.bits))
        nodes.append(
            hardware(
                model,
                "WrapActivation",
                [source, thresholds, flips],
                [output],
                layer=layer,
                inputDataType=kind,
                shape=shape,
                outBits=found.bits,
                thresholdBits=steps.bits,
                rows=len(steps.flip),
                fold=fold,
            )
        )
        if pixels:
            node, output = transpose(model, output, TO_NCHW)
            nodes.append(node)
        self._replace(model, found, output, nodes)

    @staticmethod
    def _replace(model: ModelWrapper, found: Chain, source: str, nodes: list[NodeProto]) -> None:
        """`nodes`, then the scale, in the place of the chain."""
        factor = new_tensor(model, f"{found.nodes[-1].name}.level", [], value=np.array(found.scale, dtype=np.float32))
        name = new_node_name(model, f"{found.nodes[-1].name}.scale")
        scale = helper.make_node("Mul", [source, factor], [found.nodes[-1].output[0]], name=name)
        replace(model, found.nodes, [*nodes, scale])


def domain(bits: int, fold: int) -> tuple[int, int]:
    """The least and the greatest value of an accumulator after its fold, as far as float32 can tell them apart.

    >>> domain(8, 3), domain(8, 0)
    ((-96, 96), (-128, 127))
    """
    h = half(bits)
    if fold:
        top = fold * h // (fold + 1)
        return -top, top
    return max(-h, -EXACT), min(h - 1, EXACT)


def staircase(levels: Levels, low: int, high: int, channels: int, bits: int, node: NodeProto) -> rtl_memory.Staircase:
    """Thresholds of `levels` over [low, high]: every value is tried, or each step found by bisection if there are many.

    Bisection rests on the chain being monotone, which its operations are (all are, rounding included); a sample is
    checked nevertheless. Raises UnsupportedError naming `node` if a channel both rises and falls.
    """
    if high - low < 1 << ENUMERATED_BITS:
        values = np.repeat(np.arange(low, high + 1)[:, None], channels, axis=1)
        table = levels(values)
        _check_monotone(table, node)
        return rtl_memory.staircase(np.ascontiguousarray(table.T), low, bits)
    sample = np.unique(np.linspace(low, high, 4097).round().astype(np.int64))
    _check_monotone(levels(np.repeat(sample[:, None], channels, axis=1)), node)
    ends = levels(np.array([[low] * channels, [high] * channels]))
    flip = ends[1] < ends[0]
    first, last = np.where(flip, -high - 1, low), np.where(flip, -low - 1, high)
    wanted = np.arange(1, 1 << bits)[:, None]
    reached = np.repeat(last[None] + 1, len(wanted), axis=0)  # the least g known to reach the level
    missed = np.repeat(first[None] - 1, len(wanted), axis=0)  # the greatest g known not to
    while (open_ := reached - missed > 1).any():
        middle = np.where(open_, (reached + missed) // 2, np.clip(reached, first, last))
        enough = levels(np.where(flip, ~middle, middle)) >= wanted
        reached = np.where(open_ & enough, middle, reached)
        missed = np.where(open_ & ~enough, middle, missed)
    return rtl_memory.Staircase(reached.T.copy(), flip)


def _check_monotone(table: npt.NDArray[np.int64], node: NodeProto) -> None:
    steps = np.diff(table, axis=0)
    mixed = np.flatnonzero((steps < 0).any(axis=0) & (steps > 0).any(axis=0))
    if mixed.size:
        refuse(node, f"channel {mixed[0]} of the chain before it both rises and falls", "use monotone operations")


def _identity(levels: Levels, low: int, high: int, channels: int) -> bool:
    """Whether the chain gives every integer back, so that no hardware is needed."""
    if high - low >= 1 << ENUMERATED_BITS:
        return False
    values = np.repeat(np.arange(low, high + 1)[:, None], channels, axis=1)
    return bool((levels(values) == values).all())
