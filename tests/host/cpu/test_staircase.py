# SPDX-License-Identifier: BSD-3-Clause
"""Thresholds against the chain itself, evaluated at every integer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.cpu import staircase
from host.cpu.plan import ALWAYS, NEVER
from host.cpu.reference import activate
from host.cpu.staircase import Link, activation, quantise
from host.errors import NetworkError

CHANNELS = 6


def chain(seed: int, levels: int, reach: float, kind: str) -> staircase.Chain:
    """Scale, offset, perhaps ReLU, floor or a bound, and a quantiser; factors of both signs and one of zero."""
    random = np.random.default_rng(seed)
    factor = random.uniform(0.2, 3, CHANNELS) * random.choice([-1, 1], CHANNELS) / reach
    offset = random.uniform(-1.5, 1.5, CHANNELS)
    factor[0], factor[1], offset[2] = 0, -abs(factor[1]), 100
    constants = [np.float32(values).reshape(-1, 1) for values in (factor, offset)]
    between = {
        "nothing": [],
        "relu": [Link(lambda values: np.maximum(values, np.float32(0)))],
        "floor": [Link(np.floor)],
        "negated": [Link(np.negative)],
        "clip": [Link(lambda values: np.minimum(np.maximum(values, np.float32(-0.3)), np.float32(0.4)))],
    }[kind]
    scale = np.float32(random.uniform(0.3, 1.5) / levels)
    quantiser = Link(quantise, (np.full((1, 1), scale), np.full((1, 1), levels, np.float32)))
    return (Link(np.multiply, constants[:1]), Link(np.add, constants[1:]), *between, quantiser)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    levels=st.sampled_from((1, 3, 15, 255)),
    span=st.sampled_from(((-96, 96), (-128, 127), (0, 1000), (-30000, 30000), (-40000, 40000), (0, 70000))),
    kind=st.sampled_from(("nothing", "relu", "floor", "negated", "clip")),
)
def test_thresholds_give_what_the_chain_gives_at_every_integer(
    seed: int, levels: int, span: tuple[int, int], kind: str
) -> None:
    links = chain(seed, levels, max(span), kind)
    found = activation(links, CHANNELS, levels, *span)
    f = np.arange(span[0], span[1] + 1)
    expected = staircase.apply(links, np.broadcast_to(f.astype(np.float32), (CHANNELS, len(f))))
    got = activate(np.broadcast_to(f, (1, 1, CHANNELS, len(f))).transpose(0, 2, 1, 3), found)
    assert np.array_equal(got[0, :, 0], expected)


@pytest.mark.parametrize("half", [1 << 23, 1 << 20])
def test_search_and_reading_find_the_same_thresholds(half: int, monkeypatch: pytest.MonkeyPatch) -> None:
    links = chain(3, 7, 1000, "relu")
    assert 2 * half > staircase.ALL_VALUES
    searched = activation(links, CHANNELS, 7, -half, half - 1)
    monkeypatch.setattr(staircase, "ALL_VALUES", 2 * half)
    read = activation(links, CHANNELS, 7, -half, half - 1)
    assert np.array_equal(searched.sign, read.sign)
    assert np.array_equal(searched.thresholds, read.thresholds)


def test_channels_that_never_move() -> None:
    factor, offset = np.zeros((2, 1), np.float32), np.array([[-9.0], [9.0]], np.float32)
    quantiser = Link(quantise, (np.ones((1, 1), np.float32), np.full((1, 1), 3, np.float32)))
    links = (Link(np.multiply, (factor,)), Link(np.add, (offset,)), quantiser)
    for span in ((-128, 127), (-(1 << 20), 1 << 20)):
        found = activation(links, 2, 3, *span)
        assert found.thresholds.tolist() == [[NEVER] * 3, [ALWAYS] * 3]


def test_a_chain_that_turns_back_is_refused() -> None:
    with pytest.raises(NetworkError, match="the levels of channel 0 do not rise or fall throughout"):
        activation((Link(lambda values: np.abs(values) % 4),), 1, 3, -128, 127)


def test_a_chain_without_a_number_is_refused() -> None:
    huge = np.full((1, 1), 3e38, np.float32)
    links = (Link(np.multiply, (huge,)), Link(np.subtract, (np.float32([[np.inf]]),)), Link(np.multiply, (0 * huge,)))
    with pytest.raises(NetworkError, match="leave no number"):
        activation(links, 1, 3, -128, 127)
