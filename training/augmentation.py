# SPDX-License-Identifier: BSD-3-Clause
"""Random changes of a batch of training images."""

import torch
from torch import Tensor

from training.recipe import Augmentation


def augment(images: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Shift each image [N, C, H, W] by up to `how.shift` pixels either way, filling with zeros, mirror half of them if
    `how.flip`, and make a square of `how.cutout` pixels a side zero, whose middle is anywhere in the image.
    """
    if how.shift:
        images = _shift(images, how.shift, generator)
    if how.flip:
        mirrored = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    if how.cutout:
        images = _cut_out(images, how.cutout, generator)
    return images


def _shift(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    padded = torch.nn.functional.pad(images, (most, most, most, most))
    rows = (torch.randint(0, 2 * most + 1, (count, 1), generator=generator) + torch.arange(height)).to(images.device)
    columns = (torch.randint(0, 2 * most + 1, (count, 1), generator=generator) + torch.arange(width)).to(images.device)
    image = torch.arange(count, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def _cut_out(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    inside = []
    for size in (height, width):
        first = torch.randint(0, size, (count, 1), generator=generator) - side // 2
        places = torch.arange(size)
        inside.append(((places >= first) & (places < first + side)).to(images.device))
    return images.masked_fill(inside[0][:, None, :, None] & inside[1][:, None, None, :], 0.0)
