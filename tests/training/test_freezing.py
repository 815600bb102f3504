# SPDX-License-Identifier: BSD-3-Clause
"""Freezing keeps what the network computes, and refuses networks that have no such form."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from chain.errors import UnsupportedError
from training import freeze
from training.blocks import Blocks
from training.layers import ChannelAffine, accumulators, recording
from training.networks import NETWORKS


def settled(model: nn.Module, shape: tuple[int, int, int], maximum: int) -> nn.Module:
    """`model` with batch norm statistics from random images, and factors that are not all positive."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.normal_(generator=generator)
                module.bias.normal_(generator=generator)
                module.momentum = None
        for _ in range(3):
            model(images(64, shape, maximum, generator))
    return model.eval()


def images(count: int, shape: tuple[int, int, int], maximum: int, generator: torch.Generator) -> Tensor:
    return torch.randint(0, maximum + 1, (count, *shape), generator=generator).float()


SHAPES = {
    "fmnist-cnn": ((1, 28, 28), 255),
    "cifar-cnv": ((3, 32, 32), 255),
    "cifar-resnet": ((3, 32, 32), 255),
    "mlp": ((30, 1, 1), 255),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("weights", ["binary", 4])
def test_a_frozen_network_computes_the_same(name: str, weights: str | int) -> None:
    shape, maximum = SHAPES.get(name, ((1, 8, 8), 16))
    torch.manual_seed(0)
    model = NETWORKS[name](Blocks(shape, 10, maximum=maximum, weights=weights, input_bits=4))
    settled(model, shape, maximum)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    x = images(100, shape, maximum, torch.Generator().manual_seed(2))
    frozen = freeze(model, x[:1])
    assert accumulators(frozen).keys() == accumulators(model).keys()
    with recording(model) as ours, recording(frozen) as theirs, torch.no_grad():
        y, f = model(x), frozen(x)
        last = list(ours)[-1]
        assert f.equal(theirs[last].last_accumulator), "the output is the last accumulator itself"  # type: ignore[arg-type]
        overflows = 0
        for layer in ours:
            a, b = ours[layer].last_accumulator, theirs[layer].last_accumulator
            assert a is not None and b is not None
            # A float that rounding moves across a quantiser's step may change a sum; it must stay a rarity.
            assert (a != b).double().mean() < 2e-3, layer
            overflows += int((ours[layer].last_sum.abs() > 128).sum())  # type: ignore[union-attr]
    assert overflows, "nothing overflows: the test shows too little"
    assert (y.argmax(dim=1) == f.argmax(dim=1)).double().mean() >= 0.99
    assert not any(isinstance(module, nn.BatchNorm2d) for module in frozen.modules())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items()), "the model is untouched"


def test_a_layer_without_batch_norm_is_scaled_back_under_its_own_name() -> None:
    q = Blocks((1, 8, 8), 3, maximum=15, input_bits=4)
    model = nn.Sequential(q.input(), q.conv(1, 4, 3), q.relu(), nn.Flatten(), q.classifier(144)).eval()
    x = images(10, (1, 8, 8), 15, torch.Generator().manual_seed(0))
    frozen = freeze(model, x)
    assert list(accumulators(frozen)) == ["1", "4"]
    affine = frozen.get_submodule("1.1")
    assert isinstance(affine, ChannelAffine) and affine.b is None
    assert torch.equal(model(x).argmax(1), frozen(x).argmax(1))


def test_without_an_example_it_takes_the_models_input_shape() -> None:
    q = Blocks((1, 8, 8), 3, maximum=15, input_bits=4)
    model = nn.Sequential(q.input(), nn.Flatten(), q.classifier(64))
    with pytest.raises(UnsupportedError, match="input_shape"):
        freeze(model)
    model.input_shape = (1, 8, 8)  # type: ignore[assignment]
    assert freeze(model)(torch.zeros(1, 1, 8, 8)).shape == (1, 3)


class Shared(nn.Module):
    """Calls one convolution twice."""

    def __init__(self, q: Blocks) -> None:
        super().__init__()
        self.input, self.conv, self.bn, self.act = q.input(), q.conv(1, 1, 3, padding=1), nn.BatchNorm2d(1), q.relu()
        self.flatten, self.fc = nn.Flatten(), q.classifier(64)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.bn(self.conv(self.input(x))))
        return self.fc(self.flatten(self.act(self.bn(self.conv(x)))))


def ends_in_norm(q: Blocks) -> nn.Module:
    return nn.Sequential(q.input(), nn.Flatten(), q.classifier(64), nn.BatchNorm1d(3))


def norm_after_pool(q: Blocks) -> nn.Module:
    return nn.Sequential(
        q.input(), q.conv(1, 2, 3), nn.MaxPool2d(2), nn.BatchNorm2d(2), q.relu(), nn.Flatten(), q.classifier(18)
    )


def scales_by_channel(q: Blocks) -> nn.Module:
    return nn.Sequential(q.input(), nn.Flatten(), q.linear(64, 3))


def norm_without_statistics(q: Blocks) -> nn.Module:
    norm = nn.BatchNorm2d(2, track_running_stats=False)
    return nn.Sequential(q.input(), q.conv(1, 2, 3), norm, q.relu(), nn.Flatten(), q.classifier(72))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Shared, "called twice"),
        (ends_in_norm, "output is not that of"),
        (norm_after_pool, "'3' does not directly follow"),
        (scales_by_channel, "3 weight scales, expected one"),
        (norm_without_statistics, "without running statistics"),
    ],
)
def test_networks_without_such_a_form_are_refused(make: Callable[[Blocks], nn.Module], message: str) -> None:
    model = make(Blocks((1, 8, 8), 3, maximum=15, input_bits=4))
    with pytest.raises(UnsupportedError, match=message):
        freeze(model, torch.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("length", [6, 5])
def test_linear_layers_of_more_than_one_row_an_image_are_refused(length: int) -> None:
    """Batch norm and thresholds lie along the second dimension, their channels along the last."""
    blocks = Blocks((1, 8, 8), 6)
    model = nn.Sequential(blocks.relu(), blocks.linear(6, 6), blocks.relu(), blocks.classifier(6)).train()
    example = torch.rand(2, length, 6)
    model(example)
    with pytest.raises(UnsupportedError, match=rf"layer '1' gives \[2, {length}, 6\], expected \[N, out\]"):
        freeze(model.eval(), example)
