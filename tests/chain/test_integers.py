# SPDX-License-Identifier: BSD-3-Clause
"""Wrap and fold against plain Python integers: everything else is compared with these two."""

from hypothesis import given
from hypothesis import strategies as st

from chain.integers import fold, half, wrap

BITS = st.integers(2, 32)
FOLDS = st.sampled_from([1, 2, 3, 7])


@given(BITS, st.integers(-(2**40), 2**40))
def test_wrap_is_the_one_number_in_range_that_is_congruent(bits: int, z: int) -> None:
    m = int(wrap(z, bits))
    assert -(2 ** (bits - 1)) <= m < 2 ** (bits - 1)
    assert (m - z) % 2**bits == 0


@given(BITS, st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=20), st.randoms())
def test_wrapping_at_any_place_and_in_any_order_gives_the_same_sum(bits: int, terms: list[int], random: object) -> None:
    """What lets hardware drop every bit above the accumulator's, wherever the sum is cut."""
    shuffled = sorted(terms, key=lambda _: random.random())  # type: ignore[attr-defined]
    total = 0
    for term in shuffled:
        total = int(wrap(total + int(wrap(term, bits)), bits))
    assert total == int(wrap(sum(terms), bits))


@given(BITS, FOLDS, st.integers(-(2**40), 2**40))
def test_fold_is_the_definition_on_python_integers(bits: int, k: int, z: int) -> None:
    m = int(wrap(z, bits))
    expected = (1 if m > 0 else -1 if m < 0 else 0) * min(abs(m), k * (2 ** (bits - 1) - abs(m)))
    assert int(fold(m, bits, k)) == expected
    assert abs(expected) <= k * half(bits) // (k + 1)


@given(BITS, FOLDS, st.integers(-(2**40), 2**40))
def test_the_fold_has_no_jump_at_an_overflow(bits: int, k: int, z: int) -> None:
    here, there = (int(fold(wrap(value, bits), bits, k)) for value in (z, z + 1))
    assert abs(here - there) <= max(1, k)
    assert int(fold(wrap(z + 2**bits, bits), bits, k)) == here


@given(BITS, st.integers(-(2**31), 2**31 - 1))
def test_no_fold_is_the_wrapped_sum(bits: int, z: int) -> None:
    m = int(wrap(z, bits))
    assert int(fold(m, bits, None)) == int(fold(m, bits, 0)) == m
