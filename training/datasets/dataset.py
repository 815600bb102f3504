# SPDX-License-Identifier: BSD-3-Clause
"""What a data set is to the rest of the toolkit."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chain.errors import InputError


@dataclass(frozen=True)
class Dataset:
    """Images uint8 [N, C, H, W] with values 0..`maximum`, labels int64 [N] that index `class_names`.

    `judges` says what the test images are: "test", or "validation" where `split` took them from the training images.
    Raises InputError on construction if they do not fit together.
    """

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    maximum: int = 255
    judges: str = "test"

    def __post_init__(self) -> None:
        if isinstance(self.class_names, str) or len(self.class_names) < 2:
            raise InputError(f"class_names: found {self.class_names!r}, expected the names of two classes or more")
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            for name, array in (("images", images), ("labels", labels)):
                if not isinstance(array, np.ndarray):
                    raise InputError(f"{part}_{name}: found a {type(array).__name__}, expected a numpy array")
            if images.dtype != np.uint8 or images.ndim != 4 or len(images) == 0:
                raise InputError(
                    f"{part}_images: found {images.dtype} {list(images.shape)}, expected uint8 [N, C, H, W] with N > 0 "
                    "(pixels as they are, which the network's input scales)"
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

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all images and labels, in their order."""
        arrays = (self.train_images, self.train_labels, self.test_images, self.test_labels)
        found = hashlib.sha256()
        for array in arrays:
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        c, h, w = self.train_images.shape[1:]
        return c, h, w

    def split(self, share: float, seed: int = 0) -> "Dataset":
        """The training images alone, `share` (0..1) of them as what judges: every class gives its share of them, by
        chance from `seed`. The test images are not in it.

        Raises InputError where a class has too few images to be in both parts.
        """
        from sklearn.model_selection import train_test_split

        every = np.arange(len(self.train_labels))
        try:
            train, validation = train_test_split(every, test_size=share, random_state=seed, stratify=self.train_labels)
        except ValueError as error:
            raise InputError(
                f"no validation split of {share:g} of the {len(every)} training images: {error} Give more images"
            ) from None
        images, labels = self.train_images, self.train_labels
        return replace(
            self,
            train_images=images[train],
            train_labels=labels[train],
            test_images=images[validation],
            test_labels=labels[validation],
            judges="validation",
        )
