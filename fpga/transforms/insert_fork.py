# SPDX-License-Identifier: BSD-3-Clause
"""InsertFork: a stream has one reader; more get a StreamFork."""

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper

from fpga.transforms._graph import attribute, hardware, is_output, new_tensor, refuse, shape_of
from fpga.transforms._rewrite import Rewrite


class InsertFork(Rewrite):
    """A tensor with several readers: the first reads one output of a StreamFork, the others the other, forked again."""

    def match(self, model: ModelWrapper, node: NodeProto) -> str | None:
        for name in node.input:
            if model.get_initializer(name) is None and len(_readers(model, name)) > 1:
                if is_output(model, name):
                    refuse(node, "it reads the network's output", "the output has no other reader")
                return name
        return None

    def rewrite(self, model: ModelWrapper, found: str) -> None:
        readers, shape, kind = _readers(model, found), shape_of(model, found), model.get_tensor_datatype(found)
        outputs = [new_tensor(model, f"{found}.fork{i}", shape, kind) for i in range(2)]
        producer = model.find_producer(found)
        layer = attribute(producer, "layer", producer.name) if producer is not None else found
        fork = hardware(model, "StreamFork", [found], outputs, layer=layer, inputDataType=kind.name, shape=shape)
        for position, (reader, index) in enumerate(readers):
            reader.input[index] = outputs[min(position, 1)]
        at = min(list(model.graph.node).index(reader) for reader, _ in readers)
        model.graph.node.insert(at, fork)


def _readers(model: ModelWrapper, name: str) -> list[tuple[NodeProto, int]]:
    return [(node, i) for node in model.graph.node for i, given in enumerate(node.input) if given == name]
