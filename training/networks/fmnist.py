# SPDX-License-Identifier: BSD-3-Clause
"""A convolutional network for 28x28 images."""

from torch import Tensor, nn

from training.blocks import Blocks


class FmnistCnn(nn.Module):
    """Four 3x3 convolutions with max pooling and a linear layer: 2.4 million products an image."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        channels, height, width = q.input_shape
        self.input = q.input()
        self.conv1 = q.conv(channels, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.act1 = q.relu()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = q.conv(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.act2 = q.relu()
        self.pool2 = nn.MaxPool2d(2)
        self.conv3 = q.conv(32, 32, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(32)
        self.act3 = q.relu()
        self.conv4 = q.conv(32, 64, 3, padding=1)
        self.bn4 = nn.BatchNorm2d(64)
        self.act4 = q.relu()
        self.pool4 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc = q.classifier(64 * (height // 8) * (width // 8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.act1(self.bn1(self.conv1(self.input(x)))))
        x = self.pool2(self.act2(self.bn2(self.conv2(x))))
        x = self.act3(self.bn3(self.conv3(x)))
        x = self.pool4(self.act4(self.bn4(self.conv4(x))))
        return self.fc(self.flatten(x))
