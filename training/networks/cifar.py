# SPDX-License-Identifier: BSD-3-Clause
"""Networks for 32x32 colour images."""

from torch import Tensor, nn

from training.blocks import Blocks


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
