# SPDX-License-Identifier: BSD-3-Clause
"""The numpy reference against definitions written out value by value."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain import integers
from host.cpu import reference
from host.cpu.plan import Activation, Conv, Plan, SumPool, Tensor
from tests.host.cpu.plans import convolutions, images, max_pools, plans


def _levels(source: Tensor, seed: int, count: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, source.maximum + 1, (count, *source.shape), np.uint8)


@settings(max_examples=60)
@given(st.data(), st.integers(0, 99))
def test_convolve_is_the_sum_over_taps_and_channels(data: st.DataObject, seed: int) -> None:
    source = Tensor((data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))), 255)
    step = data.draw(convolutions(source, 0, None, "layer", most=6))
    levels = _levels(source, seed, 1)
    got = reference.convolve(levels, step)
    inputs, outputs = step.weights.shape[1], len(step.weights) // step.groups
    for at in itertools.product(*(range(size) for size in got.shape[1:])):
        o, y, x = at
        z = 0
        for i, row, column in itertools.product(*(range(size) for size in step.weights.shape[1:])):
            r = y * step.stride[0] - step.padding[0] + row * step.dilation[0]
            c = x * step.stride[1] - step.padding[1] + column * step.dilation[1]
            if 0 <= r < source.shape[1] and 0 <= c < source.shape[2]:
                z += int(step.weights[o, i, row, column]) * int(levels[0, o // outputs * inputs + i, r, c])
        assert got[(0, *at)] == z, at


@pytest.mark.parametrize("bits", [4, 8, 32])
@pytest.mark.parametrize("k", [None, 1, 3, 8])
def test_wrap_and_fold_are_the_chains(bits: int, k: int | None) -> None:
    z = np.concatenate([np.arange(-300, 300), np.array([-(2**40), 2**31 - 1, 2**31, -(2**31), 2**33 + 5])])
    wrapped = reference.wrap(z, bits)
    assert np.array_equal(wrapped, integers.wrap(z, bits))
    assert np.array_equal(reference.fold(wrapped, bits, k), integers.fold(wrapped, bits, k))


def test_activate_counts_the_thresholds_that_are_reached() -> None:
    activation = Activation(np.array([1, -1], np.int8), np.array([[-2, 3, 3], [-2, 0, 2**31 - 1]], np.int32))
    f = np.array([-3, -2, 2, 3])[:, None, None, None].repeat(2, axis=1)
    levels = reference.activate(f, activation)
    assert levels[:, 0].ravel().tolist() == [0, 1, 1, 3]
    assert levels[:, 1].ravel().tolist() == [2, 2, 1, 0]


@settings(max_examples=30)
@given(st.data(), st.integers(0, 99))
def test_max_pool_takes_the_greatest_of_the_pixels_it_sees(data: st.DataObject, seed: int) -> None:
    source = Tensor((2, data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))), 15)
    step = data.draw(max_pools(source, 0, 1, "pool"))
    last = Conv("last", 1, None, np.ones((1, 2, 1, 1), np.int8))
    plan = Plan(source.shape, 15, (step, last))
    levels = _levels(source, seed, 1)
    got = reference.run(plan, levels.transpose(0, 2, 3, 1)).levels[1]
    for c, y, x in itertools.product(*(range(size) for size in got.shape[1:])):
        seen = [0]
        for row, column in itertools.product(range(step.kernel[0]), range(step.kernel[1])):
            r = y * step.stride[0] - step.padding[0] + row * step.dilation[0]
            k = x * step.stride[1] - step.padding[1] + column * step.dilation[1]
            if 0 <= r < source.shape[1] and 0 <= k < source.shape[2]:
                seen.append(int(levels[0, c, r, k]))
        assert got[0, c, y, x] == max(seen)


def test_sum_pool_sums_beyond_a_byte() -> None:
    activation = Activation(np.array([1], np.int8), np.array([[1, 256, 4 * 255]], np.int32))
    last = Conv("last", 1, None, np.ones((1, 1, 1, 1), np.int8))
    plan = Plan((1, 2, 2), 255, (SumPool("pool", 0, 1, activation), last))
    pixels = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [255, 1, 0, 0], [255, 255, 255, 255]], np.uint8)
    assert reference.run(plan, pixels.reshape(4, 2, 2, 1)).outputs.ravel().tolist() == [0, 1, 2, 3]


@settings(max_examples=100)
@given(plans(), st.integers(0, 99))
def test_every_plan_runs_within_the_bounds_it_states(plan: Plan, seed: int) -> None:
    trace = reference.run(plan, images(plan, 4, seed))
    assert trace.outputs.shape == (4, plan.outputs)
    for levels, tensor in zip(trace.levels, plan.tensors, strict=True):
        assert levels.shape[1:] == tensor.shape
        assert levels.max() <= tensor.maximum
    for layer in plan.layers:
        half = 1 << (layer.bits - 1)
        wrapped, folded = trace.accumulators[layer.name], trace.folded[layer.name]
        assert -half <= wrapped.min() and wrapped.max() < half
        assert (np.abs(folded) <= np.abs(wrapped)).all()
