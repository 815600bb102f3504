# SPDX-License-Identifier: BSD-3-Clause
"""Max pooling, global sums, residual sums and a last fold, each to its hardware op."""

from onnx import NodeProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from fpga.ops._base import unsigned
from fpga.transforms._graph import (
    TO_NCHW,
    TO_NHWC,
    attribute,
    hardware,
    is_unsigned,
    new_tensor,
    refuse,
    replace,
    set_attribute,
    shape_of,
    transpose,
)
from fpga.transforms._rewrite import Rewrite
from fpga.transforms._window import Window, window


class ConvertMaxPool(Rewrite):
    """MaxPool on unsigned integers to PoolMax where its windows tile the image, else to a sliding window and WindowMax.

    Padding may be zeros, the least value.
    """

    def match(self, model: ModelWrapper, node: NodeProto) -> tuple[NodeProto, Window] | None:
        if node.op_type != "MaxPool" or not is_unsigned(model, node.input[0]):
            return None
        if len(node.output) > 1:
            refuse(node, "it also gives the indices of the maxima", "use the values only")
        return node, window(model, node, attribute(node, "kernel_shape"))

    def rewrite(self, model: ModelWrapper, found: tuple[NodeProto, Window]) -> None:
        node, place = found
        channels = shape_of(model, node.input[0])[1]
        kind = model.get_tensor_datatype(node.input[0])
        first, source = transpose(model, node.input[0], TO_NHWC)
        before, source = place.insert(model, source, node.name, depthwise=True, sliding=not place.tiles)
        target = new_tensor(model, f"{node.name}.max", [1, *place.output, channels], kind)
        common = {"layer": node.name, "inputDataType": kind.name}
        if place.tiles:
            shape = [1, *place.padded, channels]
            unit = hardware(model, "PoolMax", [source], [target], shape=shape, kernel=list(place.kernel), **common)
        else:
            unit = hardware(
                model,
                "WindowMax",
                [source],
                [target],
                Channels=channels,
                Kernel=place.kernel[0] * place.kernel[1],
                vectors=list(place.output),
                **common,
            )
        last, _ = transpose(model, target, TO_NCHW, node.output[0])
        model.set_tensor_datatype(node.output[0], kind)
        replace(model, [node], [first, *before, unit, last])


class ConvertReduceSum(Rewrite):
    """ReduceSum over all pixels of unsigned integers to WindowSum."""

    def match(self, model: ModelWrapper, node: NodeProto) -> NodeProto | None:
        if node.op_type != "ReduceSum" or not is_unsigned(model, node.input[0]):
            return None
        axes = attribute(node, "axes")
        if axes is None and len(node.input) > 1:
            axes = model.get_initializer(node.input[1])
        rank = len(shape_of(model, node.input[0]))
        if rank != 4 or axes is None or sorted(int(axis) % rank for axis in axes) != [2, 3]:
            refuse(node, "it does not sum over the axes 2 and 3 of an image", "pool globally")
        if not attribute(node, "keepdims", 1):
            refuse(node, "it drops the axes it sums over", "export it with keepdims=1")
        return node

    def rewrite(self, model: ModelWrapper, found: NodeProto) -> None:
        node, kind = found, model.get_tensor_datatype(found.input[0])
        first, source = transpose(model, node.input[0], TO_NHWC)
        _, height, width, channels = shape = shape_of(model, source)
        bits = (height * width * int(kind.max())).bit_length()
        target = new_tensor(model, f"{node.name}.total", [1, 1, 1, channels], unsigned(bits))
        unit = hardware(
            model,
            "WindowSum",
            [source],
            [target],
            layer=node.name,
            inputDataType=kind.name,
            shape=shape,
            outBits=bits,
        )
        last, _ = transpose(model, target, TO_NCHW, node.output[0])
        model.set_tensor_datatype(node.output[0], unsigned(bits))
        replace(model, [node], [first, unit, last])


class ConvertAdd(Rewrite):
    """Add of two tensors of unsigned integers to StreamAdd."""

    def match(self, model: ModelWrapper, node: NodeProto) -> NodeProto | None:
        if node.op_type != "Add" or any(model.get_initializer(name) is not None for name in node.input):
            return None
        return node if all(is_unsigned(model, name) for name in node.input) else None

    def rewrite(self, model: ModelWrapper, found: NodeProto) -> None:
        node, nodes, sources = found, [], list(found.input)
        kinds = [model.get_tensor_datatype(name) for name in sources]
        bits = sum(int(kind.max()) for kind in kinds).bit_length()
        pixels = len(shape_of(model, sources[0])) == 4
        target = node.output[0]
        if pixels:
            for index, name in enumerate(sources):
                first, sources[index] = transpose(model, name, TO_NHWC)
                nodes.append(first)
            target = new_tensor(model, f"{node.name}.total", shape_of(model, sources[0]), unsigned(bits))
        nodes.append(
            hardware(
                model,
                "StreamAdd",
                sources,
                [target],
                layer=node.name,
                inputDataType=kinds[0].name,
                inputDataType1=kinds[1].name,
                shape=shape_of(model, sources[0]),
                outBits=bits,
            )
        )
        if pixels:
            nodes.append(transpose(model, target, TO_NCHW, node.output[0])[0])
        model.set_tensor_datatype(node.output[0], unsigned(bits))
        replace(model, [node], nodes)


class ConvertFold(Rewrite):
    """A fold that no activation has absorbed, that of the last layer: WrapAccumulator without it, then WrapFold."""

    def match(self, model: ModelWrapper, node: NodeProto) -> NodeProto | None:
        return node if node.op_type == "WrapAccumulator" and attribute(node, "fold", 0) else None

    def rewrite(self, model: ModelWrapper, found: NodeProto) -> None:
        output, fold = found.output[0], attribute(found, "fold")
        kind = f"INT{attribute(found, 'bits')}"
        plain = NodeProto()
        plain.CopyFrom(found)
        set_attribute(plain, "fold", 0)
        plain.output[0] = source = new_tensor(model, f"{found.name}.wrapped", shape_of(model, output))
        nodes, target = [plain], output
        if pixels := len(shape_of(model, output)) == 4:
            first, source = transpose(model, source, TO_NHWC)
            nodes.append(first)
            target = new_tensor(model, f"{found.name}.folded", shape_of(model, source))
        shape = shape_of(model, source)
        nodes.append(
            hardware(
                model, "WrapFold", [source], [target], layer=found.name, inputDataType=kind, shape=shape, fold=fold
            )
        )
        if pixels:
            nodes.append(transpose(model, target, TO_NCHW, output)[0])
        replace(model, [found], nodes)
        for name in (plain.output[0], source, target, output):
            model.set_tensor_datatype(name, DataType[kind])
