# SPDX-License-Identifier: BSD-3-Clause
"""Padding and windows on cells of ours: the words of FINN's nodes, under stalls, as fast as the model says."""

import numpy as np
import pytest

from chain.errors import UnsupportedError
from fpga import sliding, windows
from fpga.layers import hardware
from tests.fpga import finn_graphs
from tests.fpga.rtl.bench import STALLS, Bench, Case, Stream

BITS = 3
FRAMES = 4
# Height and width, kernel, stride, channels, SIMD, depthwise
WORDS = [
    ([6, 7], [3, 3], [1, 1], 4, 2, 0),
    ([9, 8], [3, 3], [2, 2], 3, 1, 0),
    ([3, 11], [1, 7], [1, 2], 2, 1, 0),
    ([8, 7], [3, 3], [1, 1], 4, 1, 1),
    ([8, 8], [2, 2], [2, 2], 4, 2, 1),
    ([5, 5], [5, 5], [1, 1], 2, 2, 0),
    ([7, 6], [1, 1], [3, 2], 6, 2, 0),
    ([6, 6], [2, 3], [4, 1], 3, 3, 0),
    ([18, 18], [3, 3], [2, 2], 2, 2, 0),
]
WHOLE = [
    ([6, 7], [3, 3], [1, 1], 2),
    ([9, 8], [3, 3], [2, 2], 1),
    ([5, 6], [1, 4], [1, 2], 2),
    ([6, 3], [3, 3], [1, 1], 1),
    ([7, 4], [2, 3], [3, 1], 3),
    ([6, 9], [5, 2], [1, 3], 1),
]
PADS = [
    ([4, 5], [1, 1, 1, 1], 2, 1),
    ([3, 3], [0, 2, 1, 0], 1, 1),
    ([2, 4], [3, 0, 0, 4], 3, 3),
    ([3, 2], [0] * 4, 2, 2),
]


def window(dim, kernel, stride, channels, simd, depthwise=0, parallel=0):
    node = finn_graphs.window("in", "out", "w", dim, kernel, stride, channels, simd, BITS, depthwise, parallel)
    return hardware(node)


def images(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << BITS, (FRAMES, *shape))


def word_case(index: int, *shape) -> Case:
    """Words in FINN's order of them."""
    inst = window(*shape)
    (height, width), channels, simd = shape[0], shape[3], shape[4]
    x = images(index, height * width * channels // simd, simd)
    offsets, first = sliding.geometry(inst)
    made = windows.cell(inst)
    y = x[:, (first[:, None] + offsets).reshape(-1)]
    return Case(
        made.name,
        made.parameters,
        {"in_": Stream(x.reshape(-1, simd), BITS)},
        {"out_": Stream(y.reshape(-1, simd), BITS)},
    )


def whole_case(index: int, dim, kernel, stride, channels) -> Case:
    made = windows.cell(window(dim, kernel, stride, channels, channels, parallel=1))
    x = images(index, *dim, channels)
    seen = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))[:, :: stride[0], :: stride[1]]
    y = seen.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kernel[0] * kernel[1] * channels)
    return Case(made.name, made.parameters, {"in_": Stream(x.reshape(-1, channels), BITS)}, {"out_": Stream(y, BITS)})


def pad_case(index: int, dim, pads, channels, simd) -> Case:
    made = windows.cell(hardware(finn_graphs.padding("in", "out", "p", dim, pads, channels, simd, BITS)))
    x = images(index, *dim, channels)
    top, left, bottom, right = pads
    y = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0))).reshape(-1, simd)
    # Those before the first pixel of an image come without it.
    y = np.append(y, np.zeros((((left + right + dim[1]) * top + left) * channels // simd, simd), dtype=int), axis=0)
    return Case(
        made.name,
        made.parameters,
        {"in_": Stream(x.reshape(-1, simd), BITS)},
        {"out_": Stream(y, BITS)},
    )


CASES = [
    *(word_case(index, *shape) for index, shape in enumerate(WORDS)),
    *(whole_case(index, *shape) for index, shape in enumerate(WHOLE)),
    *(pad_case(index, *shape) for index, shape in enumerate(PADS)),
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(CASES, tmp_path_factory.mktemp("sliding"), "sliding")


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)


def test_windows_in_words_come_as_fast_as_the_model_says(bench: Bench) -> None:
    for shape, result in zip(WORDS, bench.run(0, 0), strict=False):
        if not sliding.slides(window(*shape)):
            continue
        last = result.outputs.reshape(FRAMES, -1)[:, -1].astype(int)
        assert np.all(np.diff(last)[1:] == sliding.period(window(*shape)))


def test_whole_windows_and_padding_move_a_word_a_cycle(bench: Bench) -> None:
    for case, result in zip(CASES, bench.run(0, 0), strict=True):
        if case.cell == "parallel_window":  # windows of one pixel among them, in several words
            assert np.all(np.diff(result.inputs) == 1)
        if case.cell == "pad_image":
            assert np.all(np.diff(result.outputs) == 1)


def test_whole_windows_take_whole_pixels() -> None:
    with pytest.raises(UnsupportedError, match=r"node 'w': parallel_window with SIMD=2.*set SIMD=4"):
        windows.cell(window([6, 7], [3, 3], [1, 1], 4, 2, depthwise=1, parallel=1))
