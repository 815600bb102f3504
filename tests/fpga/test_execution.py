# SPDX-License-Identifier: BSD-3-Clause
"""Batched execution: equal to onnxruntime at every layer, and FINN's nodes equal to FINN's own execution."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError, UnsupportedError
from export.ops.runtime import OnnxRuntime
from fpga import execution, folding
from fpga.mapping import execute, specialise, to_dataflow
from fpga.transforms._graph import hardware
from tests.graphs import CASES, images


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", sorted(CASES))
def test_every_layer_equals_onnxruntime(name: str, seed: int, tmp_path: Path) -> None:
    source = CASES[name](seed)
    onnx.save(source, tmp_path / "model.onnx")
    model = to_dataflow(tmp_path / "model.onnx")
    x = images(source, 12, seed)
    layers = {node.name: node.output[0] for node in source.graph.node if node.op_type == "WrapAccumulator"}
    wanted = OnnxRuntime(source, list(layers.values()), threads=1)(x)
    nhwc = x.transpose(0, 2, 3, 1).astype(np.uint8)
    for graph in (model, specialise(model)):
        got = execute(graph, nhwc)
        assert list(got) == [*layers, "output"]
        for layer, tensor in layers.items():
            np.testing.assert_array_equal(got[layer], wanted[tensor], err_msg=layer)
        np.testing.assert_array_equal(got["output"], wanted["output"])


def test_grouped_windows_as_they_stream(tmp_path: Path) -> None:
    """With several lanes a group's elements come in another order, and nothing else changes."""
    source = CASES["grouped"](0)
    onnx.save(source, tmp_path / "model.onnx")
    model = to_dataflow(tmp_path / "model.onnx")
    x = images(source, 5).transpose(0, 2, 3, 1).astype(np.uint8)
    wanted = execute(model, x)
    folding.for_fps(model, 60_000, 100.0)
    assert any(op.get_nodeattr("groups") > 1 and op.get_nodeattr("SIMD") > 1 for op in units(model))
    for key, value in execute(specialise(model), x).items():
        np.testing.assert_array_equal(value, wanted[key], err_msg=key)


def units(model: ModelWrapper) -> list:
    return [getCustomOp(node) for node in model.graph.node if node.op_type == "WrapMVU"]


def test_batches_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = CASES["depthwise"](0)
    onnx.save(source, tmp_path / "model.onnx")
    model = to_dataflow(tmp_path / "model.onnx")
    x = images(source, 7).transpose(0, 2, 3, 1).astype(np.uint8)
    together = execute(model, x)
    monkeypatch.setattr(execution, "batch_size", lambda model: 3)
    assert [len(part["output"]) for part in execution.batches(model, x)] == [3, 3, 1]
    for key, value in execute(model, x).items():
        np.testing.assert_array_equal(value, together[key])


def alone(op_type: str, source: list[int], target: list[int], **attributes) -> tuple[ModelWrapper, object]:
    """A graph of one node of FINN's, in RTL form, executed as FINN does (cppsim stands for its own numpy)."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph([], "g", [value("x", TensorProto.FLOAT, source)], [value("y", TensorProto.FLOAT, target)])
    model = ModelWrapper(helper.make_model(graph))
    node = hardware(model, op_type, ["x"], ["y"], **attributes)
    node.op_type, node.domain = f"{op_type}_rtl", f"{node.domain}.rtl"
    model.graph.node.append(node)
    model.set_tensor_datatype("x", DataType["UINT4"])
    op = getCustomOp(model.graph.node[0])
    op.set_nodeattr("exec_mode", "cppsim")
    return model, op


def compare_with_finn(model: ModelWrapper, op, shape: list[int], target: list[int]) -> None:
    x = np.random.default_rng(0).integers(0, 16, (5, *shape[1:])).astype(np.float32)
    run, _, _ = execution._step(model, model.graph.node[0])
    (got,) = run(x)
    for image, result in zip(x, got, strict=True):
        context = {"x": image[None], "y": np.zeros(target, np.float32)}
        op.execute_node(context, model.graph)
        np.testing.assert_array_equal(result[None], context["y"])


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "output"),
    [((3, 3), (1, 1), (1, 1), (5, 4)), ((1, 5), (2, 1), (1, 1), (4, 2)), ((2, 3), (2, 2), (2, 1), (3, 2))],
)
@pytest.mark.parametrize(("depthwise", "simd"), [(0, 1), (0, 6), (1, 1), (1, 2), (1, 6)])
def test_sliding_window_is_finn_s(kernel, stride, dilation, output, depthwise: int, simd: int) -> None:
    shape, target = [1, 7, 6, 6], [1, *output, kernel[0] * kernel[1] * 6]
    model, op = alone(
        "ConvolutionInputGenerator",
        shape,
        target,
        ConvKernelDim=list(kernel),
        IFMChannels=6,
        IFMDim=[7, 6],
        OFMDim=list(output),
        Stride=list(stride),
        Dilation=list(dilation),
        SIMD=simd,
        depthwise=depthwise,
        inputDataType="UINT4",
        outputDataType="UINT4",
    )
    compare_with_finn(model, op, shape, target)


def test_padding_is_finn_s() -> None:
    shape, target = [1, 4, 3, 2], [1, 7, 7, 2]
    model, op = alone(
        "FMPadding", shape, target, ImgDim=[4, 3], Padding=[1, 3, 2, 1], NumChannels=2, SIMD=1, inputDataType="UINT4"
    )
    compare_with_finn(model, op, shape, target)


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.zeros((2, 1, 8, 8), np.uint8), r"shape \[2, 1, 8, 8\]; expected \[N, 8, 8, 1\]"),
        (np.zeros((0, 8, 8, 1), np.uint8), "N > 0"),
        (np.full((1, 8, 8, 1), 256), r"values in \[256, 256\]; expected UINT8"),
        (np.full((1, 8, 8, 1), -1), "expected UINT8"),
    ],
)
def test_wrong_images(x: np.ndarray, reason: str, tmp_path: Path) -> None:
    onnx.save(CASES["plain"](0), tmp_path / "model.onnx")
    with pytest.raises(InputError, match=reason):
        execute(to_dataflow(tmp_path / "model.onnx"), x)


def test_a_graph_that_is_not_mapped() -> None:
    model = ModelWrapper(CASES["plain"](0))
    with pytest.raises(UnsupportedError, match=r"'input_quant\.mul' \(Mul\) is no hardware op"):
        execute(model, np.zeros((1, 1, 8, 8), np.uint8))
