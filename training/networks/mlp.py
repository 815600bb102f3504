# SPDX-License-Identifier: BSD-3-Clause
"""A multilayer perceptron for tables: each row an image of one pixel, its columns the channels."""

from torch import Tensor, nn

from training.blocks import Blocks


class Mlp(nn.Module):
    """Linear layers of 32 and 16 and the classifier."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        channels, height, width = q.input_shape
        self.input = q.input()
        self.flatten = nn.Flatten()
        self.hidden1 = q.linear(channels * height * width, 32)
        self.norm1 = nn.BatchNorm1d(32)
        self.act1 = q.relu()
        self.hidden2 = q.linear(32, 16)
        self.norm2 = nn.BatchNorm1d(16)
        self.act2 = q.relu()
        self.classifier = q.classifier(16)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.norm1(self.hidden1(self.flatten(self.input(x)))))
        return self.classifier(self.act2(self.norm2(self.hidden2(x))))
