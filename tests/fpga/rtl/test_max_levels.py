# SPDX-License-Identifier: BSD-3-Clause
"""Cells where few levels of logic are allowed: the same words, as often, only later, by what their ops say."""

import dataclasses

import numpy as np
import pytest

from tests.fpga.ops.test_units import mvu, single
from tests.fpga.rtl import test_wrap_activation as activations
from tests.fpga.rtl import test_wrap_mvu as matrices
from tests.fpga.rtl import test_wrap_vvu as vectors
from tests.fpga.rtl.bench import STALLS, Bench, Case

# Index among the shapes of the cell's own tests, levels, and what the weights' memory is asked to be
MVUS = [(0, 3, "auto"), (1, 3, "auto"), (2, 5, "auto"), (4, 3, "block"), (5, 3, "distributed"), (9, 3, "auto")]
MVUS += [(11, 3, "block"), (17, 3, "distributed"), (20, 4, "auto"), (21, 3, "auto"), (25, 3, "block")]
TABLES = [(1, 3, "auto"), (3, 3, "block"), (4, 3, "distributed"), (8, 3, "auto"), (9, 3, "auto")]
VVUS = [(1, 3), (3, 3), (4, 3), (6, 5)]
# Channels, PE, InBits, InSigned, Fold, OutBits, Shared
SEARCHES = [
    ((96, 1, 8, 1, 3, 2, 0), 3),
    ((96, 1, 8, 1, 3, 2, 0), 5),
    ((40, 1, 6, 0, 0, 3, 0), 3),
    ((4, 2, 7, 1, 1, 1, 0), 2),
]


def limited(case: Case, levels: int) -> Case:
    return dataclasses.replace(case, parameters={**case.parameters, "MaxLevels": levels})


def matrix(shapes: list, index: int, levels: int, style: str) -> Case:
    return limited(matrices.case(index, shapes[index], style), levels)


@pytest.fixture(scope="module", params=["counted", "tables"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("levels")
    if request.param == "tables":
        cases = [matrix(matrices.TABLE_SHAPES, *row) for row in TABLES]
        return Bench(cases, folder, "levels-tables", {"WRAPNET_TABLES": ""}, ("-O0",))
    cases = [matrix(matrices.SHAPES, *row) for row in MVUS]
    cases += [limited(vectors.case(index, vectors.SHAPES[index]), levels) for index, levels in VVUS]
    cases += [limited(activations.case(90 + i, shape, "search"), levels) for i, (shape, levels) in enumerate(SEARCHES)]
    return Bench(cases, folder, "levels")


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)


def test_interval_and_latency(bench: Bench) -> None:
    for case, result in zip(bench.cases, bench.run(0, 0), strict=True):
        steps, latency = expected(case)
        assert np.all(np.diff(result.outputs) == steps), str(case)
        if latency:
            words = steps if case.cell != "wrap_activation" else 1
            assert result.outputs[0] - result.inputs[words - 1] == latency, str(case)


def expected(case: Case) -> tuple[int, int]:
    """Cycles from output word to output word, and from the last word of the first result to that (0: not asked)."""
    given = case.parameters
    levels, style = int(given["MaxLevels"]), str(given.get("RomStyle", "auto"))
    if case.cell == "wrap_activation":
        rows, steps = int(given["Ch"]), (1 << int(given["OutBits"])) - 1
        parameters = {"t": np.zeros((rows, steps)), "flip": np.zeros(rows)}
        shape = {"shape": [1, rows], "outBits": given["OutBits"], "thresholdBits": 8, "rows": rows, "PE": given["Pe"]}
        kind = f"{'INT' if given['InSigned'] else 'UINT'}{given['InBits']}"
        model, op = single("WrapActivation", parameters, inputDataType=kind, style="search", maxLevels=levels, **shape)
        return 1, op.latency(model.graph)
    weight_bits, acc_bits = int(given["WeightBits"]), int(given["AccBits"])
    common = {"weightDataType": matrices.WEIGHT_TYPES[weight_bits], "romStyle": style, "maxLevels": levels}
    if case.cell == "wrap_vvu":
        weights = {"w": np.zeros((int(given["K"]), int(given["Ch"])))}
        sizes = {"Channels": given["Ch"], "Kernel": given["K"], "PE": given["Pe"], "accumulatorBits": acc_bits}
        model, op = single("WrapVVU", weights, inputDataType=f"UINT{given['InBits']}", **sizes, **common)
        return int(given["K"]), op.latency(model.graph)
    index = int(str(given["InitFile"]).removeprefix("mvu").removesuffix(".hex"))
    shape = tuple(int(given[name]) for name in matrices.NAMES)
    _, weights = matrices.numbers(index, shape)
    sizes = {"SIMD": given["Simd"], "PE": given["Pe"], "groups": given["Groups"]}
    model, op = mvu(weights.T, int(given["InBits"]), acc_bits, **sizes, **common)
    return int(given["Mw"]) // int(given["Simd"]), 0 if op.unrolled() else op.latency(model.graph)
