# SPDX-License-Identifier: BSD-3-Clause
"""The exact search against trying everything."""

import itertools

import numpy as np
import pytest

from fpga.cheapest import cheapest

SHAPES = {
    "chain": [(0, 1), (1, 2), (2, 3)],
    "fork and join": [(0, 1), (0, 2), (1, 3), (2, 3)],
    "skip": [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (2, 4)],
    "apart": [(0, 1), (2, 3)],
    "none": [],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_cheaper(shape, seed):
    rng = np.random.default_rng([seed, len(shape)])
    pairs = SHAPES[shape]
    count = 1 + max((end for pair in pairs for end in pair), default=2)
    own = [rng.integers(0, 20, rng.integers(1, 5)).astype(float) for _ in range(count)]
    between = {(i, j): rng.integers(0, 20, (len(own[i]), len(own[j]))).astype(float) for i, j in pairs}

    def cost(chosen):
        total = sum(costs[index] for costs, index in zip(own, chosen, strict=True))
        return total + sum(costs[chosen[i], chosen[j]] for (i, j), costs in between.items())

    least = min(cost(chosen) for chosen in itertools.product(*(range(len(costs)) for costs in own)))
    assert cost(cheapest(own, between)) == least
