# SPDX-License-Identifier: BSD-3-Clause
"""From the graph that torch traces to the form of a model file: constants, names, datatypes."""

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, helper, numpy_helper
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.fold_constants import FoldConstants
from qonnx.transformation.general import GiveUniqueParameterTensors, RemoveUnusedTensors
from qonnx.transformation.infer_shapes import InferShapes

from chain.errors import UnsupportedError
from export.ops.functions import IR_VERSION, embed
from export.ops.runtime import accumulators
from export.tracing import LayerFacts

_PRODUCTS = {"Conv": "conv", "MatMul": "matmul", "Gemm": "gemm"}
_PARAMETERS = {
    "Quant": ("", "scale", "zero_point", "bits"),
    "Conv": ("", "weight", "bias"),
    "MatMul": ("", "weight"),
    "Div": ("", "in_scale"),
    "Mul": ("factor", "factor"),
    "Add": ("offset", "offset"),
    "ReduceSum": ("", "axes"),
}


def tidy(model: ModelProto, facts: dict[str, LayerFacts], maximum: int) -> ModelProto:
    """The traced `model` in the form of a model file; `model` itself is changed.

    `facts` tells of the layers by name; `maximum` is the greatest raw input.

    Raises:
        UnsupportedError: two layers have one name.
    """
    _constants_to_initializers(model)
    model.ir_version = IR_VERSION
    wrapper = ModelWrapper(model).transform(InferShapes()).transform(FoldConstants())
    _remove_no_ops(wrapper)
    _remove_idle_relus(wrapper)
    _reshape_to_flatten(wrapper)
    _explicit_padding(wrapper)
    wrapper = wrapper.transform(GiveUniqueParameterTensors()).transform(RemoveUnusedTensors())
    _name(wrapper)
    _annotate(wrapper, facts, maximum)
    embed(wrapper.model)
    return wrapper.transform(InferShapes()).model


def _constants_to_initializers(model: ModelProto) -> None:
    graph = model.graph
    constants = [n for n in graph.node if n.op_type == "Constant" and n.attribute[0].name == "value"]
    for node in constants:
        array = numpy_helper.to_array(node.attribute[0].t)
        # torch writes a float scalar of its source as double where a computation needs it so
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(array, node.output[0]))
        graph.node.remove(node)


def _remove_no_ops(wrapper: ModelWrapper) -> None:
    """Take out operators that give what they take: Identity, Dropout, and Cast from float32 to float32."""
    graph = wrapper.graph
    outputs = {value.name for value in graph.output}
    for node in [n for n in graph.node if n.op_type in ("Identity", "Dropout", "Cast")]:
        to_float = any(a.name == "to" and a.i == 1 for a in node.attribute)
        if node.op_type == "Cast" and not (to_float and _is_float(wrapper, node.input[0])):
            continue
        if node.input[0] in {i.name for i in graph.initializer}:
            continue
        if node.output[0] in outputs:
            _rename_tensor(wrapper, node.input[0], node.output[0], keep=node)
        else:
            for user in graph.node:
                for index, name in enumerate(user.input):
                    if name == node.output[0]:
                        user.input[index] = node.input[0]
        graph.node.remove(node)


def _is_float(wrapper: ModelWrapper, tensor: str) -> bool:
    info = wrapper.get_tensor_valueinfo(tensor)
    return info is not None and info.type.tensor_type.elem_type == 1


def _remove_idle_relus(wrapper: ModelWrapper) -> None:
    """Take out the ReLU behind a sum pool, whose input is never negative."""
    for node in [n for n in wrapper.graph.node if n.op_type == "Relu"]:
        factor = wrapper.find_producer(node.input[0])
        pool = wrapper.find_producer(factor.input[0]) if factor is not None and factor.op_type == "Mul" else None
        if pool is None or pool.op_type != "ReduceSum":
            continue
        for user in wrapper.find_consumers(node.output[0]):
            user.input[list(user.input).index(node.output[0])] = node.input[0]
        wrapper.graph.node.remove(node)


def _reshape_to_flatten(wrapper: ModelWrapper) -> None:
    """Reshape to [N, everything else] is Flatten, which does not fix the batch."""
    for node in wrapper.graph.node:
        if node.op_type != "Reshape":
            continue
        before, after = wrapper.get_tensor_shape(node.input[0]), wrapper.get_tensor_shape(node.output[0])
        if before and after and len(after) == 2 and before[0] == after[0]:
            flatten = helper.make_node("Flatten", [node.input[0]], list(node.output), name=node.name, axis=1)
            node.CopyFrom(flatten)


def _explicit_padding(wrapper: ModelWrapper) -> None:
    """Write the padding of convolutions as numbers where torch writes SAME_UPPER, for strides of 1, or VALID."""
    for node in wrapper.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        mode = attributes.get("auto_pad", b"NOTSET")
        if node.op_type != "Conv" or mode not in (b"SAME_UPPER", b"VALID"):
            continue
        kernel = wrapper.get_tensor_shape(node.input[1])[2:]
        dilations = attributes.get("dilations", [1] * len(kernel))
        total = [d * (k - 1) * (mode == b"SAME_UPPER") for k, d in zip(kernel, dilations, strict=True)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
        kept = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute("pads", pads)])


def _name(wrapper: ModelWrapper) -> None:
    """Name nodes after the modules they come from, tensors and parameters after their nodes.

    An accumulator bears its layer's name, its output `<layer>.acc`; around it stand `<layer>.div`, `.round` (output
    `<layer>.int`), `.conv` or `.matmul` (output `<layer>.sum`).
    """
    graph = wrapper.graph
    names: dict[int, str] = {}
    results: dict[int, str] = {}
    producers = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        path = _take_path(node)
        if node.op_type == "Quant":
            names[id(node)] = path
            before = producers.get(node.input[0])
            if before is not None and before.op_type == "Relu":
                names[id(before)] = f"{path}.relu"
        if node.op_type != "WrapAccumulator":
            continue
        if path in names.values():
            raise UnsupportedError(f"layer {path!r} is called twice, or shares its name; give each call its own layer")
        names[id(node)], results[id(node)] = path, f"{path}.acc"
        product = producers.get(node.input[0])
        if product is not None and product.op_type in _PRODUCTS:
            names[id(product)], results[id(product)] = f"{path}.{_PRODUCTS[product.op_type]}", f"{path}.sum"
            integers = producers.get(product.input[0])
            if integers is not None and integers.op_type == "Round":
                names[id(integers)], results[id(integers)] = f"{path}.round", f"{path}.int"
                division = producers.get(integers.input[0])
                if division is not None and division.op_type == "Div":
                    names[id(division)] = f"{path}.div"
    taken: set[str] = set()
    outputs = {value.name for value in graph.output}
    for node in graph.node:
        name = _unique(names.get(id(node)) or _scope(node), taken)
        node.name = name
        for index, parameter in enumerate(node.input):
            if wrapper.get_initializer(parameter) is not None:
                labels = _PARAMETERS.get(node.op_type, ())
                label = labels[index] if index < len(labels) and labels[index] else f"input{index}"
                owner = name.rpartition(".")[0] if node.op_type in ("Conv", "MatMul", "Div") else name
                _rename_tensor(wrapper, parameter, f"{owner}.{label}")
        for index, tensor in enumerate(node.output):
            if tensor not in outputs:
                result = results.get(id(node)) or f"{name}.out"
                _rename_tensor(wrapper, tensor, result if index == 0 else f"{result}{index}")


def _take_path(node: NodeProto) -> str:
    """Remove the attribute that tells the node's module; its value."""
    for attribute in node.attribute:
        if attribute.name == "module_path":
            path = attribute.s.decode()
            node.attribute.remove(attribute)
            return path
    return ""


def _scope(node: NodeProto) -> str:
    """The module path and operator in a name that torch gives, such as /block/block.0/Relu: block.0.relu."""
    parts: list[str] = []
    for part in node.name.strip("/").split("/")[:-1]:
        if parts and part.startswith(parts[-1] + "."):
            parts.pop()
        parts.append(part)
    return ".".join([*parts, node.op_type.lower()])


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}.{number}", number + 1
    taken.add(candidate)
    return candidate


def _rename_tensor(wrapper: ModelWrapper, old: str, new: str, keep: NodeProto | None = None) -> None:
    """Rename a tensor everywhere, the node `keep` excepted."""
    if old == new:
        return
    graph = wrapper.graph
    for node in graph.node:
        if node is keep:
            continue
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new
    for value in [*graph.initializer, *graph.value_info]:
        if value.name == old:
            value.name = new


def _annotate(wrapper: ModelWrapper, facts: dict[str, LayerFacts], maximum: int) -> None:
    """Write the integer datatypes of the input, the weights, and each layer's integers, sums and accumulator."""
    types = {wrapper.graph.input[0].name: DataType[f"UINT{max(1, int(maximum).bit_length())}"]}
    for layer, tensor in accumulators(wrapper.model).items():
        node = wrapper.find_producer(tensor)
        bits = next(a.i for a in node.attribute if a.name == "bits")
        types[tensor] = DataType[f"INT{bits}"]
        product, fact = wrapper.find_producer(node.input[0]), facts[layer]
        types[node.input[0]] = DataType[f"INT{fact.sum_bits}"]
        types[product.input[0]] = DataType[f"UINT{fact.input_bits}"]
        types[product.input[1]] = _weight_type(wrapper.get_initializer(product.input[1]), fact.weight_type)
    for tensor, datatype in types.items():
        wrapper.set_tensor_datatype(tensor, datatype)


def _weight_type(weights: npt.NDArray[np.float32], wanted: str) -> BaseDataType:
    """The datatype `wanted`, or the narrowest signed one that holds the weights."""
    datatype = DataType[wanted]
    bits = 2
    while not np.all(datatype.allowed(weights)):
        datatype, bits = DataType[f"INT{bits}"], bits + 1
    return datatype
