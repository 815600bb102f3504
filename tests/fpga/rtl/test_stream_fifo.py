# SPDX-License-Identifier: BSD-3-Clause
"""stream_fifo: every word in order, full throughput, latency, and as many words as its depth."""

import numpy as np
import pytest

from tests.fpga.rtl.bench import STALLS, Bench, Case, Stream

SHAPES = [(1, 2), (8, 2), (8, 3), (33, 4), (7, 5), (100, 17), (16, 64), (8, 300)]


def case(width: int, depth: int) -> Case:
    values = np.random.default_rng(width * 1000 + depth).integers(0, 2, (700, width))
    stream = Stream(values, 1)
    return Case("stream_fifo", {"Width": width, "Depth": depth}, {"in_": stream}, {"out_": stream})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench([case(*shape) for shape in SHAPES], tmp_path_factory.mktemp("fifo"), "stream_fifo")


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure)


def test_full_throughput_and_latency(bench: Bench) -> None:
    for (_, depth), result in zip(SHAPES, bench.run(0, 0), strict=True):
        assert np.all(np.diff(result.outputs) == 1)
        assert result.outputs[0] - result.inputs[0] == (1 if depth == 2 else 2)


def test_capacity(bench: Bench) -> None:
    """A fifo whose output never moves takes exactly Depth words."""
    for (_, depth), taken in zip(SHAPES, bench.fill(), strict=True):
        assert taken == depth


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(30, 50, seed=3, reset_at=101)
