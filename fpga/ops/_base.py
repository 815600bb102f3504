# SPDX-License-Identifier: BSD-3-Clause
"""What all hardware ops share on the Python side: stream widths, folded shapes, types, execution of a batch."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from finn.custom_op.fpgadataflow.hwcustomop import HWCustomOp
from onnx import GraphProto, NodeProto, numpy_helper
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import UnsupportedError
from fpga.estimate import nodes
from fpga.levels import UNLIMITED

Array = npt.NDArray[Any]
Kernel = Callable[..., tuple[Array, ...]]
"""From the data inputs of a node, [N, ...] float32 holding integers, to its outputs, [N, ...] float32."""

DOMAIN = "finn.custom_op.fpgadataflow"


class StreamOp(HWCustomOp):
    """A node with ready/valid streams. Subclasses give shapes, lanes, types and a `kernel`; the rest follows.

    Tensors are [1, ..., C] in FINN's graph (NHWC); a stream word carries `lanes` neighbouring elements of C.
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"layer": ("s", False, ""), "inputDataType": ("s", True, ""), "PE": ("i", False, 1)})
        types.update({"maxLevels": ("i", False, UNLIMITED)})  # of logic between registers (fpga/levels.py)
        return types

    # what a subclass gives -------------------------------------------------------------------------------------

    @abstractmethod
    def kernel(self, graph: GraphProto) -> Kernel:
        """The node as a function of whole batches; parameters are taken from `graph` once."""

    def input_lanes(self, ind: int = 0) -> int:
        """Elements in a word of input stream `ind`; 0 for parameters, which have no stream."""
        return self.get_nodeattr("PE")

    def output_lanes(self, ind: int = 0) -> int:
        """Elements in a word of output stream `ind`."""
        return self.get_nodeattr("PE")

    # what follows ----------------------------------------------------------------------------------------------

    def short(self) -> bool:
        """Whether the clock allows so few levels of logic that cells take registers which they can do without."""
        return bool(self.get_nodeattr("maxLevels") < 5)

    def get_input_datatype(self, ind: int = 0) -> BaseDataType:
        return DataType[self.get_nodeattr("inputDataType")]

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return self.get_input_datatype()

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return self.get_normal_input_shape()

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        return self._folded(self.get_normal_input_shape(ind), self.input_lanes(ind))

    def get_folded_output_shape(self, ind: int = 0) -> tuple[int, ...]:
        return self._folded(self.get_normal_output_shape(ind), self.output_lanes(ind))

    def get_instream_width(self, ind: int = 0) -> int:
        return self.input_lanes(ind) * self.get_input_datatype(ind).bitwidth()

    def get_outstream_width(self, ind: int = 0) -> int:
        return self.output_lanes(ind) * self.get_output_datatype(ind).bitwidth()

    def get_exp_cycles(self) -> int:
        """Cycles an image at full speed: one word a cycle on the busier side."""
        return max(words(self.get_folded_input_shape()), words(self.get_folded_output_shape()))

    def lut_estimation(self, fpgapart: str = "") -> int:
        """LUTs by the calibrated estimate."""
        return nodes.node(self).lut

    def latency(self, graph: GraphProto) -> int:
        """Cycles from the word that completes a result to the first word of that result."""
        return 1

    def infer_node_datatype(self, model: ModelWrapper) -> None:
        """Annotate the outputs. The input's type is part of the node: to adapt to another one would hide an error."""
        found = model.get_tensor_datatype(self.onnx_node.input[0])
        if found != self.get_input_datatype():
            raise UnsupportedError(
                f"node {self.onnx_node.name!r} was made for {self.get_input_datatype().name} inputs, "
                f"but its input {self.onnx_node.input[0]!r} is now {found.name}; map the network again"
            )
        for index, name in enumerate(self.onnx_node.output):
            model.set_tensor_datatype(name, self.get_output_datatype(index))

    def make_shape_compatible_op(self, model: ModelWrapper) -> NodeProto:
        node = super().make_shape_compatible_op(model)
        node.output[:] = self.onnx_node.output
        return node

    def execute_node(self, context: dict[str, Array], graph: GraphProto) -> None:
        inputs = [context[name] for i, name in enumerate(self.onnx_node.input) if self.input_lanes(i)]
        outputs = self.kernel(graph)(*inputs)
        for name, value in zip(self.onnx_node.output, outputs, strict=True):
            context[name] = value.astype(np.float32, copy=False)

    def verify_node(self) -> list[str]:
        return []

    def initializer(self, graph: GraphProto, ind: int) -> Array:
        """The constant at input `ind`."""
        name = self.onnx_node.input[ind]
        for tensor in graph.initializer:
            if tensor.name == name:
                return numpy_helper.to_array(tensor)
        raise UnsupportedError(f"node {self.onnx_node.name!r}: its parameter {name!r} is not a constant of the graph")

    def _folded(self, shape: Sequence[int], lanes: int) -> tuple[int, ...]:
        if lanes == 0:
            return tuple(shape)
        if shape[-1] % lanes:
            raise UnsupportedError(
                f"node {self.onnx_node.name!r} (layer {self.get_nodeattr('layer')!r}): words of {lanes} elements do "
                f"not divide the {shape[-1]} elements of its stream; choose a PE or SIMD that does"
            )
        return (*shape[:-1], shape[-1] // lanes, lanes)


def words(folded: Sequence[int]) -> int:
    """Stream words of one image, from a folded shape."""
    return int(np.prod(folded[:-1]))


def unsigned(bits: int) -> BaseDataType:
    """UINT<bits> (QONNX calls one bit BINARY)."""
    return DataType[f"UINT{bits}"]


def signed(bits: int) -> BaseDataType:
    """INT<bits>."""
    return DataType[f"INT{bits}"]
