# SPDX-License-Identifier: BSD-3-Clause
"""The images that a trial is trained on and those it is judged by."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.bench_training.plan import Setting
from training.datasets import DATASETS
from training.environment import data_folder

KEPT = 5
"""One image of so many training images is kept for choosing learning rates."""


@dataclass(frozen=True)
class Split:
    """Images uint8 [N, C, H, W] and labels int64 [N] to train on and to judge by."""

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    classes: int
    maximum: int


@functools.lru_cache(maxsize=4)
def split(dataset: str, tuning: bool, folder: Path | None) -> Split:
    """The data set's training and test images; while `tuning`, the training images in two, and no test image."""
    data = DATASETS[dataset](folder)
    if tuning:
        data = data.split(1 / KEPT)
    parts = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    return Split(*parts, len(data.class_names), data.maximum)


def of(setting: Setting, tuning: bool) -> Split:
    """The split of a setting. Raises InputError where the data set's files are missing or damaged."""
    return split(setting.dataset, tuning, data_folder())
