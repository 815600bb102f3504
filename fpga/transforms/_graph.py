# SPDX-License-Identifier: BSD-3-Clause
"""What the transformations share: reading constants and attributes, inserting nodes, refusing what cannot be mapped."""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper
from qonnx.core.datatype import BaseDataType
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import UnsupportedError
from fpga.ops import _base

Array = npt.NDArray[Any]

TO_NHWC, TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)
DOMAIN = _base.DOMAIN


def refuse(node: NodeProto, reason: str, way_out: str) -> NoReturn:
    """Raise UnsupportedError for `node`."""
    raise UnsupportedError(f"node {node.name!r} ({node.op_type}): {reason}; {way_out}")


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """The value of an attribute, `default` where it is absent (texts as str)."""
    for found in node.attribute:
        if found.name == name:
            value = helper.get_attribute_value(found)
            return value.decode() if isinstance(value, bytes) else value
    return default


def set_attribute(node: NodeProto, name: str, value: Any) -> None:
    """Set or replace an attribute."""
    for found in node.attribute:
        if found.name == name:
            node.attribute.remove(found)
            break
    node.attribute.append(helper.make_attribute(name, value))


def scalar(model: ModelWrapper, name: str) -> float | None:
    """The one value of the initializer `name` as float32 holds it; None if it is no initializer or has more values."""
    value = model.get_initializer(name)
    if value is None or value.size != 1:
        return None
    return float(np.float32(value.reshape(-1)[0]))


def shape_of(model: ModelWrapper, name: str) -> list[int]:
    """A tensor's shape; the graph always knows it."""
    shape = model.get_tensor_shape(name)
    if shape is None:
        raise UnsupportedError(f"tensor {name!r} has no known shape; give the network's input a fixed shape")
    return [int(size) for size in shape]


def new_tensor(
    model: ModelWrapper,
    base: str,
    shape: Sequence[int],
    datatype: BaseDataType | None = None,
    value: Array | None = None,
) -> str:
    """A tensor of a name that is not taken, beginning with `base`; an initializer if `value` is given."""
    taken = set(model.get_all_tensor_names())
    name, count = base, 0
    while name in taken:
        count += 1
        name = f"{base}.{count}"
    if value is not None:
        model.set_initializer(name, value)
    else:
        model.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
    if datatype is not None:
        model.set_tensor_datatype(name, datatype)
    return name


def new_node_name(model: ModelWrapper, base: str) -> str:
    """A node name that is not taken, beginning with `base`."""
    taken = {node.name for node in model.graph.node}
    name, count = base, 0
    while name in taken:
        count += 1
        name = f"{base}.{count}"
    return name


def hardware(
    model: ModelWrapper, op_type: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
) -> NodeProto:
    """A node of FINN's dataflow domain, named after its layer; an empty list is an attribute left out."""
    base = f"{attributes['layer']}.{op_type}" if attributes.get("layer") else op_type
    return helper.make_node(
        op_type,
        list(inputs),
        list(outputs),
        name=new_node_name(model, base),
        domain=DOMAIN,
        backend="fpgadataflow",
        **{key: value for key, value in attributes.items() if value != []},
    )


def transpose(
    model: ModelWrapper, source: str, perm: Sequence[int], target: str | None = None
) -> tuple[NodeProto, str]:
    """A Transpose of `source`, into `target` or a new tensor of the same datatype; the node and its output."""
    shape = [shape_of(model, source)[axis] for axis in perm]
    base = f"{source}.{'nhwc' if tuple(perm) == TO_NHWC else 'nchw'}"
    output = target or new_tensor(model, base, shape, model.get_tensor_datatype(source))
    node = helper.make_node(
        "Transpose", [source], [output], name=new_node_name(model, f"{output}.transpose"), perm=perm
    )
    return node, output


def replace(model: ModelWrapper, old: Iterable[NodeProto], new: Sequence[NodeProto]) -> None:
    """Put `new`, in order, in the place of the last of `old`."""
    gone = {node.name for node in old}
    nodes = model.graph.node
    at = max(index for index, node in enumerate(nodes) if node.name in gone)
    for offset, node in enumerate(new):
        nodes.insert(at + 1 + offset, node)
    for node in [node for node in nodes[: at + 1] if node.name in gone]:
        nodes.remove(node)


def rewire(model: ModelWrapper, old: str, new: str) -> None:
    """Let every reader of the tensor `old` read `new`."""
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            if name == old:
                node.input[index] = new


def is_output(model: ModelWrapper, name: str) -> bool:
    """Whether a tensor is an output of the graph."""
    return name in [output.name for output in model.graph.output]


def only_consumer(model: ModelWrapper, name: str) -> NodeProto | None:
    """The single reader of a tensor that is no output of the graph, or None."""
    readers = model.find_consumers(name)
    return readers[0] if len(readers) == 1 and not is_output(model, name) else None


def drop_dead(model: ModelWrapper) -> None:
    """Remove nodes that lead nowhere."""
    used = {output.name for output in model.graph.output}
    dead = []
    for node in reversed(model.graph.node):
        if used.isdisjoint(node.output):
            dead.append(node)
        else:
            used.update(node.input)
    for node in dead:
        model.graph.node.remove(node)


def is_unsigned(model: ModelWrapper, name: str) -> bool:
    """Whether a tensor is known to hold unsigned integers."""
    kind = model.get_tensor_datatype(name)
    return kind.is_integer() and not kind.signed()
