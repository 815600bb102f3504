# SPDX-License-Identifier: BSD-3-Clause
"""MoveScale and RemoveScale: the quantiser's scale travels to the next layer, which divides by it; both then vanish."""

from dataclasses import dataclass

import numpy as np
from onnx import NodeProto
from qonnx.core.datatype import BaseDataType
from qonnx.core.modelwrapper import ModelWrapper

from fpga.ops._base import unsigned
from fpga.transforms._chain import variable
from fpga.transforms._graph import (
    is_output,
    is_unsigned,
    new_node_name,
    new_tensor,
    refuse,
    replace,
    rewire,
    scalar,
    shape_of,
)
from fpga.transforms._rewrite import Rewrite

INDIFFERENT = ("MaxPool", "Flatten", "Transpose")
"""Operations that commute with a positive factor, bit for bit."""


@dataclass(frozen=True)
class Scale:
    """A Mul of the integers `source` by the positive constant `factor`."""

    node: NodeProto
    source: str
    factor: float
    datatype: BaseDataType


def scale_of(model: ModelWrapper, node: NodeProto | None) -> Scale | None:
    """`node` as a scale on unsigned integers, or None."""
    if node is None or node.op_type != "Mul":
        return None
    source = variable(model, node)
    if source is None or not is_unsigned(model, source):
        return None
    factor = scalar(model, next(name for name in node.input if name != source))
    if factor is None or not factor > 0:
        return None
    return Scale(node, source, factor, model.get_tensor_datatype(source))


def _times(model: ModelWrapper, source: str, factor: float, output: str) -> NodeProto:
    """A Mul of `source` by `factor` into `output`."""
    node = NodeProto(op_type="Mul", name=new_node_name(model, f"{output}.scale"), output=[output])
    node.input.extend([source, new_tensor(model, f"{output}.level", [], value=np.array(factor, dtype=np.float32))])
    return node


class SplitScale(Rewrite):
    """A scale with several readers: one scale each, so that each can travel by itself."""

    def match(self, model: ModelWrapper, node: NodeProto) -> Scale | None:
        found = scale_of(model, node)
        if found is None or is_output(model, node.output[0]) or len(model.find_consumers(node.output[0])) < 2:
            return None
        return found

    def rewrite(self, model: ModelWrapper, found: Scale) -> None:
        output = found.node.output[0]
        shape = shape_of(model, output)
        new = [found.node]
        for reader in list(model.find_consumers(output))[1:]:
            for index, name in enumerate(reader.input):
                if name == output:
                    own = new_tensor(model, output, shape)
                    new.append(_times(model, found.source, found.factor, own))
                    reader.input[index] = own
        at = list(model.graph.node).index(found.node)
        for offset, node in enumerate(new[1:]):
            model.graph.node.insert(at + 1 + offset, node)


class MoveScale(Rewrite):
    """Scale, then an operation that does not mind it: the operation on integers, then the scale."""

    def match(self, model: ModelWrapper, node: NodeProto) -> tuple[Scale, NodeProto] | None:
        if node.op_type not in INDIFFERENT or is_output(model, node.input[0]):
            return None
        found = scale_of(model, model.find_producer(node.input[0]))
        return None if found is None else (found, node)

    def rewrite(self, model: ModelWrapper, found: tuple[Scale, NodeProto]) -> None:
        scale, node = found
        output = node.output[0]
        moved = NodeProto()
        moved.CopyFrom(node)
        moved.input[0] = scale.source
        moved.output[0] = new_tensor(model, f"{output}.int", shape_of(model, output), scale.datatype)
        replace(model, [node], [moved, _times(model, moved.output[0], scale.factor, output)])


class MoveScaleAdd(Rewrite):
    """The sum of two tensors of one scale: the sum of the integers, then the scale. Other sums are refused."""

    def match(self, model: ModelWrapper, node: NodeProto) -> tuple[Scale, Scale, NodeProto] | None:
        if node.op_type != "Add" or any(model.get_initializer(name) is not None for name in node.input):
            return None
        scales = [scale_of(model, model.find_producer(name)) for name in node.input]
        if scales[0] is None or scales[1] is None:
            return None
        first, second = scales[0], scales[1]
        if first.factor != second.factor:
            refuse(
                node,
                f"its inputs have the scales {first.factor:g} and {second.factor:g}",
                "let both branches end in one shared activation quantiser (training.layers.QuantAdd)",
            )
        if shape_of(model, node.input[0]) != shape_of(model, node.input[1]):
            refuse(node, "its inputs differ in shape", "add tensors of one shape")
        readers = model.find_consumers(node.output[0])
        if not _sums_exactly(first, second) and any(reader.op_type not in (*INDIFFERENT, "Div") for reader in readers):
            refuse(
                node,
                "the float sum of its inputs is not the scaled sum of their integers, and its reader would notice",
                "use a scale that is a power of two, or let a layer follow that divides by the scale",
            )
        return first, second, node

    def rewrite(self, model: ModelWrapper, found: tuple[Scale, Scale, NodeProto]) -> None:
        first, second, node = found
        output = node.output[0]
        top = int(first.datatype.max()) + int(second.datatype.max())
        total = new_tensor(model, f"{output}.int", shape_of(model, output), unsigned(top.bit_length()))
        moved = NodeProto(op_type="Add", name=node.name, input=[first.source, second.source], output=[total])
        replace(model, [node], [moved, _times(model, total, first.factor, output)])


def _sums_exactly(first: Scale, second: Scale) -> bool:
    """Whether s*a + s*b and s*(a+b) are one float32 for all integers of both types."""
    s = np.float32(first.factor)
    a = np.arange(int(first.datatype.max()) + 1, dtype=np.float32)[:, None]
    b = np.arange(int(second.datatype.max()) + 1, dtype=np.float32)
    return bool((s * a + s * b == s * (a + b)).all())


class RemoveScale(Rewrite):
    """Scale -> Div by the same -> Round is the identity on the integers, which is checked for each of them."""

    def match(self, model: ModelWrapper, node: NodeProto) -> tuple[Scale, NodeProto] | None:
        if node.op_type != "Round":
            return None
        div = model.find_producer(node.input[0])
        if div is None or div.op_type != "Div":
            return None
        found = scale_of(model, model.find_producer(div.input[0]))
        if found is None:
            return None
        divisor = scalar(model, div.input[1])
        q = np.arange(int(found.datatype.max()) + 1, dtype=np.float32)
        if divisor is None or not (np.abs(q * np.float32(found.factor) / np.float32(divisor) - q) < 0.25).all():
            given = "no constant" if divisor is None else f"{divisor:.9g}"
            refuse(
                div,
                f"it divides by {given}, but the quantiser before it has the scale {found.factor:.9g}",
                "a layer must take its input's own scale",
            )
        if is_output(model, node.output[0]):
            refuse(node, "the network ends in an activation", "end it in a layer with an accumulator")
        return found, node

    def rewrite(self, model: ModelWrapper, found: tuple[Scale, NodeProto]) -> None:
        scale, node = found
        rewire(model, node.output[0], scale.source)
