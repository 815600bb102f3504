# SPDX-License-Identifier: BSD-3-Clause
"""Tidy, CancelTranspose, AbsorbInputTranspose, InsertFork, CheckDataflow on graphs made for them."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from chain.errors import UnsupportedError
from fpga.transforms import AbsorbInputTranspose, CancelTranspose, CheckDataflow, InsertFork, Tidy
from fpga.transforms._graph import hardware
from tests.graphs import CASES

NHWC, NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


def graph(nodes, shape, output, kind: str = "UINT4", **tensors) -> ModelWrapper:
    """A model of `nodes` from `x` of `shape` to `y` of shape `output`; `tensors` gives the shapes in between."""
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "graph",
        [value("x", TensorProto.FLOAT, shape)],
        [value("y", TensorProto.FLOAT, output)],
        value_info=[value(name, TensorProto.FLOAT, size) for name, size in tensors.items()],
    )
    model = ModelWrapper(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)]))
    model.set_tensor_datatype("x", DataType[kind])
    return model


def transpose(source: str, target: str, perm: list[int]):
    return helper.make_node("Transpose", [source], [target], name=f"{target}.transpose", perm=perm)


def node(op_type: str, inputs: list[str], outputs: list[str], **attributes):
    return helper.make_node(op_type, inputs, outputs, name=f"{outputs[0]}.node", **attributes)


def test_inverse_transposes_cancel_for_every_reader() -> None:
    nodes = [
        transpose("x", "a", NCHW),
        transpose("a", "b", NHWC),
        transpose("a", "c", NHWC),
        node("Add", ["b", "c"], ["d"]),
        node("Relu", ["d"], ["y"]),
    ]
    nhwc, nchw = [1, 2, 3, 4], [1, 4, 2, 3]
    model = graph(nodes, nhwc, nhwc, a=nchw, b=nhwc, c=nhwc, d=nhwc)
    x = np.arange(24, dtype=np.float32).reshape(nhwc) % 16
    before = execute_onnx(model, {"x": x})["y"]
    model = model.transform(CancelTranspose())
    assert [item.op_type for item in model.graph.node] == ["Add", "Relu"]
    np.testing.assert_array_equal(execute_onnx(model, {"x": x})["y"], before)
    assert CancelTranspose().apply(model)[1] is False


def test_other_transposes_stay() -> None:
    nodes = [transpose("x", "a", NCHW), transpose("a", "b", NCHW), node("Relu", ["b"], ["y"])]
    model = graph(nodes, [1, 2, 3, 4], [1, 3, 4, 2], a=[1, 4, 2, 3], b=[1, 3, 4, 2])
    assert CancelTranspose().apply(model)[1] is False


def test_the_input_takes_the_layout_of_its_readers() -> None:
    model = graph([transpose("x", "a", NHWC), node("Relu", ["a"], ["y"])], [1, 4, 2, 3], [1, 2, 3, 4], a=[1, 2, 3, 4])
    model = model.transform(AbsorbInputTranspose())
    assert model.get_tensor_shape("x") == [1, 2, 3, 4]
    assert [item.op_type for item in model.graph.node] == ["Relu"]


def test_the_input_keeps_its_layout_for_another_reader() -> None:
    nodes = [
        transpose("x", "a", NHWC),
        node("Relu", ["x"], ["b"]),
        transpose("b", "c", NHWC),
        node("Add", ["a", "c"], ["y"]),
    ]
    model = graph(nodes, [1, 4, 2, 3], [1, 2, 3, 4], a=[1, 2, 3, 4], b=[1, 4, 2, 3], c=[1, 2, 3, 4])
    assert AbsorbInputTranspose().apply(model)[1] is False


def adder(model: ModelWrapper, first: str, second: str, output: str, bits: int):
    kinds = {"inputDataType": "UINT4", "inputDataType1": "UINT4"}
    return hardware(model, "StreamAdd", [first, second], [output], layer=output, shape=[1, 3], outBits=bits, **kinds)


def test_three_readers_get_two_forks() -> None:
    model = graph([], [1, 3], [1, 3], a=[1, 3])
    model.graph.node.append(adder(model, "x", "x", "a", 5))
    last = adder(model, "a", "x", "y", 6)
    next(item for item in last.attribute if item.name == "inputDataType").s = b"UINT5"
    model.graph.node.append(last)
    model.set_tensor_datatype("a", DataType["UINT5"])
    x = np.array([[1, 2, 15]], dtype=np.float32)
    before = execute_onnx(model, {"x": x})["y"]
    model = model.transform(InsertFork())
    kinds = [item.op_type for item in model.graph.node]
    assert sorted(kinds) == ["StreamAdd", "StreamAdd", "StreamFork", "StreamFork"]
    assert all(len(model.find_consumers(name)) == 1 for item in model.graph.node for name in item.output if name != "y")
    np.testing.assert_array_equal(execute_onnx(model, {"x": x})["y"], before)
    np.testing.assert_array_equal(before, 3 * x)
    assert InsertFork().apply(model)[1] is False


def test_tidy() -> None:
    weight = numpy_helper.from_array(np.ones((4, 2), np.float32), "value")
    nodes = [
        helper.make_node("Constant", [], ["w"], value=weight),
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([1, -1]), "shape")),
        helper.make_node("Identity", ["x"], ["same"]),
        helper.make_node("Reshape", ["same", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    model = graph(nodes, ["batch", 1, 2, 2], ["batch", 2]).transform(Tidy())
    assert [item.op_type for item in model.graph.node] == ["Flatten", "MatMul"]
    assert model.get_tensor_shape("x") == [1, 1, 2, 2] and model.get_tensor_shape("flat") == [1, 4]
    assert len({item.name for item in model.graph.node} - {""}) == 2


def test_an_input_of_unknown_integers_is_refused_unless_described() -> None:
    model = graph([node("Relu", ["x"], ["y"])], [1, 2], [1, 2])
    model.set_tensor_datatype("x", None)
    with pytest.raises(UnsupportedError, match="'x' has no integer datatype"):
        model.transform(Tidy())
    model.set_metadata_prop("wrapnet.input", '{"shape": [2], "max": 16}')
    assert model.transform(Tidy()).get_tensor_datatype("x").name == "UINT5"


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([node("Sigmoid", ["x"], ["y"])], r"'y\.node' \(Sigmoid\): the toolkit has no hardware.*convolutions"),
        ([node("Relu", ["x"], ["y"])], r"'y\.node' \(Relu\): no quantiser follows"),
        ([transpose("x", "y", NHWC)], r"\(Transpose\).*order of a stream.*Flatten"),
        ([node("MaxPool", ["x"], ["y"], kernel_shape=[1, 1])], r"\(MaxPool\).*unsigned quantiser"),
    ],
)
def test_leftovers_are_refused(nodes, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        graph(nodes, [1, 2, 2, 2], [1, 2, 2, 2]).transform(CheckDataflow())


def test_leftovers_of_a_whole_network() -> None:
    with pytest.raises(UnsupportedError, match=r"node 'input_quant\.mul' \(Mul\)"):
        ModelWrapper(CASES["plain"](0)).transform(CheckDataflow())
