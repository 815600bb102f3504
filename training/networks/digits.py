# SPDX-License-Identifier: BSD-3-Clause
"""Small networks for 8x8 images: plain, residual, depthwise-separable."""

from torch import Tensor, nn

from training.blocks import Blocks
from training.layers import QuantAdd, QuantSumPool


class DigitsCnn(nn.Module):
    """Two 3x3 convolutions with max pooling and a linear layer."""

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
        self.flatten = nn.Flatten()
        self.fc = q.classifier(32 * (height // 4) * (width // 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.act1(self.bn1(self.conv1(self.input(x)))))
        x = self.pool2(self.act2(self.bn2(self.conv2(x))))
        return self.fc(self.flatten(x))


class DigitsResnet(nn.Module):
    """A stem, one residual block and a strided convolution. `act` is shared by the stem and the block's end, so that
    both sides of the addition have one scale.
    """

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.input = q.input()
        self.stem = q.conv(q.input_shape[0], 8, 3, padding=1)
        self.stem_bn = nn.BatchNorm2d(8)
        self.act = q.relu()
        self.conv1 = q.conv(8, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.act1 = q.relu()
        self.conv2 = q.conv(8, 8, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(8)
        self.add = QuantAdd()
        self.conv3 = q.conv(8, 16, 3, stride=2, padding=1)
        self.bn3 = nn.BatchNorm2d(16)
        self.act3 = q.relu()
        self.pool = QuantSumPool()
        self.act4 = q.relu()
        self.flatten = nn.Flatten()
        self.fc = q.classifier(16)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.stem_bn(self.stem(self.input(x))))
        y = self.act1(self.bn1(self.conv1(x)))
        y = self.act(self.bn2(self.conv2(y)))
        x = self.add(x, y)
        x = self.act3(self.bn3(self.conv3(x)))
        return self.fc(self.flatten(self.act4(self.pool(x))))


class DigitsDws(nn.Module):
    """A convolution, then two depthwise-separable ones."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        _, height, width = q.input_shape
        self.input = q.input()
        self.conv = q.conv(q.input_shape[0], 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.act = q.relu()
        self.depthwise1 = q.conv(8, 8, 3, padding=1, groups=8)
        self.depthwise1_bn = nn.BatchNorm2d(8)
        self.depthwise1_act = q.relu()
        self.pointwise1 = q.conv(8, 16, 1)
        self.pointwise1_bn = nn.BatchNorm2d(16)
        self.pointwise1_act = q.relu()
        self.depthwise2 = q.conv(16, 16, 3, stride=2, padding=1, groups=16)
        self.depthwise2_bn = nn.BatchNorm2d(16)
        self.depthwise2_act = q.relu()
        self.pointwise2 = q.conv(16, 16, 1)
        self.pointwise2_bn = nn.BatchNorm2d(16)
        self.pointwise2_act = q.relu()
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc = q.classifier(16 * (-(-height // 2) // 2) * (-(-width // 2) // 2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.bn(self.conv(self.input(x))))
        x = self.depthwise1_act(self.depthwise1_bn(self.depthwise1(x)))
        x = self.pointwise1_act(self.pointwise1_bn(self.pointwise1(x)))
        x = self.depthwise2_act(self.depthwise2_bn(self.depthwise2(x)))
        x = self.pointwise2_act(self.pointwise2_bn(self.pointwise2(x)))
        return self.fc(self.flatten(self.pool(x)))
