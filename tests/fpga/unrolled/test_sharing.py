# SPDX-License-Identifier: BSD-3-Clause
"""Circuits of constant matrices: the right sums for any weights, and less hardware for what rows have in common."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fpga.unrolled import columns, sharing
from fpga.unrolled.circuit import Bit, Circuit
from fpga.unrolled.columns import Item


def matrix(seed: int, rows: int, inputs: int, kind: str) -> np.ndarray:
    random = np.random.default_rng(seed)
    if kind == "binary":
        return random.integers(0, 2, (rows, inputs)) * 2 - 1
    low, high = {"ternary": (-1, 2), "4-bit": (-8, 8), "8-bit": (-128, 128)}[kind]
    return random.integers(low, high, (rows, inputs))


def check(circuit: Circuit, weights: np.ndarray, in_bits: int, acc_bits: int) -> None:
    """Its outputs are the products, mod 2^acc_bits, and nothing is taken before it is there."""
    x = np.random.default_rng(1).integers(0, 1 << in_bits, (40, weights.shape[1]))
    x[0], x[1] = 0, (1 << in_bits) - 1
    assert np.array_equal(circuit.evaluate(x), x @ weights.T % (1 << acc_bits))
    for adder in circuit.adders:
        assert all(circuit.times[net] <= adder.level for net in adder.taken())
        assert all(circuit.times[net] == adder.level + 1 for net in adder.made())
        plain = (*(adder.rows[3] if len(adder.rows) == 4 else ()), *adder.carries)
        assert not any(bit.inverted for bit in plain)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 1 << 32),
    st.integers(1, 10),
    st.integers(1, 20),
    st.sampled_from(["binary", "ternary", "4-bit", "8-bit"]),
    st.integers(1, 5),
    st.integers(2, 32),
)
def test_any_matrix(seed: int, rows: int, inputs: int, kind: str, in_bits: int, acc_bits: int) -> None:
    weights = matrix(seed, rows, inputs, kind)
    whole, outline = (make(weights, in_bits, acc_bits) for make in (sharing.plan, sharing.outline))
    check(whole, weights, in_bits, acc_bits)
    check(outline, weights, in_bits, acc_bits)
    assert whole.cost <= outline.cost


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 60), st.integers(2, 32))
def test_any_sum_of_bits(seed: int, count: int, width: int) -> None:
    """Bits of any column, sign and time, and a constant."""
    random = np.random.default_rng(seed)
    circuit = Circuit(count, 1)
    circuit.times = [int(time) for time in random.integers(0, 4, count)]
    items = [Item(int(random.integers(0, width)), net, bool(random.integers(0, 2))) for net in range(count)]
    constant = int(random.integers(0, 1 << width))
    circuit.outputs = [columns.add(circuit, items, constant, width)]
    signs = np.array([(-1 if item.negative else 1) << item.column for item in items])
    x = random.integers(0, 2, (50, count))
    assert np.array_equal(circuit.evaluate(x)[:, 0], (x @ signs + constant) % (1 << width))


def test_the_same_plan_each_time() -> None:
    weights = matrix(3, 12, 9, "binary")
    assert sharing.plan(weights, 2, 6) == sharing.plan(weights.copy(), 2, 6)


def test_rows_that_agree_mod_two_to_the_b_are_one() -> None:
    weights = matrix(4, 6, 9, "4-bit")
    once = sharing.plan(weights, 2, 4)
    twice = sharing.plan(np.concatenate([weights, weights + 16]), 2, 4)
    assert twice.luts == once.luts
    assert twice.outputs[:6] == twice.outputs[6:]


def test_a_negated_row_takes_one_adder() -> None:
    weights = matrix(5, 1, 12, "binary")
    alone = sharing.plan(weights, 4, 6)
    both = sharing.plan(np.concatenate([weights, -weights]), 4, 6)
    assert sum(adder.width for adder in both.adders) <= sum(adder.width for adder in alone.adders) + 6


def test_a_sum_of_several_rows_is_made_once() -> None:
    """Three inputs with the same signs in all rows, and as many others of their own."""
    weights = np.kron(np.eye(6, dtype=int), np.ones((1, 3), dtype=int))
    weights = np.concatenate([weights, np.tile([1, -1, 1], (6, 1))], axis=1)
    made = sharing._based(weights % 64, 4, 6, 0)
    before = made.total()
    sharing._share(made)
    assert len(made.shared) == 1 and made.total() < before - 10


def test_constant_rows() -> None:
    weights = np.array([[0, 0], [1, 0], [0, 8]])
    circuit = sharing.plan(weights, 2, 3)
    assert not circuit.adders and circuit.latency == 0
    assert circuit.outputs[1][:2] == (Bit(0), Bit(1))
    check(circuit, weights, 2, 3)


@pytest.mark.parametrize(("value", "bits", "most"), [(7, 8, 2), (255, 8, 1), (128, 8, 1), (0, 8, 0), (0xAB, 8, 4)])
def test_digits_are_few_and_right(value: int, bits: int, most: int) -> None:
    found = sharing.digits(value, bits)
    assert sum(sign << shift for shift, sign in found) % (1 << bits) == value
    assert len(found) <= most


def test_a_large_layer_takes_seconds() -> None:
    """Its rounds are bounded. Compressed, a bit takes half a look-up table, and what columns leave over."""
    weights = matrix(6, 48, 48, "ternary")
    circuit = sharing.plan(weights, 2, 8)
    check(circuit, weights, 2, 8)
    assert circuit.luts < 0.7 * np.count_nonzero(weights) * 2
