# SPDX-License-Identifier: BSD-3-Clause
"""All transformations together: the graph stays executable and its results stay the same after every single step."""

import numpy as np
import pytest
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

import fpga.transforms as transforms
from export.ops.runtime import OnnxRuntime
from fpga.transforms import _rewrite
from fpga.transforms._graph import drop_dead
from tests.graphs import CASES, images


def run(model: ModelWrapper, image: np.ndarray) -> np.ndarray:
    """The graph's output for one NCHW image, whatever the layout of its input has become."""
    name = model.graph.input[0].name
    value = image if model.get_tensor_shape(name) == list(image.shape) else image.transpose(0, 2, 3, 1)
    return execute_onnx(model, {name: value.astype(np.float32)})[model.graph.output[0].name]


def expected(model: ModelProto, image: np.ndarray) -> np.ndarray:
    return OnnxRuntime(model, threads=1)(image)["output"]


def contents(model: ModelWrapper) -> list[bytes]:
    """Nodes, constants and annotated types."""
    graph = model.graph
    items = [*graph.node, *graph.initializer, *graph.quantization_annotation]
    return [item.SerializeToString(deterministic=True) for item in items]


@pytest.mark.parametrize("name", ["depthwise", "residual", "wide"])
def test_every_rewrite_keeps_the_results(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = CASES[name](3)
    image = images(source, 1, seed=3)
    wanted = expected(source, image)
    rewrites = 0

    def checked(model: ModelWrapper) -> None:
        """What ends every rewrite, and an execution of the graph behind it."""
        nonlocal rewrites
        drop_dead(model)
        np.testing.assert_array_equal(run(model, image), wanted, err_msg=f"after rewrite {rewrites}")
        rewrites += 1

    monkeypatch.setattr(_rewrite, "drop_dead", checked)
    model = ModelWrapper(source, make_deepcopy=True)
    for stage in transforms.stages():
        model = model.transform(stage)
        np.testing.assert_array_equal(run(model, image), wanted, err_msg=f"after {type(stage).__name__}")
    assert rewrites > 15


@pytest.mark.parametrize("name", sorted(CASES))
def test_idempotent(name: str) -> None:
    model = ModelWrapper(CASES[name](0))
    for stage in transforms.stages():
        model = model.transform(stage)
    before = contents(model)
    for stage in transforms.stages():
        model, changed = stage.apply(model)
        assert not changed, f"{type(stage).__name__} found something in a finished graph"
    assert contents(model) == before
