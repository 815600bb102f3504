# SPDX-License-Identifier: BSD-3-Clause
"""Cells of shapes that hypothesis draws, larger than those of the proofs, side by side in one simulation.

A shape that fails is made smaller, and the others are left out. `make fuzz` draws more of them.
"""

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fpga.rtl import (
    test_sliding,
    test_stream_fifo,
    test_streams,
    test_windows,
    test_wrap_activation,
    test_wrap_mvu,
    test_wrap_vvu,
)
from tests.fpga.rtl.bench import Bench, Case

Draw = Callable[[st.SearchStrategy[int]], int]
MULTIPLIERS = 6_000  # bits of inputs times bits of weights: compiled in a second or two
WORDS = 4_096  # of a memory of thresholds
DESIGNS = int(os.environ.get("WRAPNET_DESIGNS", "3"))
PERCENT = st.integers(0, 80)


def up_to(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, max(1, most))


@st.composite
def matrices(draw: Draw, index: int) -> Case:
    in_bits, weight_bits, acc_bits = draw(up_to(8)), draw(up_to(8)), draw(st.integers(4, 32))
    simd = draw(up_to(min(72, MULTIPLIERS // (in_bits * weight_bits))))
    pe = draw(up_to(min(16, MULTIPLIERS // (in_bits * weight_bits * simd))))
    columns, rows, groups = draw(up_to(40)), draw(up_to(8)), draw(up_to(3))
    shape = (columns * simd, rows * pe * groups, simd, pe, in_bits, weight_bits, acc_bits, groups)
    return test_wrap_mvu.case(index, shape, draw(st.sampled_from(["auto", "block", "distributed"])))


@st.composite
def depthwise(draw: Draw, index: int) -> Case:
    pe, words, taps = draw(up_to(16)), draw(up_to(16)), draw(up_to(49))
    shape = (pe * words, taps, pe, draw(up_to(8)), draw(up_to(8)), draw(st.integers(4, 32)))
    return test_wrap_vvu.case(index, shape)


@st.composite
def activations(draw: Draw, index: int) -> Case:
    signed, in_bits, out_bits = draw(st.integers(0, 1)), draw(st.integers(2, 32)), draw(up_to(8))
    k = draw(st.integers(0, min(15, 2**in_bits - 1))) if signed else 0
    pe = draw(up_to(min(16, WORDS >> out_bits)))
    words = draw(up_to(WORDS // (pe << out_bits)))
    styles = ["search", "table"] if in_bits <= 10 else ["search"]
    if out_bits == 1 and k > 0 and k & (k + 1) == 0 and k < 1 << in_bits - 1:
        styles.append("interval")
    shape = (pe * words, pe, in_bits, signed, k, out_bits, draw(st.integers(0, 1)))
    return test_wrap_activation.case(index, shape, draw(st.sampled_from(styles)))


@st.composite
def folds(draw: Draw, _: int) -> Case:
    bits = draw(st.integers(2, 32))
    return test_wrap_activation.fold_case(bits, draw(st.integers(0, min(255, 2**bits - 1))), draw(up_to(16)))


@st.composite
def windows_in_words(draw: Draw, index: int) -> Case:
    dim, kernel, stride = draw(images())
    simd, parts = draw(up_to(8)), draw(up_to(4))
    return test_sliding.word_case(index, dim, kernel, stride, simd * parts, simd, draw(st.integers(0, 1)))


@st.composite
def whole_windows(draw: Draw, index: int) -> Case:
    return test_sliding.whole_case(index, *draw(images()), draw(up_to(6)))


@st.composite
def images(draw: Draw) -> tuple[list[int], list[int], list[int]]:
    """Size, kernel and stride; rows and columns may be left over."""
    kernel = [draw(up_to(5)) for _ in "hw"]
    size = [k + draw(st.integers(0, 12)) for k in kernel]
    return size, kernel, [draw(up_to(min(4, length))) for length in size]


@st.composite
def padding(draw: Draw, index: int) -> Case:
    pads, simd = [draw(st.integers(0, 5)) for _ in range(4)], draw(up_to(16))
    return test_sliding.pad_case(index, [draw(up_to(20)), draw(up_to(20))], pads, simd * draw(up_to(6)), simd)


@st.composite
def maxima(draw: Draw, _: int) -> Case:
    pe = draw(up_to(16))
    return test_windows.max_case(pe * draw(up_to(20)), draw(up_to(49)), pe, draw(up_to(8)))


@st.composite
def tiles(draw: Draw, _: int) -> Case:
    kernel, pe = [draw(up_to(4)), draw(up_to(4))], draw(up_to(8))
    height, columns = (size * draw(up_to(12)) + draw(st.integers(0, size - 1)) for size in kernel)
    cell = draw(st.sampled_from(["pool_max", "pool_ahead"]))
    return test_windows.pool_case(height, columns, *kernel, pe * draw(up_to(32)), pe, draw(up_to(8)), cell)


@st.composite
def sums(draw: Draw, _: int) -> Case:
    pe, pixels, in_bits = draw(up_to(8)), draw(up_to(64)), draw(up_to(8))
    out_bits = (pixels * ((1 << in_bits) - 1)).bit_length()
    return test_windows.sum_case(pe * draw(up_to(40)), pe, pixels, in_bits, out_bits)


@st.composite
def labels(draw: Draw, _: int) -> Case:
    pe, bits = draw(up_to(16)), draw(st.integers(2, 32))
    classes = pe * draw(up_to(64))
    index_bits, levels = max(1, (classes - 1).bit_length()), draw(st.integers(1, 8))
    return test_windows.arg_max_case(classes, pe, bits, index_bits, levels)


@st.composite
def queues(draw: Draw, _: int) -> Case:
    return test_stream_fifo.case(draw(up_to(200)), draw(st.integers(2, 600)))


@st.composite
def forks(draw: Draw, _: int) -> Case:
    return test_streams.fork_case(draw(up_to(200)))


@st.composite
def narrows(draw: Draw, _: int) -> Case:
    return test_streams.narrow_case(draw(up_to(200)), draw(st.integers(2, 20)))


@st.composite
def additions(draw: Draw, _: int) -> Case:
    bits = [draw(up_to(16)), draw(up_to(16))]
    return test_streams.add_case(draw(up_to(16)), *bits, max(bits) + 1)


CELLS = [
    *[matrices, depthwise, activations, folds, windows_in_words, whole_windows, padding, maxima, tiles, sums, labels],
    *[queues, forks, narrows, additions],
]


@st.composite
def designs(draw: Draw) -> list[Case]:
    """Some cells, of any of the kinds; their memories' names hold their index."""
    chosen = draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=12))
    return [draw(cell(1000 * index + draw(st.integers(0, 999)))) for index, cell in enumerate(chosen)]


@settings(max_examples=DESIGNS, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), PERCENT, PERCENT, st.integers(1, 2**31), st.integers(0, 300))
def test_words(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    idle: int,
    back_pressure: int,
    seed: int,
    reset_at: int,
) -> None:
    """Dot products in the form that Verilator gets by default, or one that is synthesised."""
    cases = data.draw(designs())
    form: dict[str, str] = data.draw(st.sampled_from([{}, {"WRAPNET_TABLES": ""}, {"WRAPNET_ADDERS": ""}]))
    bench = Bench(cases, tmp_path_factory.mktemp("any_shape"), "any_shape", form, ("-O0",))
    try:
        bench.run(idle, back_pressure, seed, reset_at)
    finally:
        shutil.rmtree(bench.library.parent)
