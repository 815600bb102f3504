# SPDX-License-Identifier: BSD-3-Clause
"""Memory words bit by bit, as the cells' headers describe them, and the values that do not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import InputError
from fpga.rtl_memory import (
    Staircase,
    activation_search,
    activation_table,
    hex_lines,
    mvu_codes,
    mvu_weights,
    signed_bits,
    staircase,
    vvu_weights,
    weight_codes,
)


def field(line: str, index: int, bits: int) -> int:
    return (int(line, 16) >> (index * bits)) & ((1 << bits) - 1)


@pytest.mark.parametrize(("pe", "simd", "bits"), [(1, 1, 2), (2, 3, 1), (4, 6, 3), (2, 2, 8)])
def test_mvu_layout(pe: int, simd: int, bits: int) -> None:
    mh, mw = 4, 6
    random = np.random.default_rng(bits)
    low = -(1 << (bits - 1))
    weights = random.integers(0, 2, (mh, mw)) * 2 - 1 if bits == 1 else random.integers(low, -low, (mh, mw))
    lines = mvu_weights(weights, pe, simd, bits)
    sf = mw // simd
    assert len(lines) == sf * mh // pe
    for address, line in enumerate(lines):
        for p in range(pe):
            for s in range(simd):
                value = int(weights[address // sf * pe + p, address % sf * simd + s])
                code = (value > 0) if bits == 1 else value & ((1 << bits) - 1)
                assert field(line, p * simd + s, bits) == code


def test_constants_come_above_the_weights_of_a_row() -> None:
    """Three words of two lanes with three of seven bits each, of nine: the two lowest are not used."""
    codes, constants = np.arange(24).reshape(4, 6) % 2, np.array([0x55, 0x7F, 1, 0x40])
    lines = mvu_codes(codes, 2, 2, 1, constants, 7)
    assert len(lines) == 6
    for row, constant in enumerate(constants.tolist()):
        words = [int(line, 16) >> 4 for line in lines[row // 2 * 3 :][:3]]
        parts = [word >> row % 2 * 3 & 7 for word in words]
        assert sum(part << 3 * step for step, part in enumerate(parts)) == constant << 2
    bare = mvu_codes(codes, 2, 2, 1)
    assert [int(line, 16) & 15 for line in lines] == [int(line, 16) for line in bare]


def test_vvu_layout() -> None:
    weights = np.arange(-6, 6).reshape(4, 3)
    lines = vvu_weights(weights, 2, 4)
    assert [field(lines[1 * 3 + 2], p, 4) for p in range(2)] == [int(weights[2, 2]) & 15, int(weights[3, 2]) & 15]


def test_activation_layouts() -> None:
    steps = Staircase(np.array([[-3, 0, 5], [1, 2, 7]]), np.array([False, True]))
    assert activation_search(steps, 2, 2, 4) == [["0", "d", "0", "5"], ["1", "1", "2", "7"]]
    assert activation_search(steps, 1, 2, 4) == [["0", "d", "0", "5", "1", "1", "2", "7"]]
    assert activation_table(np.array([[0, 1], [2, 3]]), 2, 2) == [["0", "1"], ["2", "3"]]


@given(st.lists(st.lists(st.integers(0, 7), min_size=5, max_size=5), min_size=1, max_size=6))
def test_hex_lines_hold_their_fields(rows: list[list[int]]) -> None:
    for line, row in zip(hex_lines(np.array(rows), 3), rows, strict=True):
        assert int(line, 16) == sum(value << (3 * i) for i, value in enumerate(row))


@given(st.integers(-10, 10), st.lists(st.integers(0, 7), min_size=1, max_size=40), st.booleans())
def test_staircase_gives_its_levels(first: int, levels: list[int], falls: bool) -> None:
    row = np.sort(levels)[:: -1 if falls else 1]
    steps = staircase(row[None, :], first, 3)
    assert steps(np.arange(first, first + len(row))[:, None])[:, 0].tolist() == row.tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mvu_weights(np.ones((4, 6), int), 3, 2, 1), "pe = 3 does not divide 4 rows"),
        (lambda: mvu_weights(np.ones((4, 6), int), 2, 4, 1), "simd = 4 does not divide 6 columns"),
        (lambda: mvu_weights(np.zeros((2, 2), int), 1, 1, 1), "weight 0 with 1 bit"),
        (lambda: mvu_weights(np.full((2, 2), 2), 1, 1, 2), "weight 2 outside"),
        (lambda: mvu_weights(np.ones((2, 2)), 1, 1, 2), "of type float64"),
        (lambda: mvu_weights(np.ones((0, 2), int), 1, 1, 2), "none of length 0"),
        (lambda: staircase(np.array([[0, 1, 0]]), 0, 1), "channel 0 both rises and falls"),
        (lambda: staircase(np.array([[0, 4]]), 0, 2), "level 4 outside"),
        (lambda: activation_table(np.zeros((1, 3), int), 1, 1), "3 entries"),
        (lambda: activation_search(Staircase(np.array([[8]]), np.array([False])), 1, 1, 4), "threshold 8 outside"),
    ],
)
def test_what_does_not_fit_is_named(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]


def test_widths_and_codes() -> None:
    assert [signed_bits(-1, 0), signed_bits(-129, 0), signed_bits(-3, 127)] == [1, 9, 8]
    assert weight_codes(np.array([-1, 0, 1]), 2).tolist() == [3, 0, 1]
