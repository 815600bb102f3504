# SPDX-License-Identifier: BSD-3-Clause
"""What a data set is to the rest of the toolkit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chain.errors import InputError


@dataclass(frozen=True)
class Dataset:
    """Images uint8 [N, C, H, W] with values 0..`maximum`, labels int64 [N] that index `class_names`.

    Raises InputError on construction if they do not fit together.
    """

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    maximum: int = 255

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            if images.dtype != np.uint8 or images.ndim != 4 or len(images) == 0:
                raise InputError(
                    f"{part}_images: found {images.dtype} {list(images.shape)}, expected uint8 [N, C, H, W]"
                )
            if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
                raise InputError(
                    f"{part}_labels: found {labels.dtype} {list(labels.shape)}, expected int64 [{len(images)}]"
                )
            if images.max() > self.maximum:
                raise InputError(f"{part}_images: found {images.max()}, expected at most maximum = {self.maximum}")
            if labels.min() < 0 or labels.max() >= len(self.class_names):
                raise InputError(
                    f"{part}_labels: found {labels.min()}..{labels.max()}, expected 0..{len(self.class_names) - 1}"
                )
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise InputError(
                f"images: train are {list(self.train_images.shape[1:])}, test {list(self.test_images.shape[1:])}"
            )

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        c, h, w = self.train_images.shape[1:]
        return c, h, w
