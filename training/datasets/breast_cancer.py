# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's breast cancer table: 569 rows of 30 measurements, benign or malignant, inside the package."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.datasets.dataset import Dataset

TEST_SHARE = 4


def load(data: Path | None = None) -> Dataset:
    """Rows as images uint8 [N, 30, 1, 1]: every column 0..255 between its 1st and 99th percentile in the training
    rows, beyond them clipped. A fixed permutation makes a quarter (142 rows) test. `data` is not used.
    """
    from sklearn.datasets import load_breast_cancer

    raw = load_breast_cancer()
    labels = raw.target.astype(np.int64)
    order = np.random.RandomState(0).permutation(len(labels))
    test, train = np.split(order, [len(order) // TEST_SHARE])
    low, high = np.percentile(raw.data[train], (1, 99), axis=0)

    def images(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        share = np.clip((raw.data[rows] - low) / (high - low), 0.0, 1.0)
        return np.rint(255 * share).astype(np.uint8)[:, :, None, None]

    return Dataset(images(train), labels[train], images(test), labels[test], tuple(map(str, raw.target_names)))
