# SPDX-License-Identifier: BSD-3-Clause
"""The exact kernels and networks against numpy's integers, on every instruction set that they are written for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import ToolError, UnsupportedError
from host.cpu.plan import Activation, Conv, Lookup, MaxPool, Plan, Step, SumPool
from scripts.bench_cpu import compiled, exact, integers, machine
from scripts.bench_cpu.compiled import Compiler
from scripts.bench_cpu.exact import Exact, Kind, readable
from scripts.bench_cpu.machine import InstructionSet

SETS = machine.instruction_sets()
ISA = pytest.mark.parametrize("isa", SETS, ids=[isa.name for isa in SETS])


def slow_sums(weights: npt.NDArray[np.int8], levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Sums [N, oh, ow, O] in int64, tap by tap."""
    _, _, height, width = weights.shape
    rows, columns = levels.shape[1] - height + 1, levels.shape[2] - width + 1
    total = np.zeros((len(levels), rows, columns, len(weights)), np.int64)
    for y in range(height):
        for x in range(width):
            part = levels[:, y : y + rows, x : x + columns].astype(np.int64)
            total += part @ weights[:, :, y, x].T.astype(np.int64)
    return total


def single(weights: npt.NDArray[np.int8], size: tuple[int, int], maximum: int) -> Plan:
    return Plan((weights.shape[1], *size), maximum, (Conv("layer", 0, None, weights, bits=32),))


@ISA
@settings(max_examples=60)
@given(data=st.data())
def test_layers_are_exact(compiler: Compiler, isa: InstructionSet, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([Kind.DOT, Kind.BITS]))
    outputs = data.draw(st.integers(1, 150))
    if kind == Kind.DOT:
        channels, maximum = data.draw(st.integers(1, 90)), data.draw(st.sampled_from([1, 3, 15, 255]))
        values = data.draw(st.sampled_from([(-1, 1), (-1, 0, 1), (-8, 7), (-128, 127)]))
        if maximum == 255 and isa.name == "avx2":
            values = tuple(max(-64, min(63, value)) for value in values)  # vpmaddubsw saturates beyond
    else:
        channels, maximum = 64 * data.draw(st.integers(1, 3)), data.draw(st.sampled_from([1, 2, 3, 7, 15]))
        values = data.draw(st.sampled_from([(-1, 1), (-1, 0, 1)]))
    kernel = (data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4)))
    size = (kernel[0] + data.draw(st.integers(0, 3)), kernel[1] + data.draw(st.integers(0, 3)))
    batch, block = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 5))
    threads, pairs = data.draw(st.integers(1, 3)), data.draw(st.booleans())
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    extreme = data.draw(st.booleans())  # all levels at their maximum, all weights alike
    weights = rng.choice(values[-1:] if extreme else values, (outputs, channels, *kernel)).astype(np.int8)
    levels = rng.integers(maximum if extreme else 0, maximum + 1, (batch, *size, channels)).astype(np.uint8)
    plan, images = single(weights, size, maximum), readable(levels)
    expected = slow_sums(weights, levels)
    network = Exact(compiler, isa, plan, {}, {"layer": kind}, threads, block, pairs)
    np.testing.assert_array_equal(network.run(images), expected.reshape(batch, -1))

    chosen = integers.requantisation(expected.astype(np.int32), 3)
    made = np.clip((expected * chosen.factor + chosen.offset) >> 16, 0, 3)
    if np.abs(expected * chosen.factor + chosen.offset).max() < 1 << 31:
        network = Exact(compiler, isa, plan, {"layer": chosen}, {"layer": kind}, threads, block, pairs)
        np.testing.assert_array_equal(network.run(images), made.reshape(batch, -1))


def chain(rng: np.random.Generator) -> Plan:
    """A look-up, padded and unpadded convolutions, pools of odd sizes, dense layers."""

    def conv(number: int, outputs: int, channels: int, size: tuple[int, int], padding: int = 0) -> Conv:
        weights = rng.choice([-1, 1], (outputs, channels, *size)).astype(np.int8)
        activation = Activation(np.ones(outputs, np.int8), np.zeros((outputs, 3), np.int32))
        name = f"conv{number}"
        return Conv(name, number, number + 1, weights, padding=(padding,) * 4, bits=32, activation=activation)

    table = rng.integers(0, 16, (1, 256)).astype(np.uint8)
    end = rng.choice([-1, 1], (10, 64, 1, 1)).astype(np.int8)
    steps: tuple[Step, ...] = (
        Lookup("input", 0, 1, table),
        conv(1, 5, 3, (3, 3), padding=1),
        MaxPool("pool2", 2, 3, (2, 2), (2, 2)),
        conv(3, 64, 5, (2, 3), padding=2),
        conv(4, 64, 64, (3, 3), padding=1),
        MaxPool("pool5", 5, 6, (2, 2), (2, 2)),
        conv(6, 64, 64, (4, 3)),
        Conv("end", 7, None, end, bits=32),
    )
    return Plan((3, 11, 10), 255, steps)


@ISA
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kinds", [{}, {"conv4": Kind.BITS, "conv6": Kind.BITS}], ids=["dot", "bits"])
def test_networks_are_exact(compiler: Compiler, isa: InstructionSet, threads: int, kinds: Mapping[str, Kind]) -> None:
    rng = np.random.default_rng(7)
    plan = chain(rng)
    images = readable(rng.integers(0, 256, (13, 11, 10, 3)).astype(np.uint8))
    steps = integers.calibrated(plan, images)
    expected, seen = integers.run_exact(plan, steps, images)
    assert all(np.unique(steps[name].apply(seen[name])).size == 4 for name in steps)
    network = Exact(compiler, isa, plan, steps, kinds, threads)
    for block in exact.BLOCKS:
        network.set_block(block)
        np.testing.assert_array_equal(network.run(images), expected)
        np.testing.assert_array_equal(network.run(images[:1]), expected[:1])


@ISA
def test_tuning_keeps_the_results(compiler: Compiler, isa: InstructionSet) -> None:
    rng = np.random.default_rng(8)
    plan = chain(rng)
    images = readable(rng.integers(0, 256, (5, 11, 10, 3)).astype(np.uint8))
    steps = integers.calibrated(plan, images)

    def make(kinds: Mapping[str, Kind]) -> Exact:
        tried.append(dict(kinds))
        return Exact(compiler, isa, plan, steps, kinds)

    tried: list[dict[str, Kind]] = []
    best = exact.tuned(make({}), images, make)
    # Only layers of whole words of channels and narrow levels can be counted.
    assert [sorted(kinds)[-1:] for kinds in tried] == [[], ["conv4"], ["conv6"], ["end"]]
    np.testing.assert_array_equal(best.run(images), integers.run_exact(plan, steps, images)[0])


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (Conv("odd", 0, None, np.ones((2, 4, 1, 1), np.int8), stride=(2, 2)), "odd: .* no strides"),
        (Conv("odd", 0, None, np.ones((2, 2, 1, 1), np.int8), groups=2), "odd: .* groups"),
    ],
)
def test_what_the_exact_networks_lack_is_named(compiler: Compiler, step: Conv, what: str) -> None:
    with pytest.raises(UnsupportedError, match=what):
        Exact(compiler, SETS[0], Plan((4, 4, 4), 3, (step,)), {})


def test_other_steps_are_named(compiler: Compiler) -> None:
    activation = Activation(np.ones(4, np.int8), np.zeros((4, 3), np.int32))
    end = Conv("end", 1, None, np.ones((2, 4, 1, 1), np.int8))
    plan = Plan((4, 4, 4), 3, (SumPool("mean", 0, 1, activation), end))
    with pytest.raises(UnsupportedError, match=r"mean: .* no such sumpool"):
        Exact(compiler, SETS[0], plan, {})


def test_bit_planes_are_for_narrow_weights(compiler: Compiler) -> None:
    plan = single(np.full((2, 64, 1, 1), 3, np.int8), (1, 1), 1)
    with pytest.raises(UnsupportedError, match="layer: bit planes are for binary and ternary"):
        Exact(compiler, SETS[0], plan, {}, {"layer": Kind.BITS})


@pytest.mark.skipif("avx2" not in [isa.name for isa in SETS], reason="a machine without AVX2")
def test_products_that_would_saturate_are_refused(compiler: Compiler) -> None:
    avx2 = next(isa for isa in SETS if isa.name == "avx2")
    plan = single(np.full((2, 64, 1, 1), 65, np.int8), (1, 1), 255)
    with pytest.raises(UnsupportedError, match="layer: two products of up to 16575"):
        Exact(compiler, avx2, plan, {})


def test_libraries_are_compiled_once(compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler.library("cycles", SETS[0])

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("compiled again")

    monkeypatch.setattr(compiled.subprocess, "run", refuse)
    compiler.library("cycles", SETS[0])


def test_a_missing_or_failing_compiler_is_said(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = InstructionSet("wrong", "avx2", ("-march=no-such",), "", "", 1)
    with pytest.raises(ToolError, match="no-such"):
        Compiler(tmp_path).library("cycles", wrong)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(compiled.shutil, "which", lambda name: None)
    with pytest.raises(ToolError, match="no g\\+\\+"):
        Compiler(tmp_path).library("cycles", SETS[0])
