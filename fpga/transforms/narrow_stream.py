# SPDX-License-Identifier: BSD-3-Clause
"""NarrowStream: FINN's width converter from wide words to a whole number of narrow ones becomes a StreamNarrow."""

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper

from fpga.transforms._graph import attribute, hardware, replace, shape_of
from fpga.transforms._rewrite import Rewrite


class NarrowStream(Rewrite):
    """FINN's keeps the wide word in a shift register; StreamNarrow leaves it where it is."""

    def match(self, model: ModelWrapper, node: NodeProto) -> NodeProto | None:
        if node.op_type != "StreamingDataWidthConverter":
            return None
        wide, narrow = attribute(node, "inWidth"), attribute(node, "outWidth")
        return node if wide > narrow and wide % narrow == 0 else None

    def rewrite(self, model: ModelWrapper, found: NodeProto) -> None:
        kind = model.get_tensor_datatype(found.input[0])
        unit = hardware(
            model,
            "StreamNarrow",
            list(found.input),
            list(found.output),
            inputDataType=kind.name,
            shape=shape_of(model, found.input[0]),
            lanes=attribute(found, "inWidth") // kind.bitwidth(),
            PE=attribute(found, "outWidth") // kind.bitwidth(),
        )
        replace(model, [found], [unit])
