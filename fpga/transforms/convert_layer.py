# SPDX-License-Identifier: BSD-3-Clause
"""ConvertConv and ConvertMatMul: products and their accumulator become a matrix-vector unit, and what feeds it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper

from fpga.ops._base import signed
from fpga.transforms._graph import (
    TO_NCHW,
    TO_NHWC,
    attribute,
    hardware,
    is_unsigned,
    new_tensor,
    only_consumer,
    refuse,
    replace,
    shape_of,
    transpose,
)
from fpga.transforms._rewrite import Rewrite
from fpga.transforms._window import Window, window

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Layer:
    """A Conv or MatMul (`product`) of unsigned integers with integer `weights`, and its accumulator without a fold."""

    product: NodeProto
    accumulator: NodeProto
    weights: Array


def layer(model: ModelWrapper, node: NodeProto, op_type: str) -> Layer | None:
    """`node`, a WrapAccumulator that does not fold, with the `op_type` before it, once the inputs are integers."""
    if node.op_type != "WrapAccumulator" or attribute(node, "fold", 0):
        return None
    product = model.find_producer(node.input[0])
    if product is None or product.op_type != op_type or not is_unsigned(model, product.input[0]):
        return None
    weights = model.get_initializer(product.input[1])
    if weights is None:
        refuse(product, "its weights are not constant", "export the trained weights as an initializer")
    if not np.array_equal(weights, np.rint(weights)):
        refuse(
            product, "its weights are not integers", "export integer weights (the scales belong behind the accumulator)"
        )
    if only_consumer(model, product.output[0]) is None:
        refuse(product, "its sums have readers besides the accumulator", "read the accumulator's output")
    return Layer(product, node, weights)


def weight_type(weights: Array) -> BaseDataType:
    """The narrowest type that holds the weights: BIPOLAR, TERNARY or INT<n>."""
    values = np.unique(weights)
    if np.isin(values, (-1, 1)).all():
        return DataType["BIPOLAR"]
    if np.isin(values, (-1, 0, 1)).all():
        return DataType["TERNARY"]
    bits = 2
    while values[0] < -(1 << (bits - 1)) or values[-1] > (1 << (bits - 1)) - 1:
        bits += 1
    return signed(bits)


def fold_after(model: ModelWrapper, name: str) -> int:
    """The fold that the reader of an accumulator applies to it."""
    reader = only_consumer(model, name)
    while reader is not None and reader.op_type == "Transpose":
        reader = only_consumer(model, reader.output[0])
    return (
        attribute(reader, "fold", 0) if reader is not None and reader.op_type in ("WrapActivation", "WrapFold") else 0
    )


class ConvertConv(Rewrite):
    """Conv -> WrapAccumulator to padding, sliding window and WrapMVU, or WrapVVU where it is depthwise.

    Both units of a grouped convolution take windows group by group, as a depthwise sliding window gives them.
    """

    def match(self, model: ModelWrapper, node: NodeProto) -> tuple[Layer, Window] | None:
        found = layer(model, node, "Conv")
        if found is None:
            return None
        if len(found.product.input) > 2 and found.product.input[2]:
            refuse(found.product, "it has a bias", "put the bias behind the accumulator (batch norm)")
        groups, outputs = attribute(found.product, "group", 1), len(found.weights)
        if groups < 1 or outputs % groups:
            refuse(
                found.product, f"it has {outputs} output channels in {groups} groups", "use a divisor of the channels"
            )
        return found, window(model, found.product, found.weights.shape[2:])

    def rewrite(self, model: ModelWrapper, found: tuple[Layer, Window]) -> None:
        conv, place = found
        name, weights, groups = conv.accumulator.name, conv.weights, attribute(conv.product, "group", 1)
        first, source = transpose(model, conv.product.input[0], TO_NHWC)
        whole = groups == 1 and place.covers_image
        before, source = place.insert(model, source, name, depthwise=groups > 1, sliding=not whole)
        outputs, per_group, *kernel = weights.shape
        shape = [1, *place.output, outputs]
        target = new_tensor(model, f"{name}.sum", shape, signed(attribute(conv.accumulator, "bits")))
        matrix = weights.transpose(2, 3, 1, 0).reshape(-1, outputs)
        taps, vectors = int(np.prod(kernel)), list(place.output)
        if groups > 1 and groups == outputs and per_group == 1:
            unit = weighted(model, conv, "WrapVVU", source, target, matrix, vectors, Channels=outputs, Kernel=taps)
        else:
            unit = mvu(model, conv, source, target, matrix, vectors, groups=groups, Kernel=taps)
        last, _ = transpose(model, target, TO_NCHW, conv.accumulator.output[0])
        replace(model, [conv.product, conv.accumulator], [first, *before, unit, last])


class ConvertMatMul(Rewrite):
    """MatMul -> WrapAccumulator to WrapMVU. A Flatten before it goes: its order is in the weights' rows."""

    def match(self, model: ModelWrapper, node: NodeProto) -> Layer | None:
        found = layer(model, node, "MatMul")
        if found is None:
            return None
        if len(shape_of(model, found.product.input[0])) != 2 or found.weights.ndim != 2:
            refuse(
                found.product, "it is no product of [1, features] with [features, outputs]", "flatten its input first"
            )
        return found

    def rewrite(self, model: ModelWrapper, found: Layer) -> None:
        source, matrix, nodes = found.product.input[0], found.weights, []
        flatten = model.find_producer(source)
        if flatten is not None and flatten.op_type == "Flatten":
            shape = shape_of(model, flatten.input[0])
            if len(shape) == 4 and attribute(flatten, "axis", 1) == 1:
                first, source = transpose(model, flatten.input[0], TO_NHWC)
                nodes.append(first)
                matrix = matrix.reshape(*shape[1:], -1).transpose(1, 2, 0, 3).reshape(matrix.shape)
        nodes.append(mvu(model, found, source, found.accumulator.output[0], matrix, []))
        model.set_tensor_datatype(found.accumulator.output[0], signed(attribute(found.accumulator, "bits")))
        replace(model, [found.product, found.accumulator], nodes)


def mvu(
    model: ModelWrapper,
    found: Layer,
    source: str,
    target: str,
    matrix: Array,
    vectors: list[int],
    **sizes: int,
) -> NodeProto:
    """A WrapMVU of `matrix` [MW, MH] from `source` to `target`."""
    rows, columns = matrix.shape
    shape = shape_of(model, source)
    return weighted(
        model, found, "WrapMVU", source, target, matrix, vectors, MW=rows, MH=columns, inputShape=shape, **sizes
    )


def weighted(
    model: ModelWrapper,
    found: Layer,
    op_type: str,
    source: str,
    target: str,
    matrix: Array,
    vectors: list[int],
    **sizes: int | list[int],
) -> NodeProto:
    """A node of the op `op_type` with the weights `matrix` [terms, channels], from `source` to `target`."""
    name, kind = found.accumulator.name, weight_type(matrix)
    return hardware(
        model,
        op_type,
        [source, new_tensor(model, f"{name}.weights", [], kind, matrix.astype(np.float32))],
        [target],
        layer=name,
        inputDataType=model.get_tensor_datatype(source).name,
        accumulatorBits=attribute(found.accumulator, "bits"),
        fold=fold_after(model, found.accumulator.output[0]),
        weightDataType=kind.name,
        vectors=vectors,
        **sizes,
    )
