# SPDX-License-Identifier: BSD-3-Clause
"""What callers may pass as images, for the accelerator and the CPU engine alike."""

import numpy as np
import numpy.typing as npt

from host.errors import DtypeError, EmptyError, ShapeError


def as_images(images: object, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """`images` as uint8 [N, H, W, C], contiguous, of `shape` (H, W, C); [N, H, W] is taken too where C is 1.

    Raises DtypeError, ShapeError or EmptyError.
    """
    expected = f"uint8 [N, {', '.join(map(str, shape))}]"
    if not isinstance(images, np.ndarray):
        raise DtypeError(f"images are a {type(images).__name__}, expected a numpy array, {expected}")
    if images.dtype != np.uint8:
        raise DtypeError(
            f"images are {images.dtype}, expected {expected}: pass raw pixels, they are normalised inside the network"
        )
    height, width, channels = shape
    if channels == 1 and images.ndim == 3 and images.shape[1:] == (height, width):
        images = images[..., None]
    if images.ndim != 4 or images.shape[1:] != shape:
        raise ShapeError(f"images have shape {list(images.shape)}, expected {expected}{_hint(images.shape, shape)}")
    if len(images) == 0:
        raise EmptyError(f"zero images (shape {list(images.shape)}), expected at least one")
    return np.ascontiguousarray(images)


def is_one(found: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether an array of shape `found` is a single image of `shape` (H, W, C); [H, W] is one too where C is 1."""
    return found == shape or (shape[-1] == 1 and found == shape[:-1])


def _hint(found: tuple[int, ...], shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    if is_one(found, shape):
        return ": for one image pass images[None]"
    if len(found) == 4 and found[1:] == (channels, height, width):
        return ": channels come last, pass images.transpose(0, 2, 3, 1)"
    return ""
