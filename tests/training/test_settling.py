# SPDX-License-Identifier: BSD-3-Clause
"""Batch norm's statistics are the plain averages over the batches given, and nothing else changes."""

import pytest
import torch
from torch import nn

from training.recipe import Augmentation
from training.settling import BATCHES, drawn, settle


def test_settling_averages_the_statistics_of_batches_and_leaves_the_rest() -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(2, momentum=0.3), nn.ReLU().eval())
    norm = model[1]
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.constant_(norm.running_mean, 100.0)  # type: ignore[arg-type]
    batches = torch.randint(0, 9, (5, 8, 2, 3, 3)).float()
    settle(model, batches)
    means = batches.mean(dim=(1, 3, 4))  # dropout would have changed them
    assert torch.allclose(norm.running_mean, means.mean(dim=0), rtol=1e-4)  # type: ignore[arg-type]
    assert model.training and model[0].training and norm.training and not model[2].training and norm.momentum == 0.3


def test_a_failure_leaves_the_modes_as_they_were() -> None:
    model = nn.Sequential(nn.BatchNorm2d(2, momentum=0.3), nn.Conv2d(3, 3, 1))
    with pytest.raises(RuntimeError):
        settle(model, [torch.zeros(4, 2, 3, 3)])
    assert model.training and model[0].momentum == 0.3  # type: ignore[union-attr]


def test_batches_are_drawn_as_training_augments_them() -> None:
    images = torch.arange(1, 11, dtype=torch.uint8)[:, None, None, None].expand(10, 1, 6, 6)
    plain = list(drawn(images, 4, 1, Augmentation()))
    changed = list(drawn(images, 4, 1, Augmentation(shift=2)))
    assert len(plain) == len(changed) == BATCHES
    assert all(batch.shape == (4, 1, 6, 6) and (batch > 0).all() for batch in plain)
    assert {value for batch in plain for value in batch.unique().tolist()} == set(range(1, 11))
    assert sum((batch == 0).any().item() for batch in changed) > BATCHES // 2
