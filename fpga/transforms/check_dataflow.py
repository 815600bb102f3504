# SPDX-License-Identifier: BSD-3-Clause
"""CheckDataflow: what is not a hardware op by now cannot be mapped; say which node, why, and the way out."""

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation

from fpga.transforms._graph import DOMAIN, is_unsigned, refuse, shape_of

_MAPPED = {
    *("Conv", "MatMul", "Quant", "WrapAccumulator", "MaxPool", "ReduceSum", "Add", "Transpose", "Flatten"),
    *("Mul", "Div", "Round", "Relu"),
}


class CheckDataflow(Transformation):
    """Raises UnsupportedError for a node that is not of FINN's dataflow domain: of several for the one that is the most
    likely cause of the others, and of those for the first in graph order.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        left = [node for node in model.graph.node if not node.domain.startswith(DOMAIN)]
        if left:
            cause = min(left, key=_rank)
            refuse(cause, *_reason(model, cause))
        return model, False


def _rank(node: NodeProto) -> int:
    """An operation without hardware keeps its neighbours from being mapped; a transpose is only left beside such."""
    if node.op_type not in _MAPPED:
        return 0
    return 2 if node.op_type == "Transpose" else 1


def _reason(model: ModelWrapper, node: NodeProto) -> tuple[str, str]:
    """Why the node is left over, and the way out."""
    if node.op_type in ("Conv", "MatMul"):
        if not is_unsigned(model, node.input[0]):
            return (
                "its input is not known to be unsigned integers",
                "put an unsigned activation quantiser before it, then Div by its scale and Round",
            )
        return "no WrapAccumulator follows it", "use WrapConv2d or WrapLinear, and export with export.to_qonnx"
    if node.op_type == "Quant":
        return (
            "no chain of elementwise operations with constants leads to it from integers",
            "quantise the output of a layer with an accumulator, possibly after batch norm and ReLU",
        )
    if node.op_type == "WrapAccumulator":
        return "no Conv or MatMul with integer weights is before it", "export with export.to_qonnx"
    if node.op_type in ("MaxPool", "ReduceSum", "Add"):
        return "its input is not known to be unsigned integers", "quantise its input with an unsigned quantiser"
    if node.op_type in ("Transpose", "Flatten") and len(shape_of(model, node.input[0])) == 4:
        return "it changes the order of a stream", "end the network in Flatten and a linear layer"
    if node.op_type in ("Mul", "Div", "Round", "Relu"):
        return "no quantiser follows it", "end every chain of batch norm and ReLU in an activation quantiser"
    return (
        "the toolkit has no hardware for this operation",
        "build the network of convolutions, linear layers, max and global average pooling, and residual sums",
    )
