# SPDX-License-Identifier: BSD-3-Clause
"""wrap_activation and wrap_fold against chain.integers.fold and counted thresholds."""

import numpy as np
import pytest

from chain.integers import fold, half
from fpga.rtl_memory import (
    Staircase,
    activation_interval,
    activation_search,
    activation_table,
    signed_bits,
    staircase,
)
from tests.fpga.rtl.bench import STALLS, Bench, Case, Stream

# Ch, Pe, InBits, InSigned, Fold, OutBits, Shared
SHAPES = [
    (1, 1, 8, 1, 3, 2, 0),
    (8, 2, 8, 1, 3, 4, 0),
    (7, 1, 8, 1, 1, 2, 0),
    (7, 7, 6, 1, 7, 4, 0),
    (13, 13, 4, 1, 0, 1, 0),
    (13, 1, 12, 1, 3, 3, 0),
    (6, 3, 8, 1, 2, 8, 0),
    (6, 2, 8, 1, 5, 3, 0),
    (4, 4, 4, 1, 7, 2, 0),
    (4, 2, 4, 1, 15, 2, 0),
    (4, 4, 8, 0, 0, 4, 1),
    (3, 1, 8, 0, 0, 8, 1),
    (10, 5, 9, 0, 0, 4, 0),
    (4, 1, 1, 0, 0, 1, 0),
    (4, 2, 16, 1, 0, 5, 0),
    (2, 1, 32, 1, 3, 4, 0),
    (5, 5, 32, 1, 0, 2, 0),
    (2, 2, 32, 0, 0, 3, 1),
]
INTERVALS = [
    (8, 2, 8, 1, 3, 1, 0),
    (7, 1, 6, 1, 1, 1, 0),
    (5, 5, 8, 1, 7, 1, 0),
    (4, 4, 8, 1, 3, 1, 1),
    (3, 1, 2, 1, 1, 1, 0),
    (4, 2, 32, 1, 3, 1, 0),
]
NAMES = ("Ch", "Pe", "InBits", "InSigned", "Fold", "OutBits", "Shared")


def steps_of(random: np.random.Generator, channels: int, low: int, high: int, out_bits: int) -> Staircase:
    """Random thresholds in [low, high + 1]; channel 0 falls, the last is always at its top, the last but one never."""
    thresholds = np.sort(random.integers(low, high + 2, (channels, (1 << out_bits) - 1)), axis=1)
    flip = random.integers(0, 2, channels).astype(bool)
    flip[0] = True
    if channels > 3:
        thresholds[-1] = low - flip[-1]
        thresholds[-2] = high + 1
        thresholds[1, thresholds.shape[1] // 2 :] = high + 1
    return Staircase(thresholds, flip)


def case(index: int, shape: tuple[int, ...], style: str) -> Case:
    ch, pe, in_bits, signed, k, out_bits, shared = shape
    random = np.random.default_rng(index)
    low, high = (-half(in_bits), half(in_bits) - 1) if signed else (0, (1 << in_bits) - 1)
    reach = half(in_bits) * k // (k + 1) if k else high
    steps = steps_of(random, 1 if shared else ch, max(low, -reach), reach, out_bits)
    m = random.integers(low, high + 1, (600 // (ch // pe) + 1, ch))
    m[0], m[1] = low, high
    f = fold(m, in_bits, k)
    out = steps(f)
    init = f"{style}{index}"
    lanes = 1 if shared else pe
    if style == "table":
        patterns = np.arange(1 << in_bits)
        values = patterns - ((patterns >= half(in_bits)) * (signed << in_bits))
        memories = activation_table(steps(fold(values, in_bits, k)[:, None]).T, lanes, out_bits)
        threshold_bits = 1
    elif style == "interval":
        memories = activation_interval(steps, lanes, in_bits, k)
        threshold_bits = 1
    else:
        threshold_bits = steps.bits
        memories = activation_search(steps, lanes, out_bits, threshold_bits)
    return Case(
        "wrap_activation",
        {**dict(zip(NAMES, shape, strict=True)), "ThresholdBits": threshold_bits, "Style": style, "InitFile": init},
        {"in_": Stream(m.reshape(-1, pe), in_bits)},
        {"out_": Stream(out.reshape(-1, pe), out_bits)},
        {f"{init}_{lane}.hex": lines for lane, lines in enumerate(memories)},
    )


def fold_case(bits: int, k: int, pe: int) -> Case:
    m = (
        np.arange(-half(bits), half(bits))
        if bits <= 10
        else np.random.default_rng(k).integers(-half(bits), half(bits), 600)
    )
    m = np.resize(m, (-(-len(m) // pe), pe))
    return Case(
        "wrap_fold",
        {"Pe": pe, "Bits": bits, "Fold": k},
        {"in_": Stream(m, bits)},
        {"out_": Stream(fold(m, bits, k), bits)},
    )


FOLDS = [
    (8, 3, 1),
    (8, 1, 4),
    (8, 7, 3),
    (8, 0, 2),
    (8, 2, 1),
    (8, 255, 1),
    (4, 7, 2),
    (4, 15, 1),
    (4, 3, 7),
    (10, 6, 1),
]
FOLDS += [(32, 3, 2), (32, 5, 1), (2, 1, 1), (3, 7, 1), (12, 31, 1)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    cases = [case(i, shape, "search") for i, shape in enumerate(SHAPES)]
    cases += [case(i, shape, "table") for i, shape in enumerate(SHAPES) if shape[2] <= 9]
    cases += [case(i, shape, "interval") for i, shape in enumerate(INTERVALS)]
    cases += [fold_case(*arguments) for arguments in FOLDS]
    return Bench(cases, tmp_path_factory.mktemp("activation"), "wrap_activation")


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_one_word_a_cycle_and_latency(bench: Bench) -> None:
    for case, result in zip(bench.cases, bench.run(0, 0), strict=True):
        searching = case.parameters.get("Style") == "search"
        assert np.all(np.diff(result.outputs) == 1)
        assert result.outputs[0] - result.inputs[0] == (int(case.parameters["OutBits"]) + 1 if searching else 1)


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)


def test_staircase_from_levels() -> None:
    """Levels of a falling, a rising, a flat and a full channel come back from their thresholds."""
    f = np.arange(-5, 6)
    levels = np.stack([np.clip(3 - (f + 5) // 2, 0, 3), np.clip(f, 0, 3), np.zeros(11, int), np.full(11, 3)])
    steps = staircase(levels, -5, 2)
    assert np.array_equal(steps(np.repeat(f[:, None], 4, axis=1)).T, levels)
    assert steps.flip.tolist() == [True, False, False, False]
    assert steps.bits == signed_bits(-5, 6)
