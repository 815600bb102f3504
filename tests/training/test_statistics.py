# SPDX-License-Identifier: BSD-3-Clause
"""Counters against Python's own counting, and the changes of training images."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.augmentation import augment
from training.recipe import Augmentation
from training.statistics import BINS, Monitor


@given(st.lists(st.lists(st.integers(-600, 600), min_size=1, max_size=30), min_size=1, max_size=4), st.integers(4, 10))
def test_counts(batches: list[list[int]], bits: int) -> None:
    monitor = Monitor(span=500.0)
    for batch in batches:
        monitor.update(torch.tensor(batch, dtype=torch.float32), bits)
    sums = [value for batch in batches for value in batch]
    h = 1 << (bits - 1)
    assert monitor.sums == len(sums)
    assert monitor.overflows == sum(not -h <= value < h for value in sums)
    assert monitor.overflow_rate == pytest.approx(monitor.overflows / len(sums))
    assert monitor.penalty == pytest.approx(sum(max(abs(value) - h, 0) for value in sums) / len(sums))
    assert monitor.low == min(*sums, 0) and monitor.high == max(*sums, 0)
    assert sum(monitor.shares()) == pytest.approx(1)
    assert len(monitor.edges()) == BINS + 1 and monitor.edges()[0] == -500.0
    below = sum(value < 0 for value in sums) / len(sums)
    assert sum(monitor.shares()[: BINS // 2]) == pytest.approx(below)


def test_nothing_counted() -> None:
    assert Monitor().overflow_rate == 0.0 and Monitor().penalty == 0.0


def test_shifts_move_whole_images_and_fill_with_zeros() -> None:
    image = torch.arange(1.0, 13.0).view(1, 1, 3, 4)
    shifted = augment(image.expand(200, 1, 3, 4), Augmentation(shift=1), torch.Generator().manual_seed(0))
    expected = {
        tuple(torch.nn.functional.pad(image, (1, 1, 1, 1))[0, 0, r : r + 3, c : c + 4].flatten().tolist())
        for r in range(3)
        for c in range(3)
    }
    assert {tuple(one.flatten().tolist()) for one in shifted} == expected


def test_flips_mirror_about_half() -> None:
    image = torch.arange(1.0, 13.0).view(1, 1, 3, 4)
    flipped = augment(image.expand(200, 1, 3, 4), Augmentation(flip=True), torch.Generator().manual_seed(0))
    mirrored = sum(torch.equal(one, image[0].flip(2)) for one in flipped)
    straight = sum(torch.equal(one, image[0]) for one in flipped)
    assert mirrored + straight == 200 and 70 < mirrored < 130


def test_cutouts_are_black_squares_whose_middle_is_anywhere() -> None:
    images = torch.ones(400, 2, 6, 8)
    cut = augment(images, Augmentation(cutout=3), torch.Generator().manual_seed(0))
    assert torch.equal(cut[:, 0], cut[:, 1]) and torch.equal(images, torch.ones_like(images))
    found = set()
    for one in cut[:, 0]:
        rows, columns = (one == 0).any(dim=1).nonzero()[:, 0], (one == 0).any(dim=0).nonzero()[:, 0]
        assert (one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 0).all()
        found.add((rows[0].item(), len(rows), columns[0].item(), len(columns)))
    # Squares at the border are cut off: the middle is one of 6 x 8 places.
    assert len(found) == 48 and {count for _, count, _, _ in found} == {2, 3}
