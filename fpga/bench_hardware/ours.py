# SPDX-License-Identifier: BSD-3-Clause
"""A layer as the toolkit builds it: a graph of WrapMVU and WrapActivation through the same steps as a network."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from fpga import mapping, rom, stitch
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.layer import DATA_TYPES, Layer
from fpga.transforms._graph import hardware


def graph(layer: Layer, activation: bool = True) -> ModelWrapper:
    """The dataflow graph, folded, before any RTL; without its activation, the sums are the output."""
    value = helper.make_tensor_value_info
    ends = [value("x", TensorProto.FLOAT, [1, layer.fan_in])], [value("y", TensorProto.FLOAT, [1, layer.outputs])]
    model = ModelWrapper(helper.make_model(helper.make_graph([], "layer", *ends)))
    model.set_tensor_datatype("x", DataType[f"UINT{layer.activation_bits}"])
    model.set_initializer("w", layer.matrix.T.astype(np.float32))
    model.set_tensor_datatype("w", DataType[DATA_TYPES[layer.weights]])
    product = hardware(
        model,
        "WrapMVU",
        ["x", "w"],
        ["z" if activation else "y"],
        layer="layer",
        MW=layer.fan_in,
        MH=layer.outputs,
        PE=layer.pe,
        SIMD=layer.simd,
        accumulatorBits=layer.bits,
        fold=0,
        inputDataType=f"UINT{layer.activation_bits}",
        weightDataType=DATA_TYPES[layer.weights],
        inputShape=[1, layer.fan_in],
        vectors=[],
    )
    model.graph.node.append(product)
    if not activation:
        model.set_tensor_datatype("y", DataType[f"INT{layer.bits}"])
        return model
    model.set_tensor_shape("z", [1, layer.outputs])
    model.set_tensor_datatype("z", DataType[f"INT{layer.bits}"])
    model.set_initializer("t", layer.folded_thresholds)
    model.set_initializer("f", np.zeros(layer.outputs, dtype=np.int64))
    steps = hardware(
        model,
        "WrapActivation",
        ["z", "t", "f"],
        ["y"],
        layer="layer",
        inputDataType=f"INT{layer.bits}",
        shape=[1, layer.outputs],
        PE=layer.pe,
        outBits=layer.activation_bits,
        thresholdBits=layer.threshold_bits,
        rows=layer.outputs,
        fold=layer.fold,
    )
    model.graph.node.append(steps)
    model.set_tensor_datatype("y", DataType[f"UINT{layer.activation_bits}"])
    return model


def design(layer: Layer, folder: Path, activation: bool = True) -> Design:
    """Write the layer's RTL to `folder`, and return it. The synthesis chooses the weights' memory, as the rivals'."""
    model = mapping.specialise(graph(layer, activation))
    for node in model.get_nodes_by_op_type("WrapMVU_rtl"):
        getCustomOp(node).set_nodeattr("romStyle", rom.AUTO)
    made = stitch.stitch(model, folder, "layer", 100.0, mapping.PART)
    return Design(made.top, folder, made.files, made.memories)
