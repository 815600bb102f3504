# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's digits: 1,797 images of 8x8 pixels with values 0..16, inside the package."""

from pathlib import Path

import numpy as np

from training.datasets.dataset import Dataset

TEST_SHARE = 4


def load(data: Path | None = None) -> Dataset:
    """Every image belongs to train or test by a fixed permutation; a quarter (449) is test. `data` is not used."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    images = raw.images.astype(np.uint8)[:, None]
    labels = raw.target.astype(np.int64)
    order = np.random.RandomState(0).permutation(len(images))
    test, train = np.split(order, [len(order) // TEST_SHARE])
    return Dataset(
        images[train], labels[train], images[test], labels[test], tuple(str(digit) for digit in range(10)), maximum=16
    )
