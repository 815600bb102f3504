# SPDX-License-Identifier: BSD-3-Clause
"""CancelTranspose, AbsorbInputTranspose: between hardware ops only NHWC is left, and the network's input is NHWC."""

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper

from fpga.transforms._graph import TO_NHWC, attribute, is_output, rewire, shape_of
from fpga.transforms._rewrite import Rewrite


class CancelTranspose(Rewrite):
    """A Transpose that undoes the one before it: its readers read what was before both."""

    def match(self, model: ModelWrapper, node: NodeProto) -> tuple[str, str] | None:
        if node.op_type != "Transpose" or is_output(model, node.output[0]):
            return None
        first = model.find_producer(node.input[0])
        if first is None or first.op_type != "Transpose":
            return None
        inner, outer = attribute(first, "perm"), attribute(node, "perm")
        if [inner[axis] for axis in outer] != list(range(len(outer))):
            return None
        return node.output[0], first.input[0]

    def rewrite(self, model: ModelWrapper, found: tuple[str, str]) -> None:
        rewire(model, *found)


class AbsorbInputTranspose(Rewrite):
    """A network input that is only read as NHWC is NHWC."""

    def match(self, model: ModelWrapper, node: NodeProto) -> str | None:
        name = node.input[0]
        if name not in [value.name for value in model.graph.input]:
            return None
        readers = model.find_consumers(name)
        if any(reader.op_type != "Transpose" or tuple(attribute(reader, "perm")) != TO_NHWC for reader in readers):
            return None
        return name

    def rewrite(self, model: ModelWrapper, found: str) -> None:
        shape = shape_of(model, found)
        for reader in list(model.find_consumers(found)):
            rewire(model, reader.output[0], found)
            model.graph.node.remove(reader)
        model.set_tensor_shape(found, [shape[axis] for axis in TO_NHWC])
