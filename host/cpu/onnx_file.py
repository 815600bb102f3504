# SPDX-License-Identifier: BSD-3-Clause
"""What is read of an .onnx file. The only file of host/ that needs the onnx package: a board gets the bundle."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from host.errors import ModelFileError

if TYPE_CHECKING:
    from onnx import ModelProto as Model
    from onnx import NodeProto as Node
    from onnx import TensorProto
else:
    Model = Node = Any

Array = npt.NDArray[np.generic]

_KINDS = {
    **dict.fromkeys(("kernel_shape", "strides", "pads", "dilations", "axes"), "INTS"),
    **dict.fromkeys(("auto_pad", "rounding_mode"), "STRING"),
    **dict.fromkeys(("min", "max"), "FLOAT"),
}
"""The ONNX types of attributes that are no INT."""


def parse(content: bytes) -> Model:
    """The model in a file's content. ModelFileError if it holds none, or the onnx package is not installed."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise ModelFileError(
            "reading .onnx takes the onnx package: pip install onnx, or make a bundle where it is installed "
            "(python -m host cpu --bundle model.npz model.onnx)"
        ) from None
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ModelFileError(f"not an ONNX file, or a damaged one: {error}") from None
    damaged = next((name for name in _names(model) if not isinstance(name, str)), None)
    if damaged is not None:  # protobuf gives bytes for a text that is not UTF-8
        raise ModelFileError(f"a damaged ONNX file: the name {damaged!r:.80} in it is not UTF-8")
    if not model.graph.node or not model.opset_import:
        raise ModelFileError("not an ONNX file, or a truncated one: no graph in it")
    return model


def _names(model: Model) -> Iterator[str]:
    graph = model.graph
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    yield from (value.name for value in (*graph.input, *graph.output, *graph.initializer))
    for entry in model.metadata_props:
        yield from (entry.key, entry.value)


def attributes(node: Node, defaults: dict[str, Any]) -> dict[str, Any]:
    """The node's attributes; ValueError if it has one that is not in `defaults`, or of another type."""
    from onnx import AttributeProto

    values = dict(defaults)
    for attribute in node.attribute:
        kind = _KINDS.get(attribute.name, "INT")
        if attribute.name not in defaults or attribute.type != AttributeProto.AttributeType.Value(kind):
            expected = f"expected only {', '.join(defaults)}" if defaults else "expected none"
            raise ValueError(f"an attribute {attribute.name!r} of an unknown name or type, {expected}")
        field = {"INTS": "ints", "STRING": "s", "FLOAT": "f", "INT": "i"}[kind]
        value = getattr(attribute, field)
        values[attribute.name] = list(value) if kind == "INTS" else value
    return values


def metadata(properties: dict[str, str], key: str, default: Any) -> Any:
    """The JSON of one of the file's properties, `default` if it is missing."""
    try:
        return json.loads(properties[key]) if key in properties else default
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"metadata {key!r} is not JSON: {error}") from None


def constants(model: Model) -> dict[str, Array]:
    """The file's constant tensors by name: initialisers and Constant nodes."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and len(node.output) == 1 and [a.name for a in node.attribute] == ["value"]:
            tensors[node.output[0]] = node.attribute[0].t
    return {name: _array(name, tensor) for name, tensor in tensors.items()}


def _array(name: str, tensor: "TensorProto") -> Array:
    from onnx import numpy_helper

    if tensor.external_data or tensor.data_location == tensor.EXTERNAL:
        raise ModelFileError(f"tensor {name!r} lies in another file: save the model with its data inside")
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError) as error:
        raise ModelFileError(f"tensor {name!r} is damaged: {error}") from None
