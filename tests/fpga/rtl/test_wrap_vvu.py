# SPDX-License-Identifier: BSD-3-Clause
"""wrap_vvu against a numpy sum of products, wrapped."""

import numpy as np
import pytest

from chain.integers import wrap
from fpga.rtl_memory import vvu_weights
from tests.fpga.ops.test_units import single
from tests.fpga.rtl.bench import STALLS, Bench, Case, Stream
from tests.fpga.rtl.test_wrap_mvu import WEIGHT_TYPES, adder_levels

# Ch, K, Pe, InBits, WeightBits, AccBits
SHAPES = [
    (1, 1, 1, 1, 1, 4),
    (8, 9, 4, 4, 1, 8),
    (7, 9, 7, 8, 1, 6),
    (13, 7, 1, 2, 1, 12),
    (6, 25, 2, 4, 2, 8),
    (4, 9, 4, 8, 4, 10),
    (5, 1, 5, 3, 4, 8),
    (3, 49, 1, 8, 8, 32),
    (14, 3, 7, 5, 8, 4),
]
NAMES = ("Ch", "K", "Pe", "InBits", "WeightBits", "AccBits")


def case(index: int, shape: tuple[int, ...]) -> Case:
    ch, k, pe, in_bits, weight_bits, acc_bits = shape
    random = np.random.default_rng(index)
    x = random.integers(0, 1 << in_bits, (500 // (ch // pe * k) + 3, ch, k))
    x[0], x[1] = 0, (1 << in_bits) - 1
    low = -1 if weight_bits < 3 else -(1 << (weight_bits - 1))
    weights = random.integers(low, 1 << (weight_bits - 1), (ch, k))
    if weight_bits == 1:
        weights = random.integers(0, 2, (ch, k)) * 2 - 1
    weights[0] = low
    y = wrap((x * weights).sum(axis=2), acc_bits)
    words = x.reshape(-1, ch // pe, pe, k).transpose(0, 1, 3, 2)
    return Case(
        "wrap_vvu",
        {**dict(zip(NAMES, shape, strict=True)), "InitFile": f"vvu{index}.hex"},
        {"in_": Stream(words.reshape(-1, pe), in_bits)},
        {"out_": Stream(y.reshape(-1, pe), acc_bits)},
        {f"vvu{index}.hex": vvu_weights(weights, pe, weight_bits)},
    )


@pytest.fixture(scope="module", params=[{}, {"WRAPNET_ADDERS": ""}], ids=["counted", "adders"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    cases = [case(*indexed) for indexed in enumerate(SHAPES)]
    return Bench(cases, tmp_path_factory.mktemp("vvu"), "wrap_vvu", request.param)


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_one_word_a_cycle_and_latency(bench: Bench) -> None:
    for (ch, k, pe, in_bits, weight_bits, acc_bits), result in zip(SHAPES, bench.run(0, 0), strict=True):
        assert np.all(np.diff(result.inputs) == 1)
        sizes = {"Channels": ch, "Kernel": k, "PE": pe, "accumulatorBits": acc_bits}
        types = {"inputDataType": f"UINT{in_bits}", "weightDataType": WEIGHT_TYPES[weight_bits]}
        model, op = single("WrapVVU", {"w": np.zeros((k, ch))}, **sizes, **types)
        latency = op.latency(model.graph)
        if bench.defines and weight_bits > 1:
            latency += adder_levels(1, in_bits, weight_bits, "planes") - op.dot_latency(1)
        assert result.outputs[0] - result.inputs[k - 1] == latency


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)
