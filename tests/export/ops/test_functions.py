# SPDX-License-Identifier: BSD-3-Clause
"""The operators' bodies in onnxruntime and their Python in QONNX's executor, against plain Python integers."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper
from qonnx.custom_op.general.intquant import int_quant

from chain.errors import InputError
from export.ops.functions import QUANT_DOMAIN, WRAP_DOMAIN, embed, make_model
from export.ops.runtime import OnnxRuntime, QonnxExecutor

EXACT = 2**24 - 1


def one_node(node: onnx.NodeProto, constants: dict[str, np.ndarray] | None = None) -> ModelProto:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node],
        "graph",
        [value("x", TensorProto.FLOAT, [1, 1])],
        [value("y", TensorProto.FLOAT, [1, 1])],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    return make_model(graph)


def wrap_node(bits: int, fold: int) -> ModelProto:
    return one_node(
        helper.make_node("WrapAccumulator", ["x"], ["y"], name="layer", domain=WRAP_DOMAIN, bits=bits, fold=fold)
    )


def quant_node(bits: int, scale: float, signed: int, narrow: int, mode: str = "ROUND") -> ModelProto:
    constants = {
        "scale": np.asarray(scale, np.float32),
        "zero": np.asarray(0, np.float32),
        "bits": np.asarray(bits, np.float32),
    }
    return one_node(
        helper.make_node(
            "Quant",
            ["x", "scale", "zero", "bits"],
            ["y"],
            name="quant",
            domain=QUANT_DOMAIN,
            signed=signed,
            narrow=narrow,
            rounding_mode=mode,
        ),
        constants,
    )


def wrapped_and_folded(z: int, bits: int, k: int) -> int:
    h = 2 ** (bits - 1)
    m = (z + h) % (2 * h) - h
    if not k:
        return m
    return (1 if m >= 0 else -1) * min(abs(m), k * (h - abs(m)))


@pytest.mark.parametrize("bits", [1, 2, 4, 7, 8, 9, 16, 23, 24, 25, 26, 31, 32])
@pytest.mark.parametrize("fold", [0, 1, 3, 7])
def test_wrap_accumulator_equals_integers_in_both_runtimes(bits: int, fold: int) -> None:
    h = 2 ** (bits - 1)
    edges = {n * h + d for n in range(-4, 5) for d in range(-2, 3)} | {EXACT - d for d in range(300)}
    edges |= {-z for z in edges} | set(range(-600, 601))
    random = np.random.default_rng(bits).integers(-EXACT, EXACT + 1, 2000).tolist()
    sums = sorted(z for z in edges | set(random) if abs(z) <= EXACT)
    expected = [wrapped_and_folded(z, bits, fold) for z in sums]
    model = wrap_node(bits, fold)
    x = np.asarray(sums, np.float32).reshape(-1, 1)
    for runner in (OnnxRuntime(model, threads=1), QonnxExecutor(model)):
        assert runner(x)["y"].ravel().astype(np.int64).tolist() == expected, type(runner).__name__


@settings(max_examples=60, deadline=None)
@given(z=st.integers(-EXACT, EXACT), bits=st.integers(4, 32), fold=st.sampled_from([0, 1, 2, 3, 5, 7]))
def test_wrap_accumulator_at_random(z: int, bits: int, fold: int) -> None:
    model = wrap_node(bits, fold)
    x = np.asarray([[z]], np.float32)
    got = [int(runner(x)["y"][0, 0]) for runner in (OnnxRuntime(model, threads=1), QonnxExecutor(model))]
    assert got == [wrapped_and_folded(z, bits, fold)] * 2


@pytest.mark.parametrize(
    ("bits", "signed", "narrow"), [(1, 0, 0), (2, 0, 0), (4, 0, 0), (8, 0, 0), (3, 0, 1), (4, 1, 0), (8, 1, 1)]
)
@pytest.mark.parametrize("scale", [1.0, 0.25, 1 / 255, 0.0371])
def test_quant_equals_qonnx(bits: int, signed: int, narrow: int, scale: float) -> None:
    """The body against QONNX's Python, ties between two integers included."""
    step = np.float32(scale)
    x = np.concatenate([np.arange(-600, 600) * step / 2, np.random.default_rng(0).normal(0, 90 * scale, 3000)])
    x = x.astype(np.float32).reshape(-1, 1)
    model = quant_node(bits, scale, signed, narrow)
    expected = int_quant(x, step, np.float32(0), np.float32(bits), signed, narrow, "ROUND")
    assert np.array_equal(OnnxRuntime(model, threads=1)(x)["y"], expected.astype(np.float32))
    assert np.array_equal(QonnxExecutor(model)(x)["y"], expected.astype(np.float32))


def test_rounding_the_body_cannot_do_is_refused() -> None:
    with pytest.raises(InputError, match=r"'quant'.*'FLOOR'.*expected ROUND"):
        quant_node(4, 1.0, 0, 0, mode="FLOOR")


def test_embedding_twice_adds_nothing() -> None:
    model = wrap_node(8, 3)
    before = model.SerializeToString(deterministic=True)
    embed(model)
    assert model.SerializeToString(deterministic=True) == before
    assert [function.name for function in model.functions] == ["WrapAccumulator"]
