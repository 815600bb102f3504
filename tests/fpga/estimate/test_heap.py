# SPDX-License-Identifier: BSD-3-Clause
"""The compressor tree's counts against trees counted by hand."""

import pytest

from fpga.estimate import heap


def test_one_level_by_hand():
    """Eight bits in column 0: six of them and two over; then columns of 3, 1 and 1, and a chain from column 0 to 3."""
    tree = heap.heap((8, 0, 0, 0))
    assert tree.levels == (3, 0, 0)
    # Rows 1, 0, 0 / 1 and 1 in column 0, 1 in columns 1 and 2: the two rows 0 and 1 meet in column 0 only.
    assert tree.registers == 5 + (4 + 1) + 4
    assert tree.bits == 4


def test_carries_beyond_the_sum_take_nothing():
    assert heap.heap((6,)).levels == (1, 0, 0)
    assert heap.heap((6, 0)).levels == (2, 0, 0)
    assert heap.heap((6, 0, 0)).levels == (3, 0, 0)


def test_products_are_counted_in_threes():
    tree = heap.dot(12, 1, 1, 8)
    assert (tree.triples, tree.products) == (2 * 4, 0)
    assert heap.dot(2, 1, 1, 8).triples == 0 and heap.dot(2, 1, 1, 8).products == 2


@pytest.mark.parametrize("terms", [1, 4, 9, 27, 64, 144])
def test_a_sum_has_as_many_bits_as_it_needs(terms):
    """In a wide sum no more than the greatest value needs, and one that the adders cannot know to be 0."""
    needed = (3 * terms).bit_length()
    assert needed <= heap.dot(terms, 2, 1, 32).bits <= needed + 2


@pytest.mark.parametrize("in_bits", [1, 2, 4])
def test_more_never_costs_less(in_bits):
    def total(terms, sum_bits):
        tree = heap.dot(terms, in_bits, 1, sum_bits)
        return tree.triples + sum(tree.levels) + tree.adders

    costs = [total(terms, 8) for terms in (3, 12, 36, 72, 144)]
    assert costs == sorted(costs) and costs[0] < costs[-1]
    costs = [total(36, bits) for bits in (4, 6, 8, 12)]
    assert costs == sorted(costs)
