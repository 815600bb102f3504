# SPDX-License-Identifier: BSD-3-Clause
"""stream_fork, stream_add and stream_narrow, alone: every word once on each side, sums lane by lane, parts in order."""

import numpy as np
import pytest

from tests.fpga.rtl.bench import STALLS, Bench, Case, Stream

# Pe, In0Bits, In1Bits, OutBits
NARROWS = [(1, 2), (7, 3), (16, 8), (40, 5)]  # Width, Parts
ADDERS = [(1, 4, 4, 5), (7, 1, 1, 2), (13, 3, 5, 6), (2, 8, 8, 9), (1, 32, 32, 33)]


def fork_case(width: int) -> Case:
    stream = Stream(np.random.default_rng(width).integers(0, 2, (500, width)), 1)
    return Case("stream_fork", {"Width": width}, {"in_": stream}, {"out0_": stream, "out1_": stream})


def add_case(pe: int, bits0: int, bits1: int, out_bits: int) -> Case:
    random = np.random.default_rng(pe)
    a, b = random.integers(0, 1 << bits0, (500, pe)), random.integers(0, 1 << bits1, (500, pe))
    a[0], b[0] = (1 << bits0) - 1, (1 << bits1) - 1
    return Case(
        "stream_add",
        {"Pe": pe, "In0Bits": bits0, "In1Bits": bits1, "OutBits": out_bits},
        {"in0_": Stream(a, bits0), "in1_": Stream(b, bits1)},
        {"out_": Stream(a + b, out_bits)},
    )


def narrow_case(width: int, parts: int) -> Case:
    bits = np.random.default_rng(width).integers(0, 2, (100, parts, width))
    return Case(
        "stream_narrow",
        {"Width": width, "Parts": parts},
        {"in_": Stream(bits.reshape(100, -1), 1)},
        {"out_": Stream(bits.reshape(-1, width), 1)},
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    cases = [fork_case(1), fork_case(40), *(add_case(*adder) for adder in ADDERS)]
    cases += [narrow_case(*shape) for shape in NARROWS]
    return Bench(cases, tmp_path_factory.mktemp("streams"), "streams")


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_one_word_a_cycle_and_latency(bench: Bench) -> None:
    for case, result in zip(bench.cases, bench.run(0, 0), strict=True):
        assert np.all(np.diff(result.outputs) == 1)
        # A word leaves stream_narrow's input with its last part.
        latency = {"stream_add": 1, "stream_fork": 0, "stream_narrow": 2 - int(case.parameters.get("Parts", 0))}
        assert int(result.outputs[0]) - int(result.inputs[0]) == latency[case.cell]


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)
