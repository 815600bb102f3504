# SPDX-License-Identifier: BSD-3-Clause
"""WrapAccumulator as a QONNX operator: found by the registry, shapes and types inferred, bad input refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes

from chain.errors import InputError
from export.ops import WrapAccumulator
from export.ops.functions import WRAP_DOMAIN, make_model
from export.ops.runtime import QonnxExecutor


def model(**attributes: Any) -> ModelProto:
    node = helper.make_node("WrapAccumulator", ["x"], ["y"], name="conv1", domain=WRAP_DOMAIN, **attributes)
    value = helper.make_tensor_value_info
    outputs = [value("y", TensorProto.FLOAT, None)]
    return make_model(helper.make_graph([node], "graph", [value("x", TensorProto.FLOAT, [1, 7, 5, 3])], outputs))


def test_registry_finds_it() -> None:
    assert isinstance(getCustomOp(model(bits=8).graph.node[0]), WrapAccumulator)


def test_shape_and_datatype_are_inferred() -> None:
    wrapper = ModelWrapper(model(bits=6, fold=3)).transform(InferShapes()).transform(InferDataTypes())
    assert wrapper.get_tensor_shape("y") == [1, 7, 5, 3]
    assert wrapper.get_tensor_datatype("y") == DataType["INT6"]


@pytest.mark.parametrize("value", [0.5, 2.0**24, -(2.0**24)])
def test_inexact_sums_are_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"'conv1'.*below 16777216"):
        QonnxExecutor(model(bits=8))(np.full((1, 7, 5, 3), value))


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [({"bits": 33}, "bits = 33, expected 1..32"), ({"bits": 8, "fold": -1}, "fold = -1"), ({"fold": 3}, "missing")],
)
def test_verify_names_bad_attributes(attributes: dict[str, int], problem: str) -> None:
    (found,) = getCustomOp(model(**attributes).graph.node[0]).verify_node()
    assert problem in found
    assert "'conv1'" in found


def test_verify_is_silent_on_a_good_node() -> None:
    assert getCustomOp(model(bits=8, fold=3).graph.node[0]).verify_node() == []


@pytest.mark.parametrize("module", ["export", "export.ops", "export.ops.runtime", "export.problems"])
def test_importing_needs_neither_torch_nor_training(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'torch', 'brevitas', 'training', 'fpga'}} & set(sys.modules)))"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
