# SPDX-License-Identifier: BSD-3-Clause
"""WrapMVU, WrapVVU, WrapActivation, WrapFold: their arithmetic against plain integers, and their shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import UnsupportedError
from chain.integers import fold, half, wrap
from fpga.estimate import coefficients, nodes, units
from fpga.ops import _arithmetic, _window
from fpga.transforms._graph import hardware
from fpga.unrolled import sharing


def single(op_type: str, parameters: dict[str, np.ndarray], suffix: str = "", **attributes):
    """A graph of one op with input `x` and output `y`, and the op's instance."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph([], "one", [value("x", TensorProto.FLOAT, None)], [value("y", TensorProto.FLOAT, None)])
    model = ModelWrapper(helper.make_model(graph))
    node = hardware(model, op_type, ["x", *parameters], ["y"], layer="layer", **attributes)
    node.op_type += suffix
    node.domain += ".rtl" if suffix else ""
    model.graph.node.append(node)
    for name, array in parameters.items():
        model.set_initializer(name, array)
    op = getCustomOp(model.graph.node[0])
    model.set_tensor_shape("x", list(op.get_normal_input_shape()))
    model.set_tensor_shape("y", list(op.get_normal_output_shape()))
    model.set_tensor_datatype("x", DataType[attributes["inputDataType"]])
    return model, op


def mvu(weights: np.ndarray, in_bits: int, bits: int, vectors: tuple[int, ...] = (), **attributes):
    settings = {
        "MW": weights.shape[0],
        "MH": weights.shape[1],
        "accumulatorBits": bits,
        "inputDataType": f"UINT{in_bits}",
        "weightDataType": "INT8",
        "inputShape": [1, *vectors, weights.shape[0]],
        "vectors": list(vectors),
        **attributes,
    }
    return single("WrapMVU", {"w": weights.astype(np.float32)}, **settings)


@given(seed=st.integers(0, 10**6), bits=st.integers(2, 32), in_bits=st.integers(1, 8), mw=st.integers(1, 40))
@settings(max_examples=60)
def test_mvu_is_the_product_modulo(seed: int, bits: int, in_bits: int, mw: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(-128, 128, (mw, 3))
    x = random.integers(0, 1 << in_bits, (5, mw))
    model, op = mvu(weights, in_bits, bits)
    got = op.kernel(model.graph)(x.astype(np.float32))[0]
    np.testing.assert_array_equal(got, wrap(x @ weights, bits))


def test_mvu_of_sums_beyond_float32() -> None:
    """Sums of up to 2^26 do not fit float32's integers: they are made in float64."""
    weights = np.full((2100, 1), -127)
    weights[0] = -128
    x = np.full((1, 2100), 255)
    model, op = mvu(weights, 8, 8)
    assert int((x @ weights)[0, 0]) < -(1 << 24)
    np.testing.assert_array_equal(op.kernel(model.graph)(x.astype(np.float32))[0], wrap(x @ weights, 8))


def test_sums_beyond_any_float_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"'deep'.*2\^53"):
        _arithmetic.exact_type(1 << 53, "deep")


@given(z=st.lists(st.integers(-(2**30), 2**30), min_size=1), bits=st.integers(1, 32))
def test_float_wrap(z: list[int], bits: int) -> None:
    got = _arithmetic.wrap(np.array(z, dtype=np.float64), bits, max(abs(v) for v in z))
    assert got.astype(np.int64).tolist() == wrap(z, bits).tolist()


def test_mvu_shapes_widths_cycles() -> None:
    _, op = mvu(np.ones((12, 6)), 3, 7, (4, 5), PE=2, SIMD=3)
    assert op.get_folded_input_shape() == (1, 4, 5, 4, 3) and op.get_folded_output_shape() == (1, 4, 5, 3, 2)
    assert (op.get_instream_width(0), op.get_instream_width(1), op.get_outstream_width()) == (9, 0, 14)
    assert (op.get_instream_width_padded(), op.get_outstream_width_padded()) == (16, 16)
    assert op.get_exp_cycles() == 4 * 5 * 4 * 3
    assert op.get_output_datatype().name == "INT7"
    assert op.lut_estimation() > 0


@pytest.mark.parametrize(("pe", "simd"), [(4, 1), (1, 5)])
def test_folding_that_does_not_divide_is_refused(pe: int, simd: int) -> None:
    _, op = mvu(np.ones((12, 6)), 3, 7, PE=pe, SIMD=simd)
    with pytest.raises(UnsupportedError, match=r"'layer'.*divide"):
        op.get_folded_input_shape()
        op.get_folded_output_shape()


@pytest.mark.parametrize("suffix", ["", "_rtl"])
@pytest.mark.parametrize("pe", [1, 2, 6])
def test_vvu_and_max_in_both_orders(pe: int, suffix: str) -> None:
    random = np.random.default_rng(pe)
    windows = random.integers(0, 8, (3, 2, 4, 9, 6))  # N, OH, OW, K, C
    weights = random.integers(-4, 4, (9, 6))
    common = {"inputDataType": "UINT3", "Channels": 6, "Kernel": 9, "vectors": [2, 4], "PE": pe}
    x = windows.reshape(3, 2, 4, 54).astype(np.float32)
    if suffix:
        x = _window.interleave(x, 6, pe)
    model, op = single(
        "WrapVVU", {"w": weights.astype(np.float32)}, suffix, accumulatorBits=5, weightDataType="INT3", **common
    )
    np.testing.assert_array_equal(op.kernel(model.graph)(x)[0], wrap((windows * weights).sum(axis=3), 5))
    assert op.get_folded_input_shape() == (1, 2, 4, 54 // pe, pe)
    model, op = single("WindowMax", {}, suffix, **common)
    np.testing.assert_array_equal(op.kernel(model.graph)(x)[0], windows.max(axis=3))
    assert op.get_exp_cycles() == 2 * 4 * 54 // pe


@given(
    seed=st.integers(0, 10**6),
    bits=st.sampled_from([4, 8, 11, 20]),
    k=st.sampled_from([0, 1, 3, 7]),
    shared=st.booleans(),
)
@settings(max_examples=40)
def test_activation_counts_thresholds(seed: int, bits: int, k: int, shared: bool) -> None:
    random = np.random.default_rng(seed)
    rows = 1 if shared else 5
    thresholds = np.sort(random.integers(-half(bits), half(bits) + 1, (rows, 3)), axis=1)
    flips = random.integers(0, 2, rows)
    model, op = single(
        "WrapActivation",
        {"t": thresholds, "f": flips},
        inputDataType=f"INT{bits}",
        shape=[1, 2, 2, 5],
        outBits=2,
        thresholdBits=bits + 1,
        rows=rows,
        fold=k,
    )
    m = random.integers(-half(bits), half(bits), (7, 2, 2, 5))
    got = op.kernel(model.graph)(m.astype(np.float32))[0]
    f = fold(m, bits, k)
    for c in range(5):
        row = 0 if shared else c
        g = ~f[..., c] if flips[row] else f[..., c]
        wanted = sum((g >= t).astype(int) for t in thresholds[row])
        np.testing.assert_array_equal(got[..., c], wanted)


def activation(bits: int, out_bits: int, rows: int, **attributes: int):
    parameters = {"t": np.zeros((rows, 2**out_bits - 1), np.int64), "f": np.zeros(rows, np.int64)}
    sizes = {"shape": [1, rows], "outBits": out_bits, "thresholdBits": bits, "rows": rows, "fold": 3, **attributes}
    return single("WrapActivation", parameters, inputDataType=f"INT{bits}", **sizes)[1]


@pytest.mark.parametrize(("pe", "style"), [(1, "search"), (16, "table")])
def test_the_smaller_form_is_chosen(pe: int, style: str) -> None:
    """A table of one channel beats a search; a table of all channels in one lane does not."""
    op = activation(8, 4, 16, PE=pe)
    assert op.chosen_style() == style
    op.set_nodeattr("style", "search")
    assert op.chosen_style() == "search"


@pytest.mark.parametrize(
    ("out_bits", "k", "bits", "style"),
    [(1, 3, 8, "interval"), (1, 1, 8, "interval"), (1, 3, 2, "table"), (2, 3, 8, "search")],
)
def test_a_bit_is_an_interval_where_the_corner_is_read_off_m(out_bits: int, k: int, bits: int, style: str) -> None:
    assert activation(bits, out_bits, 16, PE=2, fold=k).chosen_style() == style


@pytest.mark.parametrize(("bits", "k"), [(8, 0), (8, 5), (3, 7)])
def test_without_such_a_corner_there_is_no_interval(bits: int, k: int) -> None:
    assert activation(bits, 1, 16, PE=2, fold=k).chosen_style() != "interval"


@pytest.mark.parametrize(("levels", "style"), [(8, "table"), (3, "search")])
def test_a_table_of_too_many_levels_is_not_chosen(levels: int, style: str) -> None:
    assert activation(10, 1, 1, maxLevels=levels).chosen_style() == style


def test_a_table_in_block_ram_is_not_chosen() -> None:
    op = activation(8, 4, 16)
    table, search = (coefficients.shipped().counts(units.ACTIVATIONS[form](op)) for form in ("table", "search"))
    assert table.bram36 and table.lut < search.lut and op.chosen_style() == "search"


@pytest.mark.parametrize("bits", [4, 8, 18])
def test_fold(bits: int) -> None:
    model, op = single("WrapFold", {}, inputDataType=f"INT{bits}", shape=[1, 16], fold=3)
    m = np.linspace(-half(bits), half(bits) - 1, 16).round()[None]
    np.testing.assert_array_equal(op.kernel(model.graph)(m.astype(np.float32))[0], fold(m, bits, 3))


def test_a_changed_input_type_is_refused() -> None:
    model, op = mvu(np.ones((2, 2)), 3, 7)
    op.infer_node_datatype(model)
    assert model.get_tensor_datatype("y").name == "INT7"
    model.set_tensor_datatype("x", DataType["UINT4"])
    with pytest.raises(UnsupportedError, match=r"made for UINT3 inputs.*now UINT4"):
        op.infer_node_datatype(model)


def test_what_estimates_know_of_an_unrolled_layer() -> None:
    for inputs, rows, known in ((9, 8, True), (300, 8, False), (2, 200, False)):
        weights = np.random.default_rng(0).integers(0, 2, (inputs, rows)) * 2 - 1
        model, op = mvu(weights, 2, 8, weightDataType="BIPOLAR")
        op.note(model.graph)
        circuit = sharing.outline(weights.T, 2, 8)
        expected = [circuit.luts, circuit.registers, circuit.carry4] if known else [0, 0, 0]
        assert list(op.get_nodeattr("outline")) == expected


@pytest.mark.parametrize(("kind", "low", "high"), [("BIPOLAR", 0, 2), ("TERNARY", -1, 2), ("INT4", -8, 8)])
def test_a_large_unrolled_layer_is_estimated_by_its_size(kind: str, low: int, high: int) -> None:
    weights = np.random.default_rng(0).integers(low, high, (40, 30))
    weights = weights * 2 - 1 if kind == "BIPOLAR" else weights
    model, op = mvu(weights, 2, 8, weightDataType=kind, PE=30, SIMD=40)
    op.note(model.graph)
    known = nodes.node(op).lut
    op.set_nodeattr("outline", [0, 0, 0])
    by_size = nodes.node(op).lut
    assert by_size == pytest.approx(known, rel=0.2) and by_size != known
