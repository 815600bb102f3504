# SPDX-License-Identifier: BSD-3-Clause
"""Tidy: one image a run, every node named, constants as initializers, every shape known."""

import json

import numpy as np
from onnx import numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_shapes import InferShapes

from chain.errors import UnsupportedError
from fpga.transforms._graph import attribute, rewire, shape_of

PASSING = ("Identity", "Dropout")


class Tidy(Transformation):
    """Bring a file in the exporter's form into the state from which the other transformations start."""

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        graph = model.graph
        del model.model.functions[:]  # QONNX's own operators execute instead
        for index, node in enumerate(graph.node):
            node.name = node.name or f"{node.op_type}_{index}"
        for node in [
            node for node in graph.node if node.op_type == "Constant" and attribute(node, "value") is not None
        ]:
            value = numpy_helper.from_array(numpy_helper.to_array(attribute(node, "value")), node.output[0])
            graph.initializer.append(value)
            graph.node.remove(node)
        for node in [node for node in graph.node if node.op_type in PASSING]:
            if node.output[0] not in [output.name for output in graph.output]:
                rewire(model, node.output[0], node.input[0])
                graph.node.remove(node)
        self._fix_batch(model)
        model = model.transform(InferShapes(), make_deepcopy=False)
        for node in [node for node in model.graph.node if node.op_type == "Reshape"]:
            before, after = shape_of(model, node.input[0]), shape_of(model, node.output[0])
            if after == [before[0], int(np.prod(before[1:]))]:
                node.op_type = "Flatten"
                del node.input[1:], node.attribute[:]
        return model, False

    @staticmethod
    def _fix_batch(model: ModelWrapper) -> None:
        data = [value for value in model.graph.input if model.get_initializer(value.name) is None]
        if len(data) != 1 or len(model.graph.output) != 1:
            raise UnsupportedError(
                f"the network has {len(data)} inputs and {len(model.graph.output)} outputs; an accelerator has one each"
            )
        for value in (data[0], model.graph.output[0]):
            value.type.tensor_type.shape.dim[0].dim_value = 1
        del model.graph.value_info[:]  # of another batch size, perhaps
        name = data[0].name
        if not model.get_tensor_datatype(name).is_integer():
            described = json.loads(model.get_metadata_prop("wrapnet.input") or "{}")
            top = described.get("max")
            if not isinstance(top, int) or top < 1:
                raise UnsupportedError(
                    f"the input {name!r} has no integer datatype; annotate it, for instance as UINT8"
                )
            model.set_tensor_datatype(name, DataType[f"UINT{top.bit_length()}"])
