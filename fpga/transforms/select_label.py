# SPDX-License-Identifier: BSD-3-Clause
"""SelectLabel: the network's output becomes its label, the index of the greatest value; of equal ones the first."""

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from fpga.transforms._graph import attribute, hardware, is_output, new_tensor, refuse, shape_of
from fpga.transforms._rewrite import Rewrite


class SelectLabel(Rewrite):
    """An ArgMax at the end of a graph of `to_dataflow`; not among `stages`, since it is for the user to choose."""

    def match(self, model: ModelWrapper, node: NodeProto) -> NodeProto | None:
        if node.op_type == "ArgMax" or not is_output(model, node.output[0]):
            return None
        shape = shape_of(model, node.output[0])
        if len(shape) != 2 or shape[1] < 2:
            refuse(
                node, f"the network's output has the shape {shape}", "labels are chosen from [1, classes], 2 or more"
            )
        return node

    def rewrite(self, model: ModelWrapper, found: NodeProto) -> None:
        output = found.output[0]
        kind, shape = model.get_tensor_datatype(output), shape_of(model, output)
        found.output[0] = source = new_tensor(model, f"{output}.logits", shape, kind)
        layer = attribute(found, "layer", found.name)
        model.graph.node.append(
            hardware(model, "ArgMax", [source], [output], layer=layer, inputDataType=kind.name, classes=shape[1])
        )
        op = getCustomOp(model.graph.node[-1])
        model.set_tensor_shape(output, op.get_normal_output_shape())
        model.set_tensor_datatype(output, op.get_output_datatype())
