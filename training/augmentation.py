# SPDX-License-Identifier: BSD-3-Clause
"""Random changes of a batch of training images."""

import torch
from torch import Tensor

from training.recipe import Augmentation


def augment(images: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Shift each image [N, C, H, W] by up to `how.shift` pixels either way, filling with zeros, and mirror half of
    them if `how.flip`.
    """
    if how.shift:
        images = _shift(images, how.shift, generator)
    if how.flip:
        mirrored = torch.rand(len(images), generator=generator) < 0.5
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    return images


def _shift(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    padded = torch.nn.functional.pad(images, (most, most, most, most))
    rows = torch.randint(0, 2 * most + 1, (count, 1), generator=generator) + torch.arange(height)
    columns = torch.randint(0, 2 * most + 1, (count, 1), generator=generator) + torch.arange(width)
    image = torch.arange(count)[:, None, None]
    return padded.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
