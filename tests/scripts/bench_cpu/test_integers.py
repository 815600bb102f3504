# SPDX-License-Identifier: BSD-3-Clause
"""numpy's exact sums, and how differences are told."""

import numpy as np
import pytest

from chain.errors import AgreementError
from scripts.bench_cpu import integers


@pytest.mark.parametrize("chunk", [1, 1 << 24])
def test_sums_are_those_of_int64(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integers, "_CHUNK", chunk)
    rng = np.random.default_rng(1)
    weights = rng.integers(-128, 128, (4, 3, 2, 3)).astype(np.int8)
    levels = rng.integers(0, 256, (5, 4, 6, 3)).astype(np.uint8)
    found = integers.sums(weights, levels)
    assert found.shape == (5, 3, 4, 4)
    for image, y, x, output in [(0, 0, 0, 0), (4, 2, 3, 3), (2, 1, 2, 1)]:
        window = levels[image, y : y + 2, x : x + 3].astype(np.int64)
        assert found[image, y, x, output] == (window * weights[output].transpose(1, 2, 0)).sum()


def test_sums_beyond_float32_are_refused() -> None:
    weights = np.full((1, 600, 1, 1), 127, np.int8)
    with pytest.raises(AgreementError, match="more than float32 holds"):
        integers.sums(weights, np.full((1, 1, 1, 600), 255, np.uint8))


def test_a_requantisation_uses_all_levels() -> None:
    sums = np.random.default_rng(2).normal(30, 100, (1000, 3)).astype(np.int32)
    levels = integers.requantisation(sums, 3).apply(sums)
    shares = [(levels == level).mean() for level in range(4)]
    assert 0.4 < shares[0] < 0.75 and min(shares) > 0.02


def test_the_first_difference_is_told() -> None:
    expected = np.arange(6).reshape(2, 3)
    integers.check_equal("it", expected.copy(), expected)
    found = expected.copy()
    found[1, 1:] = 9
    with pytest.raises(AgreementError, match=r"it differs from numpy in 2 of 6 .* at \[1, 1\]: 9 instead of 4"):
        integers.check_equal("it", found, expected)
    with pytest.raises(AgreementError, match="shape"):
        integers.check_equal("it", found[:1], expected)


def test_a_requantisation_stays_within_32_bits() -> None:
    sums = np.array([[60_000], [60_000]], np.int32)  # no spread at all
    chosen = integers.requantisation(sums, 15)
    wide = 2 * sums.astype(np.int64) * chosen.factor + chosen.offset
    assert np.abs(wide).max() < 1 << 31
