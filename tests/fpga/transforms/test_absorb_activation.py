# SPDX-License-Identifier: BSD-3-Clause
"""Chains of batch norm, ReLU and quantiser become thresholds that are exact for every integer."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import UnsupportedError
from chain.integers import fold, half
from fpga.transforms import AbsorbActivation, Tidy, absorb_activation
from fpga.transforms._graph import attribute
from tests.graphs import Builder

NODE = NodeProto(op_type="Quant", name="some.quant")


def chain_model(bits: int, k: int, factor, offset, out_bits: int, scale: float = 0.25) -> ModelWrapper:
    """A 1x1 convolution's accumulator of `bits` bits, then Mul, Add, Relu, Quant, one channel a factor."""
    b = Builder((1, 1, 1)).input_quant(1)
    b.conv("layer", len(factor), (1, 1), bits=bits, fold=k)
    b.activate("act", out_bits, scale)
    b.constants["act.factor"] = np.asarray(factor, np.float32).reshape(1, -1, 1, 1)
    b.constants["act.offset"] = np.asarray(offset, np.float32).reshape(1, -1, 1, 1)
    return ModelWrapper(b.head("fc", len(factor), 2)).transform(Tidy())


def reference(m: np.ndarray, bits: int, k: int, factor: float, offset: float, out_bits: int, scale: float) -> list[int]:
    """The chain in scalar float32 arithmetic."""
    levels = []
    for value in fold(m, bits, k).tolist():
        y = np.float32(np.float32(np.float32(value) * np.float32(factor)) + np.float32(offset))
        q = np.rint(np.float32(max(y, np.float32(0)) / np.float32(scale)))
        levels.append(int(min(q, 2**out_bits - 1)))
    return levels


def absorbed(model: ModelWrapper):
    """The WrapActivation behind the accumulator `layer`, and what it makes of integers [V, C]."""
    model = model.transform(AbsorbActivation())
    node = next(node for node in model.graph.node if node.name == "layer.WrapActivation")
    return getCustomOp(node), getCustomOp(node).kernel(model.graph)


@settings(max_examples=40)
@given(
    bits=st.integers(4, 9),
    k=st.sampled_from([0, 1, 3, 7]),
    out_bits=st.integers(1, 4),
    factors=st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=3),
    offset=st.floats(-30, 30, width=32),
    scale=st.floats(0.0625, 2, width=32),
)
def test_every_integer(bits: int, k: int, out_bits: int, factors: list[float], offset: float, scale: float) -> None:
    m = np.arange(-half(bits), half(bits))
    _, kernel = absorbed(chain_model(bits, k, factors, [offset] * len(factors), out_bits, scale))
    got = kernel(np.repeat(m[:, None], len(factors), axis=1).astype(np.float32))[0]
    for channel, factor in enumerate(factors):
        assert got[:, channel].tolist() == reference(m, bits, k, factor, offset, out_bits, scale)


def test_never_always_falling_and_constant_channels() -> None:
    factors, offsets = [1.0, 1.0, 1.0, -1.0, 0.0], [-1000.0, 1000.0, 0.0, 0.0, 0.6]
    op, kernel = absorbed(chain_model(8, 3, factors, offsets, 2))
    m = np.arange(-128, 128)
    got = kernel(np.repeat(m[:, None], 5, axis=1).astype(np.float32))[0]
    assert set(got[:, 0]) == {0} and set(got[:, 1]) == {3} and set(got[:, 4]) == {2}
    assert got[:, 2].tolist() == reference(m, 8, 3, 1.0, 0.0, 2, 0.25)
    assert got[:, 3].tolist() == reference(m, 8, 3, -1.0, 0.0, 2, 0.25)
    assert op.get_nodeattr("rows") == 5
    assert op.get_nodeattr("thresholdBits") == 8, "|fold| <= 96, so that 97, never reached, fits 8 bits"


def test_channels_that_agree_share_one_row() -> None:
    op, _ = absorbed(chain_model(8, 3, [0.5, 0.5, 0.5], [0.25] * 3, 2))
    assert op.get_nodeattr("rows") == 1


def test_the_fold_moves_into_the_activation() -> None:
    model = chain_model(8, 3, [1.0], [0.0], 2).transform(AbsorbActivation())
    accumulators = {
        node.name: attribute(node, "fold") for node in model.graph.node if node.op_type == "WrapAccumulator"
    }
    assert accumulators == {"layer": 0, "fc": 3}
    node = next(node for node in model.graph.node if node.name == "layer.WrapActivation")
    assert attribute(node, "fold") == 3 and attribute(node, "layer") == "layer"


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("factor", [3e-4, -7e-3])
def test_wide_accumulators_by_bisection(bits: int, factor: float) -> None:
    low, high = absorb_activation.domain(bits, 0)
    op, kernel = absorbed(chain_model(bits, 0, [factor, 1e-9], [0.7, 0.0], 3))
    assert high - low >= 1 << absorb_activation.ENUMERATED_BITS
    random = np.random.default_rng(bits)
    m = np.concatenate([random.integers(low, high + 1, 2000), np.arange(-6000, 6000), [low, high]])
    m = m[(m >= low) & (m <= high)]
    got = kernel(np.repeat(m[:, None], 2, axis=1).astype(np.float32))[0]
    assert got[:, 0].tolist() == reference(m, bits, 0, factor, 0.7, 3, 0.25)
    assert op.get_input_datatype().name == f"INT{bits}"


@given(
    low=st.integers(-40000, 0),
    steps=st.lists(st.integers(-40000, 40000), min_size=3, max_size=3),
    falling=st.booleans(),
)
def test_bisection_equals_enumeration(low: int, steps: list[int], falling: bool) -> None:
    def levels(x: np.ndarray) -> np.ndarray:
        values = (x[..., None] >= np.array(sorted(steps))).sum(axis=-1)
        return 3 - values if falling else values

    high = low + (1 << absorb_activation.ENUMERATED_BITS) + 7
    found = absorb_activation.staircase(levels, low, high, 1, 2, NODE)
    x = np.unique(np.clip(np.array([low, high, *steps, *(s - 1 for s in steps)]), low, high))[:, None]
    np.testing.assert_array_equal(found(x), levels(x))
    assert (found.thresholds >= (-high - 1 if found.flip[0] else low)).all()
    assert (found.thresholds <= (-low if found.flip[0] else high + 1)).all()


def test_a_chain_that_rises_and_falls_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"'some\.quant'.*channel 1.*rises and falls"):
        absorb_activation.staircase(lambda x: np.stack([x[:, 0] > 0, x[:, 1] == 0], 1) * 1, -4, 4, 2, 1, NODE)


def test_an_identical_input_quantiser_costs_nothing() -> None:
    model = ModelWrapper(Builder((2, 3, 3)).input_quant(8).conv("c", 2, (1, 1)).head("fc", 18, 2)).transform(Tidy())
    model = model.transform(AbsorbActivation())
    assert "WrapActivation" not in [node.op_type for node in model.graph.node]
    assert "Quant" not in [node.op_type for node in model.graph.node]


def test_no_match_without_integers() -> None:
    """A Quant behind a convolution of floats is not touched."""
    b = Builder((1, 4, 4))
    b.op("conv", "Conv", ["input", b.constant("w", np.ones((1, 1, 1, 1)))])
    model = ModelWrapper(b.quant("q", 2, 0.5).head("fc", 16, 2)).transform(Tidy())
    assert AbsorbActivation().apply(model)[1] is False


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signed": 1}, "signed, narrow or has a zero point"),
        ({"narrow": 1}, "signed, narrow or has a zero point"),
        ({"act.zero_point": 1.0}, "signed, narrow or has a zero point"),
        ({"act.bits": 9.0}, "9 bits"),
        ({"act.scale": [0.25, 0.5]}, "more than one scale"),
        ({"act.scale": -1.0}, "scale is -1"),
    ],
)
def test_quantisers_that_are_refused(change: dict[str, Any], reason: str) -> None:
    model = chain_model(8, 3, [1.0, 2.0], [0.0, 0.0], 2)
    node = next(node for node in model.graph.node if node.name == "act")
    for key, value in change.items():
        if key in ("signed", "narrow"):
            next(found for found in node.attribute if found.name == key).i = value
        else:
            model.set_initializer(key, np.asarray(value, np.float32).reshape((1, -1, 1, 1) if np.ndim(value) else ()))
    with pytest.raises(UnsupportedError, match=f"'act'.*{reason}"):
        model.transform(AbsorbActivation())


def test_a_constant_that_varies_over_pixels_is_refused() -> None:
    b = Builder((1, 2, 2)).input_quant(1).conv("layer", 2, (1, 1)).activate("act", 2)
    b.constants["act.offset"] = np.ones((1, 2, 2, 2), np.float32)
    with pytest.raises(UnsupportedError, match=r"'act'.*varies over pixels"):
        ModelWrapper(b.head("fc", 8, 2)).transform(Tidy()).transform(AbsorbActivation())
