# SPDX-License-Identifier: BSD-3-Clause
"""Networks for 32x32 colour images."""

from torch import Tensor, nn

from training.blocks import Blocks
from training.layers import QuantAdd, QuantSumPool


class CifarCnv(nn.Module):
    """The topology of FINN's CNV: six 3x3 convolutions without padding, two poolings, three linear layers.
    59 million products an image.
    """

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.input = q.input()
        features: list[nn.Module] = []
        channels = q.input_shape[0]
        for index, width in enumerate((64, 64, 128, 128, 256, 256)):
            features += [q.conv(channels, width, 3), nn.BatchNorm2d(width), q.relu()]
            if index in (1, 3):
                features.append(nn.MaxPool2d(2))
            channels = width
        self.features = nn.Sequential(*features)
        self.flatten = nn.Flatten()
        self.hidden = nn.Sequential(
            q.linear(256, 512), nn.BatchNorm1d(512), q.relu(), q.linear(512, 512), nn.BatchNorm1d(512), q.relu()
        )
        self.classifier = q.classifier(512)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.hidden(self.flatten(self.features(self.input(x)))))


class CifarResnet(nn.Module):
    """MLPerf Tiny's ResNet-8 with twice the channels: a stem of 32, residual blocks of 32, 64 and 128, a global sum, a
    linear layer. 49 million products an image.
    """

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.input = q.input()
        self.stem = q.conv(q.input_shape[0], 32, 3, padding=1)
        self.norm = nn.BatchNorm2d(32)
        self.act = q.relu()
        self.block1 = IdentityBlock(q, 32, self.act)
        self.block2 = DownBlock(q, 32, 64)
        self.block3 = DownBlock(q, 64, 128)
        self.pool = QuantSumPool()
        self.pool_act = q.relu()
        self.flatten = nn.Flatten()
        self.classifier = q.classifier(128)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.stem(self.input(x))))
        x = self.block3(self.block2(self.block1(x)))
        return self.classifier(self.flatten(self.pool_act(self.pool(x))))


class IdentityBlock(nn.Module):
    """Two 3x3 convolutions, added to their input. `act` is the quantiser that the input came from: both sides of an
    addition have one scale.
    """

    def __init__(self, q: Blocks, channels: int, act: nn.Module) -> None:
        super().__init__()
        self.conv1 = q.conv(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.act1 = q.relu()
        self.conv2 = q.conv(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(channels)
        self.act = act
        self.add = QuantAdd()

    def forward(self, x: Tensor) -> Tensor:
        y = self.act1(self.norm1(self.conv1(x)))
        return self.add(x, self.act(self.norm2(self.conv2(y))))


class DownBlock(nn.Module):
    """Two 3x3 convolutions, the first of stride 2, beside a 1x1 convolution of stride 2."""

    def __init__(self, q: Blocks, channels: int, width: int) -> None:
        super().__init__()
        self.conv1 = q.conv(channels, width, 3, stride=2, padding=1)
        self.norm1 = nn.BatchNorm2d(width)
        self.act1 = q.relu()
        self.conv2 = q.conv(width, width, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = q.conv(channels, width, 1, stride=2)
        self.shortcut_norm = nn.BatchNorm2d(width)
        self.act = q.relu()
        self.add = QuantAdd()

    def forward(self, x: Tensor) -> Tensor:
        y = self.act1(self.norm1(self.conv1(x)))
        y = self.act(self.norm2(self.conv2(y)))
        return self.add(self.act(self.shortcut_norm(self.shortcut(x))), y)
