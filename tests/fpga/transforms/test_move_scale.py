# SPDX-License-Identifier: BSD-3-Clause
"""The quantiser's scale travels to the layer that divides by it, and is checked there."""

import numpy as np
import pytest
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import UnsupportedError
from fpga.transforms import AbsorbActivation, MoveScale, MoveScaleAdd, RemoveScale, SplitScale, Tidy, Together
from tests.graphs import Builder, residual

STREAMLINE = Together((AbsorbActivation(), SplitScale(), MoveScale(), MoveScaleAdd(), RemoveScale()))


def start(b: Builder) -> Builder:
    return b.input_quant(2).conv("c", 5, (1, 1)).activate("act", 3, scale=0.1)


def op_types(model: ModelWrapper) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_through_pool_and_flatten_to_the_division() -> None:
    model = ModelWrapper(start(Builder((1, 4, 4))).max_pool("pool", (2, 2)).head("fc", 20, 2)).transform(Tidy())
    model = model.transform(STREAMLINE)
    assert not {"Mul", "Div", "Round", "Quant"} & set(op_types(model))
    assert model.get_tensor_datatype(model.get_nodes_by_op_type("MatMul")[0].input[0]).name == "UINT3"


def test_another_divisor_is_refused() -> None:
    b = start(Builder((1, 4, 4)))
    b.scale = 0.2
    with pytest.raises(UnsupportedError, match=r"'fc\.div'.*divides by 0\.2.*scale 0\.1"):
        ModelWrapper(b.head("fc", 80, 2)).transform(Tidy()).transform(STREAMLINE)


def test_a_divisor_off_by_rounding_is_the_same_scale() -> None:
    b = start(Builder((1, 4, 4)))
    b.scale = float(np.nextafter(np.float32(0.1), np.float32(1)))
    assert "Div" not in op_types(ModelWrapper(b.head("fc", 80, 2)).transform(Tidy()).transform(STREAMLINE))


def test_a_sum_of_one_scale_becomes_a_sum_of_integers() -> None:
    model = ModelWrapper(residual(0)).transform(Tidy()).transform(STREAMLINE)
    add = next(node for node in model.graph.node if node.op_type == "Add")
    kinds = [model.get_tensor_datatype(name).name for name in (*add.input, *add.output)]
    assert kinds == ["UINT3", "UINT3", "UINT4"]


def sum_of(second_scale: float) -> Builder:
    b = start(Builder((1, 4, 4)))
    skip = b.tensor
    return b.conv("d", 5, (1, 1)).activate("act2", 3, scale=second_scale).add("add", skip)


def test_a_sum_of_two_scales_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"'add' \(Add\).*scales 0\.\d+ and 0\.\d+.*QuantAdd"):
        ModelWrapper(sum_of(0.2).head("fc", 80, 2)).transform(Tidy()).transform(STREAMLINE)


def test_a_requantised_sum_must_be_exact() -> None:
    """0.1*1 + 0.1*7 is not 0.1*8 in float32: a quantiser behind the sum could tell; a power of two is fine."""
    inexact = sum_of(0.1)
    inexact.quant("again", 3, 0.3)
    with pytest.raises(UnsupportedError, match=r"'add'.*float sum.*power of two"):
        ModelWrapper(inexact.head("fc", 80, 2)).transform(Tidy()).transform(STREAMLINE)


def test_no_match_on_floats() -> None:
    b = Builder((1, 4, 4))
    b.op("mul", "Mul", ["input", b.constant("f", 0.5)])
    b.op("pool", "MaxPool", [b.tensor], kernel_shape=[2, 2])
    model = ModelWrapper(b.quant("q", 2, 0.5).head("fc", 4, 2)).transform(Tidy())
    model.set_tensor_datatype("input", None)
    assert all(part.apply(model)[1] is False for part in (SplitScale(), MoveScale(), MoveScaleAdd(), RemoveScale()))
