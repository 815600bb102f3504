# SPDX-License-Identifier: BSD-3-Clause
"""Pooling, sums and the last fold become stream ops."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import UnsupportedError
from export.ops.runtime import OnnxRuntime
from fpga.mapping import execute, to_dataflow
from fpga.transforms import ConvertAdd, ConvertFold, ConvertMaxPool, ConvertReduceSum, Tidy
from tests.graphs import CASES, Builder, images


def check(source: onnx.ModelProto, folder: Path) -> ModelWrapper:
    """Map, execute, compare the outputs with onnxruntime's."""
    onnx.save(source, folder / "model.onnx")
    model = to_dataflow(folder / "model.onnx")
    x = images(source, 8)
    got = execute(model, x.transpose(0, 2, 3, 1).astype(np.uint8))["output"]
    np.testing.assert_array_equal(got, OnnxRuntime(source, threads=1)(x)["output"])
    assert len(np.unique(got)) > 3
    return model


def pooled(**attributes: Any) -> Builder:
    b = Builder((2, 7, 6)).input_quant(4).conv("c", 7, (1, 1)).activate("act", 3)
    b.op("pool", "MaxPool", [b.tensor], **attributes)
    return b


@pytest.mark.parametrize(
    ("attributes", "pixels", "tiles"),
    [
        ({"kernel_shape": [2, 2], "strides": [2, 2]}, 9, True),
        ({"kernel_shape": [3, 2], "strides": [1, 2]}, 15, False),
        ({"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, 12, False),
        ({"kernel_shape": [2, 2], "strides": [2, 2], "dilations": [2, 2]}, 6, False),
        ({"kernel_shape": [2, 3], "strides": [2, 3], "pads": [1, 0, 1, 1]}, 8, True),
        ({"kernel_shape": [2, 4], "strides": [4, 4]}, 2, False),
        ({"kernel_shape": [7, 6]}, 1, True),
        ({"kernel_shape": [4, 2], "strides": [3, 2]}, 6, False),
        ({"kernel_shape": [5, 2], "strides": [1, 2], "pads": [0, 0, 1, 0]}, 12, False),
        ({"kernel_shape": [5, 2], "strides": [4, 2]}, 3, True),
    ],
)
def test_max_pool(attributes: dict[str, list[int]], pixels: int, tiles: bool, tmp_path: Path) -> None:
    model = check(pooled(**attributes).head("fc", 7 * pixels, 3), tmp_path)
    kinds = [node.op_type for node in model.graph.node]
    assert ("FMPadding" in kinds) == ("pads" in attributes)
    assert ("PoolMax" in kinds) == tiles
    windows = [getCustomOp(node) for node in model.graph.node if node.op_type == "ConvolutionInputGenerator"]
    assert [window.get_nodeattr("depthwise") for window in windows] == ([] if tiles else [1])


def test_max_pool_of_ceil_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"'pool' \(MaxPool\).*ceil_mode.*pad"):
        check(pooled(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1).head("fc", 7 * 12, 3), tmp_path)


def test_global_sum_has_the_bits_that_it_needs(tmp_path: Path) -> None:
    b = Builder((2, 5, 3)).input_quant(8).conv("c", 7, (1, 1), bits=10).activate("act", 4, spread=100)
    model = check(b.sum_pool("pool", 15, 3).head("fc", 7, 3, "INT4"), tmp_path)
    op = getCustomOp(next(node for node in model.graph.node if node.op_type == "WindowSum"))
    assert op.get_output_datatype().name == "UINT8"  # 15 pixels of up to 15
    assert op.get_normal_output_shape() == [1, 1, 1, 7]


def test_a_sum_over_channels_is_refused(tmp_path: Path) -> None:
    b = Builder((2, 5, 3)).input_quant(8).conv("c", 7, (1, 1), bits=10).activate("act", 4)
    b.sum_pool("pool", 15, 3)
    b.constants["pool.axes"] = np.array([1, 2])
    with pytest.raises(UnsupportedError, match=r"'pool\.sum' \(ReduceSum\).*axes 2 and 3"):
        check(b.head("fc", 3, 3), tmp_path)


def test_residual_sum_grows_by_a_bit(tmp_path: Path) -> None:
    model = check(CASES["residual"](1), tmp_path)
    op = getCustomOp(next(node for node in model.graph.node if node.op_type == "StreamAdd"))
    assert [op.get_input_datatype(0).name, op.get_input_datatype(1).name] == ["UINT3", "UINT3"]
    assert op.get_output_datatype().name == "UINT4"
    assert "StreamFork" in [node.op_type for node in model.graph.node]


def test_a_sum_after_a_sum(tmp_path: Path) -> None:
    """The wider sum feeds the next block's skip, which has three readers in all."""
    b = Builder((2, 5, 5)).input_quant(8).conv("stem", 5, (1, 1)).activate("a0", 3)
    for block in ("one", "two"):
        skip = b.tensor
        b.conv(block, 5, (3, 3), pads=(1, 1, 1, 1)).activate(f"{block}.act", 3).add(f"{block}.add", skip)
    check(b.head("fc", 125, 4), tmp_path)


def test_the_last_fold_is_an_op_of_its_own(tmp_path: Path) -> None:
    kinds = [node.op_type for node in check(CASES["plain"](2), tmp_path).graph.node]
    assert kinds[-2:] == ["WrapMVU", "WrapFold"]


def test_without_a_fold_there_is_none(tmp_path: Path) -> None:
    kinds = [node.op_type for node in check(CASES["wide"](2), tmp_path).graph.node]
    assert kinds[-1] == "WrapMVU" and "WrapFold" not in kinds


def test_no_match_on_floats() -> None:
    b = Builder((2, 4, 4))
    b.op("pool", "MaxPool", ["input"], kernel_shape=[2, 2])
    b.op("total", "ReduceSum", [b.tensor, b.constant("axes", [2, 3], np.int64)], keepdims=1)
    b.op("sum", "Add", [b.tensor, b.tensor])
    b.op("flatten", "Flatten", [b.tensor], axis=1)
    b.nodes.append(helper.make_node("Identity", [b.tensor], ["output"], name="last"))
    model = ModelWrapper(b.model(2)).transform(Tidy())
    model.set_tensor_datatype("input", None)
    assert all(
        part.apply(model)[1] is False for part in (ConvertMaxPool(), ConvertReduceSum(), ConvertAdd(), ConvertFold())
    )
