# SPDX-License-Identifier: BSD-3-Clause
"""window_max, pool_max and pool_ahead, window_sum and arg_max against numpy."""

import numpy as np
import pytest

from tests.fpga.ops.test_units import single
from tests.fpga.rtl.bench import STALLS, Bench, Case, Stream

MAXIMA = [(1, 4, 1, 4), (6, 4, 3, 1), (7, 9, 7, 8), (13, 2, 1, 3), (4, 1, 2, 2)]  # Ch, K, Pe, Bits
# Height, Columns, Kh, Kw, Ch, Pe, Bits: tiles, rows and columns left over, single words, one window
POOLS = [
    (4, 6, 2, 2, 4, 2, 3),
    (5, 7, 2, 3, 6, 1, 2),
    (7, 5, 3, 2, 3, 3, 4),
    (6, 9, 1, 3, 5, 5, 1),
    (6, 3, 3, 1, 8, 1, 4),
    (5, 4, 5, 4, 3, 1, 8),
    (3, 5, 2, 3, 2, 2, 6),
    (1, 1, 1, 1, 1, 1, 2),
]
SUMS = [(1, 1, 4, 4, 6), (8, 2, 49, 4, 10), (13, 13, 7, 8, 11), (7, 1, 9, 1, 4), (4, 2, 1, 2, 2), (6, 3, 2, 16, 32)]
ARG_MAXIMA = [(10, 1, 8, 4), (10, 10, 8, 4), (10, 5, 16, 8), (7, 7, 4, 3), (13, 1, 2, 4), (1, 1, 8, 1), (8, 4, 32, 3)]
ARG_MAXIMA += [(10, 10, 8, 4, 3), (12, 6, 4, 4, 5), (40, 20, 6, 6, 6), (4, 2, 8, 2, 3)]  # the last: levels allowed


def max_case(ch: int, k: int, pe: int, bits: int) -> Case:
    x = np.random.default_rng(ch).integers(0, 1 << bits, (500 // (k * ch // pe) + 2, ch // pe, k, pe))
    return Case(
        "window_max",
        {"Ch": ch, "K": k, "Pe": pe, "Bits": bits},
        {"in_": Stream(x.reshape(-1, pe), bits)},
        {"out_": Stream(x.max(axis=2).reshape(-1, pe), bits)},
    )


def pool_case(height: int, columns: int, kh: int, kw: int, ch: int, pe: int, bits: int, cell: str = "pool_max") -> Case:
    frames = 500 // (height * columns * ch // pe) + 2
    x = np.random.default_rng(ch).integers(0, 1 << bits, (frames, height, columns, ch))
    down, across = height // kh, columns // kw
    tiles = x[:, : down * kh, : across * kw].reshape(frames, down, kh, across, kw, ch)
    return Case(
        cell,
        {"Height": height, "Columns": columns, "Kh": kh, "Kw": kw, "Ch": ch, "Pe": pe, "Bits": bits},
        {"in_": Stream(x.reshape(-1, pe), bits)},
        {"out_": Stream(tiles.max(axis=(2, 4)).reshape(-1, pe), bits)},
    )


def sum_case(ch: int, pe: int, pixels: int, in_bits: int, out_bits: int) -> Case:
    x = np.random.default_rng(ch).integers(0, 1 << in_bits, (500 // (pixels * ch // pe) + 2, pixels, ch))
    x[0] = (1 << in_bits) - 1
    return Case(
        "window_sum",
        {"Ch": ch, "Pe": pe, "Pixels": pixels, "InBits": in_bits, "OutBits": out_bits},
        {"in_": Stream(x.reshape(-1, pe), in_bits)},
        {"out_": Stream(x.sum(axis=1).reshape(-1, pe), out_bits)},
    )


def arg_max_case(classes: int, pe: int, bits: int, index_bits: int, levels: int = 8) -> Case:
    """Random values, and vectors in which all, or all but one, are equal: ties."""
    random = np.random.default_rng(classes)
    low, high = -(1 << (bits - 1)), 1 << (bits - 1)
    x = random.integers(low, high, (400 // (classes // pe) + 4, classes))
    x[::3] = random.integers(max(low, -2), min(high, 2), x[::3].shape)
    x[0], x[1], x[2] = low, high - 1, low
    x[2, -1] = low + 1
    return Case(
        "arg_max",
        {"Classes": classes, "Pe": pe, "Bits": bits, "IndexBits": index_bits, "MaxLevels": levels},
        {"in_": Stream(x.reshape(-1, pe), bits)},
        {"out_": Stream(x.argmax(axis=1)[:, None], index_bits)},
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    cases = [max_case(*shape) for shape in MAXIMA]
    cases += [pool_case(*shape, cell) for shape in POOLS for cell in ("pool_max", "pool_ahead")]
    cases += [sum_case(*shape) for shape in SUMS]
    cases += [arg_max_case(*shape) for shape in ARG_MAXIMA]
    return Bench(cases, tmp_path_factory.mktemp("windows"), "windows")


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_one_word_a_cycle_and_latency(bench: Bench) -> None:
    """Inputs never wait, and the first result comes as long after the word that completes it as its op says."""
    for case, result in zip(bench.cases, bench.run(0, 0), strict=True):
        # The bench ends with the last result: words behind it, in no window, need not have been read.
        read = np.count_nonzero(result.inputs) + (result.inputs[0] == 0)
        assert np.all(np.diff(result.inputs[:read]) == 1) and read >= len(result.inputs) - 50
        words = {
            "window_max": lambda p: p["K"],
            "pool": lambda p: ((p["Kh"] - 1) * p["Columns"] + p["Kw"] - 1) * p["Ch"] // p["Pe"] + 1,
            "window_sum": lambda p: (p["Pixels"] - 1) * p["Ch"] // p["Pe"] + 1,
            "arg_max": lambda p: p["Classes"] // p["Pe"],
        }["pool" if case.cell.startswith("pool") else case.cell](case.parameters)
        assert result.outputs[0] - result.inputs[words - 1] == latency(case)


def latency(case: Case) -> int:
    """From the word that completes a result to that."""
    if case.cell != "arg_max":
        return 1
    given = case.parameters
    sizes = {"classes": given["Classes"], "PE": given["Pe"], "maxLevels": given["MaxLevels"]}
    model, op = single("ArgMax", {}, inputDataType="INT8", **sizes)
    return op.latency(model.graph)


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)
