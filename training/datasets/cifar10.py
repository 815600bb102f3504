# SPDX-License-Identifier: BSD-3-Clause
"""CIFAR-10 in its binary layout: records of one label byte and 3 x 32 x 32 bytes."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.errors import InputError
from training.datasets.dataset import Dataset

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32
TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = "test_batch.bin"


def load(data: Path | None = None) -> Dataset:
    """Read the six files from `data` or its folder cifar-10-batches-bin."""
    folder = find(data)
    parts = [read_batch(folder / name) for name in TRAIN]
    test_images, test_labels = read_batch(folder / TEST)
    return Dataset(
        np.concatenate([images for images, _ in parts]),
        np.concatenate([labels for _, labels in parts]),
        test_images,
        test_labels,
        CLASSES,
    )


def find(data: Path | None) -> Path:
    """The folder that holds test_batch.bin. Raises InputError that says what is needed and where it looked."""
    places = [data, data / "cifar-10-batches-bin"] if data else []
    for place in places:
        if (place / TEST).is_file():
            return place
    looked = ", ".join(str(place) for place in places) or "no folder, because DATA is not set"
    raise InputError(
        f"CIFAR-10 is missing: needs {', '.join((*TRAIN, TEST))} (the archive cifar-10-binary.tar.gz); "
        f"looked in {looked}. Set DATA=<folder of the files>"
    )


def read_batch(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images uint8 [N, 3, 32, 32] and labels int64 [N] of one file. Raises InputError if it is missing or damaged."""
    if not path.is_file():
        raise InputError(f"CIFAR-10 is incomplete: no file {path}")
    content = np.frombuffer(path.read_bytes(), np.uint8)
    if len(content) == 0 or len(content) % RECORD:
        raise InputError(f"{path} is truncated: {len(content)} bytes, expected a multiple of {RECORD}")
    records = content.reshape(-1, RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        raise InputError(f"{path} is not CIFAR-10's binary layout: found label {labels.max()}, expected 0..9")
    return records[:, 1:].reshape(-1, 3, 32, 32).copy(), labels
