# SPDX-License-Identifier: BSD-3-Clause
"""wrap_mvu against a numpy product, wrapped: foldings, odd sizes, widths; one step a cycle."""

import numpy as np
import pytest

from chain.integers import wrap
from fpga import products
from fpga.rtl_memory import mvu_codes, mvu_starts
from tests.fpga.ops.test_units import mvu
from tests.fpga.rtl.bench import STALLS, Bench, Case, Stream

# Mw, Mh, Simd, Pe, InBits, WeightBits, AccBits, and Groups where they are several
SHAPES = [
    (1, 1, 1, 1, 1, 1, 8),
    (16, 4, 16, 4, 2, 1, 8),
    (36, 4, 36, 4, 4, 1, 8),
    (13, 7, 1, 1, 8, 1, 8),
    (13, 7, 13, 1, 4, 1, 6),
    (14, 6, 7, 3, 1, 1, 4),
    (24, 8, 3, 8, 4, 1, 12),
    (27, 16, 9, 4, 8, 1, 8),
    (64, 10, 32, 2, 4, 1, 32),
    (12, 5, 4, 5, 3, 2, 8),
    (26, 14, 13, 7, 2, 2, 6),
    (9, 8, 3, 2, 8, 4, 12),
    (18, 4, 6, 4, 5, 4, 8),
    (8, 3, 8, 1, 8, 8, 32),
    (21, 13, 7, 1, 6, 8, 20),
    (6, 2, 2, 2, 8, 8, 4),
    (10, 9, 5, 3, 7, 3, 10),
    (12, 6, 4, 1, 4, 1, 8, 2),
    (6, 12, 6, 4, 3, 1, 7, 3),
    (9, 10, 3, 1, 2, 3, 6, 5),
    (1, 8, 1, 2, 8, 1, 8, 4),
    (16, 8, 8, 2, 2, 2, 8),
    (15, 9, 15, 3, 5, 2, 7),
    (12, 6, 3, 1, 1, 2, 4, 2),
    (20, 6, 10, 3, 4, 2, 9),
    (16, 6, 4, 1, 4, 4, 6, 3),
    (9, 5, 9, 5, 3, 5, 16),
    (70, 2, 1, 1, 2, 1, 8),
    (210, 4, 3, 2, 2, 1, 8),
    (74, 4, 2, 1, 2, 2, 8),
]
# The synthesised form of the dot product, which takes longer to build: heaps of no, one and several levels.
TABLE_SHAPES = [
    (1, 1, 1, 1, 1, 1, 8),
    (16, 4, 16, 2, 2, 1, 8),
    (37, 2, 37, 1, 4, 1, 8),
    (13, 7, 13, 1, 4, 1, 6),
    (14, 6, 7, 3, 1, 1, 4),
    (96, 4, 48, 2, 3, 1, 8),
    (26, 2, 13, 1, 2, 2, 6),
    (9, 4, 3, 2, 8, 4, 12),
    (6, 3, 3, 1, 8, 8, 20),
    (12, 6, 4, 1, 4, 1, 8, 2),
    (16, 4, 8, 1, 4, 2, 6),
    (15, 3, 15, 3, 3, 2, 7),
    (16, 4, 8, 2, 3, 4, 8),
    (8, 3, 8, 1, 2, 7, 11),
]
WEIGHT_TYPES = {1: "BIPOLAR"} | {bits: f"INT{bits}" for bits in range(2, 9)}
NAMES = ("Mw", "Mh", "Simd", "Pe", "InBits", "WeightBits", "AccBits", "Groups")


def numbers(index: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and weights."""
    mw, mh, simd, pe, in_bits, weight_bits, _, groups = shape
    random = np.random.default_rng(index)
    vectors = max(4, 400 // (mw // simd * mh // pe)) * groups
    x = random.integers(0, 1 << in_bits, (vectors, mw))
    x[0], x[1] = 0, (1 << in_bits) - 1
    if weight_bits == 1:
        weights = random.integers(0, 2, (mh, mw)) * 2 - 1
        weights[0] = 1
    else:
        low = -1 if weight_bits == 2 else -(1 << (weight_bits - 1))
        weights = random.integers(low, 1 << (weight_bits - 1), (mh, mw))
        weights[0] = low
        if index % 2 and weight_bits == 2:
            weights[0, :-1] = 0  # zeros of the second kind
    return x, weights


def case(index: int, shape: tuple[int, ...], rom_style: str = "auto") -> Case:
    shape = shape if len(shape) == len(NAMES) else (*shape, 1)
    mw, _, simd, pe, in_bits, weight_bits, acc_bits, groups = shape
    x, weights = numbers(index, shape)
    chosen = products.choose(weights, pe, simd, in_bits, weight_bits, acc_bits)
    start = "" if chosen.starts is None else f"mvu{index}_starts.hex"
    memories = {f"mvu{index}.hex": mvu_codes(chosen.codes, pe, simd, weight_bits, chosen.constants, acc_bits - 1)}
    if chosen.starts is not None:
        memories[start] = mvu_starts(chosen.starts, pe, acc_bits)
    turns = weights.reshape(groups, -1, mw)
    y = wrap(np.stack([turns[index % groups] @ vector for index, vector in enumerate(x)]), acc_bits)
    return Case(
        "wrap_mvu",
        {
            **dict(zip(NAMES, shape, strict=True)),
            **{"Products": chosen.way, "Negatives": chosen.negatives, "StartFile": start},
            **{"RomStyle": rom_style, "InitFile": f"mvu{index}.hex"},
        },
        {"in_": Stream(x.reshape(-1, simd), in_bits)},
        {"out_": Stream(y.reshape(-1, pe), acc_bits)},
        memories,
    )


def foldings(case: Case) -> tuple[int, int]:
    """Sf, Nf."""
    mw, mh, simd, pe, groups = (int(case.parameters[name]) for name in (*NAMES[:4], "Groups"))
    return mw // simd, mh // groups // pe


@pytest.fixture(scope="module", params=["counted", "tables", "adders"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The form of the dot product that Verilator gets by default, and those that are synthesised."""
    folder = tmp_path_factory.mktemp("mvu")
    if request.param != "counted":
        cases = [case(*indexed) for indexed in enumerate(TABLE_SHAPES)]
        return Bench(cases, folder, f"wrap_mvu-{request.param}", {f"WRAPNET_{request.param.upper()}": ""}, ("-O0",))
    styles = ("auto", "block", "distributed")
    cases = [case(index, shape, styles[index % 3]) for index, shape in enumerate(SHAPES)]
    return Bench(cases, folder, "wrap_mvu")


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_interval_is_sf_times_nf(bench: Bench) -> None:
    for case, result in zip(bench.cases, bench.run(0, 0), strict=True):
        sf, nf = foldings(case)
        assert np.all(np.diff(result.outputs) == sf)
        ahead = 2 if nf > 1 else 0  # vectors that are taken before the first one has passed for the last time
        assert np.all(np.diff(result.inputs[ahead * sf :: sf]) == sf * nf)


def test_the_next_vector_is_taken_while_one_repeats(bench: Bench) -> None:
    """A vector is taken word by word as soon as the one before the last has passed for the last time."""
    for case, result in zip(bench.cases, bench.run(0, 0), strict=True):
        sf, nf = foldings(case)
        if nf > 1:
            starts = result.inputs[::sf]
            assert np.all(np.diff(result.inputs.reshape(-1, sf), axis=1) == 1)
            assert starts[1] - starts[0] <= max(sf, 2) and starts[2] - starts[0] <= sf * nf + 3


def test_latency(bench: Bench) -> None:
    """From a vector's last word of the first pass to its first output word it takes what the op says. As adders, dot
    products have other levels.
    """
    for index, (case, result) in enumerate(zip(bench.cases, bench.run(0, 0), strict=True)):
        shape = tuple(int(case.parameters[name]) for name in NAMES)
        mw, _, simd, pe, in_bits, weight_bits, acc_bits, groups = shape
        sizes = {"SIMD": simd, "PE": pe, "groups": groups}
        _, weights = numbers(index, shape)
        model, op = mvu(weights.T, in_bits, acc_bits, weightDataType=WEIGHT_TYPES[weight_bits], **sizes)
        if not op.unrolled():  # which has a module of its own (tests/fpga/unrolled)
            latency = op.latency(model.graph)
            if "WRAPNET_ADDERS" in bench.defines:
                way = op.products(model.graph).way
                latency += adder_levels(simd, in_bits, weight_bits, way) - op.dot_latency(simd, way)
            assert result.outputs[0] - result.inputs[mw // simd - 1] == latency, str(case)


def adder_levels(simd: int, in_bits: int, weight_bits: int, way: str) -> int:
    """Registers of a dot product by adders of two: one less than it has levels of them, but at least one."""
    if weight_bits == 1:
        numbers = (simd + 1) // 2
    elif way == "booth":
        numbers = simd * min((weight_bits + 1) // 2, (in_bits + 2) // 2)
    else:
        numbers = simd * (1 if way == "ternary" else min(in_bits, weight_bits))
    return max(1, (numbers - 1).bit_length() - 1)


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)
