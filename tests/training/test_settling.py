# SPDX-License-Identifier: BSD-3-Clause
"""Batch norm's statistics are the plain averages over the batches given, and nothing else changes."""

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training.recipe import Augmentation
from training.settling import BATCHES, drawn, settle


@pytest.mark.parametrize("kind", [nn.BatchNorm2d, nn.SyncBatchNorm])
def test_settling_averages_the_statistics_of_batches_and_leaves_the_rest(kind: Any) -> None:
    model = nn.Sequential(nn.Dropout(0.5), norm := kind(2, momentum=0.3), nn.ReLU().eval())
    nn.init.constant_(norm.running_mean, 100.0)
    batches = torch.randint(0, 9, (5, 8, 2, 3, 3)).float()
    settle(model, batches)
    means = batches.mean(dim=(1, 3, 4))  # dropout would have changed them
    assert torch.allclose(norm.running_mean, means.mean(dim=0), rtol=1e-4)
    assert model.training and model[0].training and norm.training and not model[2].training and norm.momentum == 0.3


@pytest.mark.parametrize("batches", [[torch.zeros(4, 2, 3, 3)], []], ids=["fails", "nothing"])
def test_a_failure_leaves_all_as_it_was(batches: list[Tensor]) -> None:
    model = nn.Sequential(nn.BatchNorm2d(2, momentum=0.3), nn.Conv2d(3, 3, 1))
    nn.init.constant_(model[0].running_mean, 7.0)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError) if batches else nullcontext():
        settle(model, batches)
    assert model.training and model[0].momentum == 0.3  # type: ignore[union-attr]
    assert model[0].running_mean.tolist() == [7.0, 7.0] and model[0].num_batches_tracked == 0  # type: ignore[union-attr, operator]


def test_batches_are_drawn_as_training_augments_them() -> None:
    images = torch.arange(1, 11, dtype=torch.uint8)[:, None, None, None].expand(10, 1, 6, 6)
    plain = list(drawn(images, 4, 1, Augmentation()))
    changed = list(drawn(images, 4, 1, Augmentation(shift=2)))
    assert len(plain) == len(changed) == BATCHES
    assert all(batch.shape == (4, 1, 6, 6) and (batch > 0).all() for batch in plain)
    assert {value for batch in plain for value in batch.unique().tolist()} == set(range(1, 11))
    assert sum((batch == 0).any().item() for batch in changed) > BATCHES // 2
