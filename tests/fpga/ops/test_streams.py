# SPDX-License-Identifier: BSD-3-Clause
"""StreamFork, StreamAdd, WindowSum, ArgMax executed as nodes of a graph."""

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes

from fpga.transforms._graph import hardware


def test_fork_and_add_in_a_graph() -> None:
    value = helper.make_tensor_value_info
    shape = [1, 2, 3, 4]
    graph = helper.make_graph([], "g", [value("x", TensorProto.FLOAT, shape)], [value("y", TensorProto.FLOAT, shape)])
    model = ModelWrapper(helper.make_model(graph))
    common = {"shape": shape, "inputDataType": "UINT3", "layer": "sum", "PE": 2}
    model.graph.node.append(hardware(model, "StreamFork", ["x"], ["a", "b"], **common))
    model.graph.node.append(
        hardware(model, "StreamAdd", ["a", "b"], ["y"], inputDataType1="UINT3", outBits=4, **common)
    )
    model.set_tensor_datatype("x", DataType["UINT3"])
    model.set_tensor_shape("b", shape)  # ONNX's inference knows no op with two equal outputs; InsertFork does the same
    model = model.transform(InferShapes()).transform(InferDataTypes())
    assert model.get_tensor_shape("b") == shape
    assert [model.get_tensor_datatype(name).name for name in ("a", "b", "y")] == ["UINT3", "UINT3", "UINT4"]
    x = np.arange(24, dtype=np.float32).reshape(shape) % 8
    np.testing.assert_array_equal(execute_onnx(model, {"x": x})["y"], 2 * x)
    add = getCustomOp(model.graph.node[1])
    assert add.get_folded_input_shape(1) == (1, 2, 3, 2, 2)
    assert (add.get_instream_width(1), add.get_outstream_width()) == (6, 8)
    interfaces = getCustomOp(model.graph.node[0]).get_verilog_top_module_intf_names()
    assert interfaces["m_axis"] == [("out0_V", 8), ("out1_V", 8)]


def op(op_type: str, **attributes):
    model = ModelWrapper(helper.make_model(helper.make_graph([], "g", [], [])))
    model.graph.node.append(hardware(model, op_type, ["x"], ["y"], layer="l", **attributes))
    return model, getCustomOp(model.graph.node[0])


def test_narrow() -> None:
    model, node = op("StreamNarrow", shape=[1, 2, 3, 12], lanes=6, inputDataType="UINT3", PE=2)
    x = np.arange(72, dtype=np.float32).reshape(1, 2, 3, 12) % 8
    np.testing.assert_array_equal(node.kernel(model.graph)(x)[0], x)
    assert (node.get_folded_input_shape(), node.get_folded_output_shape()) == ((1, 2, 3, 2, 6), (1, 2, 3, 6, 2))
    assert (node.get_instream_width(), node.get_outstream_width(), node.get_exp_cycles()) == (18, 6, 36)


def test_pool_max() -> None:
    model, node = op("PoolMax", shape=[1, 5, 7, 6], kernel=[2, 3], inputDataType="UINT4", PE=3)
    x = np.random.default_rng(0).integers(0, 16, (2, 5, 7, 6)).astype(np.float32)
    wanted = [[x[:, y : y + 2, z : z + 3].max(axis=(1, 2)) for z in (0, 3)] for y in (0, 2)]
    np.testing.assert_array_equal(node.kernel(model.graph)(x)[0], np.moveaxis(np.array(wanted), 2, 0))
    assert node.get_folded_output_shape() == (1, 2, 2, 2, 3)
    assert node.get_exp_cycles() == 5 * 7 * 2
    assert np.flatnonzero(node.completes()).tolist() == [18, 19, 24, 25, 46, 47, 52, 53]


def test_window_sum() -> None:
    model, node = op("WindowSum", shape=[1, 3, 5, 6], inputDataType="UINT4", outBits=8, PE=3)
    x = np.random.default_rng(0).integers(0, 16, (2, 3, 5, 6)).astype(np.float32)
    np.testing.assert_array_equal(node.kernel(model.graph)(x)[0], x.sum(axis=(1, 2), keepdims=True))
    assert node.get_folded_output_shape() == (1, 1, 1, 2, 3)
    assert node.get_exp_cycles() == 3 * 5 * 2


def test_arg_max_takes_the_first_of_equals() -> None:
    model, node = op("ArgMax", classes=10, inputDataType="INT8", PE=5)
    x = np.array([[0, 7, 7, 0, -1, 0, 0, 7, 0, 0], [-9] * 9 + [-8]], dtype=np.float32)
    assert node.kernel(model.graph)(x)[0].tolist() == [[1], [9]]
    assert (node.get_outstream_width(), node.get_outstream_width_padded()) == (4, 8)
    assert node.get_folded_output_shape() == (1, 1, 1)
