# SPDX-License-Identifier: BSD-3-Clause
"""The overview against counting by hand."""

from typing import Any

import pytest
import torch
from torch import nn

import training
from chain.errors import InputError
from training.blocks import Blocks
from training.layers import accumulators, recording
from training.networks import NETWORKS


def test_layers_and_widths() -> None:
    torch.manual_seed(0)
    model = NETWORKS["digits"](Blocks((1, 8, 8), 10, maximum=16, input_bits=4)).eval()
    images = torch.randint(0, 17, (30, 1, 8, 8), generator=torch.Generator().manual_seed(1)).float()
    labels = torch.arange(30) % 10
    batches = [(images[:20], labels[:20]), (images[20:], labels[20:])]
    found = training.report(model, batches, widths=(32, 8, 5))
    with recording(model) as layers, torch.no_grad():
        logits = model(images)
        for name, layer in layers.items():
            z = layer.last_sum
            assert z is not None
            entry = found.layers[name]
            assert (entry.low, entry.high) == (z.min(), z.max())
            assert entry.overflow_rate == pytest.approx(((z > 127) | (z < -128)).double().mean().item())
            half = 1 << entry.sufficient_bits - 1
            assert -half <= entry.low and entry.high < half
            assert not (-half // 2 <= entry.low and entry.high < half // 2)
    correct = (torch.from_numpy(logits.numpy().argmax(axis=1)) == labels).double().mean().item()
    assert found.images == 30 and found.accuracy == found.accuracy_at[8] == pytest.approx(correct)
    for layer in accumulators(model).values():
        assert (layer.accumulator_bits, layer.wrapping) == (8, True), "the model is left as it was"
        layer.accumulator_bits = 5
    assert found.accuracy_at[5] == training.report(model, batches, widths=()).accuracy
    assert f"accuracy {100 * correct:.2f} % on 30 images" in str(found) and "conv2" in str(found)


def test_nothing_to_report() -> None:
    with pytest.raises(InputError, match="no wrapping layers"):
        training.report(nn.Sequential(nn.ReLU()), [])
    with pytest.raises(InputError, match="no batch"):
        training.report(Blocks((1, 8, 8), 10).conv(1, 1, 3), [])


def made() -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS["digits"](Blocks((1, 8, 8), 10, maximum=16, input_bits=4)).eval()


@pytest.mark.parametrize(
    ("loader", "text"),
    [
        (iter([(torch.zeros(2, 1, 8, 8), torch.zeros(2))]), "the loader is an iterator, to be gone through once"),
        ([{"x": 1}], "a batch is a dict"),
        ([torch.zeros(2, 1, 8, 8)], "a batch is a Tensor"),
        ([(torch.zeros(2, 1, 8, 8),)], r"a batch is a tuple \(Tensor\), expected a tensor of inputs and the labels"),
        ([(torch.zeros(2, 1, 8, 8), torch.zeros(2, 10))], r"labels of shape \[2, 10\] for 2 inputs"),
    ],
)
def test_loaders_that_give_something_else(loader: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        training.report(made(), loader)


def test_labels_in_a_column_and_as_a_list_and_more_behind_them() -> None:
    model, images, labels = made(), torch.randint(0, 17, (30, 1, 8, 8)).float(), torch.arange(30) % 10
    expected = training.report(model, [(images, labels)], widths=()).accuracy
    for batch in ((images, labels[:, None]), (images, labels.tolist(), "more")):
        assert training.report(model, [batch], widths=()).accuracy == expected


def test_a_frozen_batch_norm_stays_frozen() -> None:
    model = made().train()
    frozen = next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    frozen.eval()
    training.report(model, [(torch.zeros(2, 1, 8, 8), torch.zeros(2))], widths=())
    assert model.training and not frozen.training


def test_a_model_that_gives_no_logits() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = made()

        def forward(self, x: torch.Tensor) -> Any:
            return self.inner(x), x

    with pytest.raises(InputError, match=r"the model gives a tuple, expected logits \[N, classes\]"):
        training.report(Pair(), [(torch.zeros(2, 1, 8, 8), torch.zeros(2))])
