# SPDX-License-Identifier: BSD-3-Clause
"""The bounds of dot products, counted by hand and by the cells that come closest to them."""

import pytest

from fpga.bench_hardware import bound
from fpga.bench_hardware.layer import Layer


@pytest.mark.parametrize(
    ("layer", "pins", "heap"),
    [
        # 16 * 2 inputs and 4 * 16 weights, the results taken by accumulators; 8 halves of 2 bits.
        (Layer(144, 16, 4, 16, "binary", 2, 8), 14, 4 * 16),
        # In one step: 9 * 4 and 4 * 9 bits, 4 * 6 results; 4 halves of 4 bits, of 5 columns.
        (Layer(9, 8, 4, 9, "binary", 4, 6), 7, 4 * 16),
        # 18 * 4 + 2 * 18 * 2; three columns are left of the input's four.
        (Layer(36, 4, 2, 18, "ternary", 4, 3), 21, 2 * 27),
        # Two digits of 5 bits, not four planes of 4; 9 * 10 bits less 8.
        (Layer(9, 4, 1, 9, "4-bit", 4, 8), 10, 41),
        # Planes: two columns are left, 1 + 1 bits of 1-bit inputs; digits would be 2.
        (Layer(8, 4, 1, 4, "4-bit", 1, 2), 3, 4),
    ],
)
def test_bounds(layer: Layer, pins: int, heap: int) -> None:
    assert (bound.pins(layer), bound.heap(layer)) == (pins, heap)


def test_a_narrower_sum_needs_less() -> None:
    found = [bound.heap(Layer(64, 8, 2, 16, "4-bit", 4, bits)) for bits in range(2, 10)]
    assert found == sorted(found) and found[0] < found[-1]


def test_the_gain_at_the_bound_leaves_what_is_no_dot_product() -> None:
    """Of 228 look-up tables, 203 are the unit: 25 others and 64 at the least."""
    assert bound.ratios(bound.Bound(203, 7, 64), 228, {"plain32": 178, "plain8": 89}) == {"plain32": 2.0, "plain8": 1.0}
