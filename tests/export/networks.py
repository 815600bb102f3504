# SPDX-License-Identifier: BSD-3-Clause
"""Networks with random weights and random batch norm, for tests of the export."""

from collections.abc import Callable
from typing import Any

import brevitas.nn as qnn
import torch
from torch import Tensor, nn

import training
from training.blocks import Blocks
from training.layers import QuantAdd
from training.layers.dropout import scale_dropout
from training.quantisers import UnsignedActivation


def input_shape(name: str) -> tuple[int, int, int]:
    """An input that the network `name` takes: CNV, which does not pad, needs its own."""
    return (3, 32, 32) if name == "cifar-cnv" else (1, 8, 8)


def randomised(network: Callable[[Blocks], nn.Module], blocks: Blocks, seed: int = 0) -> nn.Module:
    """The network in eval mode, as if trained: batch norm of both signs, activations that use their range."""
    torch.manual_seed(seed)
    model = network(blocks)
    scale_dropout(model)
    model.input_shape = blocks.input_shape  # type: ignore[assignment]
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    for _ in range(4):
        model.train()(images(blocks, 16).float())
    for norm in norms:
        norm.weight.data.uniform_(-1.5, 1.5)
        norm.bias.data.uniform_(-0.5, 1.5)
    return model.eval()


def images(blocks: Blocks, count: int, seed: int = 0) -> Tensor:
    """Random raw images uint8 [count, C, H, W]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, blocks.maximum + 1, (count, *blocks.input_shape), generator=generator, dtype=torch.uint8)


def of_brevitas(first: nn.Module, side: int, classes: int, bits: int = 8) -> nn.Module:
    """Brevitas' layers behind `first`, wrapped, calibrated, in eval mode; for integers to 16 [N, 1, side, side]."""
    torch.manual_seed(0)
    model = nn.Sequential(
        first,
        qnn.QuantConv2d(1, 4, 3, bias=False, weight_bit_width=2),
        nn.BatchNorm2d(4),
        qnn.QuantReLU(bit_width=3),
        nn.Flatten(),
        qnn.QuantLinear(4 * (side - 2) ** 2, classes, bias=False, weight_bit_width=2),
    )
    training.calibrate(training.wrap(model, bits), [torch.randint(0, 17, (16, 1, side, side)).float()])
    return model.eval()


class OwnForward(nn.Module):
    """A user's network: a loop, view for flatten, dropout, a hidden linear layer, a quantiser used twice."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        channels, height, width = q.input_shape
        self.input = q.input()
        self.features = nn.ModuleList()
        layers: tuple[tuple[int, tuple[int, int], Any], ...] = ((7, (5, 3), (2, 1)), (13, (2, 4), "same"))
        for wanted, kernel, padding in layers:
            block = nn.Sequential(
                q.conv(channels, wanted, kernel, padding=padding), nn.BatchNorm2d(wanted), q.relu(), nn.Dropout(0.2)
            )
            self.features.append(block)
            channels = wanted
        self.branch = q.conv(13, 13, 3, padding=1)
        self.branch_norm = nn.BatchNorm2d(13)
        self.shared = q.relu()
        self.again = q.conv(13, 13, 3, padding=1)
        self.again_norm = nn.BatchNorm2d(13)
        self.add = QuantAdd()
        self.down = q.conv(13, 4, 3, stride=2, padding=1)
        self.down_norm = nn.BatchNorm2d(4)
        self.identity = qnn.QuantIdentity(act_quant=UnsignedActivation, bit_width=3, return_quant_tensor=True)
        self.hidden = q.linear(4 * -(-height // 2) * -(-width // 2), 11)
        self.hidden_norm = nn.BatchNorm1d(11)
        self.hidden_act = q.relu()
        self.head = q.classifier(11)

    def forward(self, x: Tensor) -> Tensor:
        x = self.input(x)
        for block in self.features:
            x = block(x)
        a = self.shared(self.branch_norm(self.branch(x)))
        b = self.shared(self.again_norm(self.again(a)))
        x = self.identity(self.down_norm(self.down(self.add(a, b))))
        x = x.view(x.shape[0], -1)
        return self.head(self.hidden_act(self.hidden_norm(self.hidden(x))))
