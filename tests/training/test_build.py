# SPDX-License-Identifier: BSD-3-Clause
"""From recipes to networks: widths by layer, and networks that cannot be built."""

from pathlib import Path
from typing import Any

import pytest
import torch

from chain.errors import InputError, UnsupportedError
from training import recipe
from training.build import build
from training.layers import InputQuant, accumulators

STAGE = {"name": "wrap", "epochs": 1, "lr": 0.001, "accumulator": "wrap"}
GOOD: dict[str, Any] = {"name": "a", "dataset": "digits", "network": "digits", "stages": [STAGE]}


def made(network: str = "digits", folder: Path | None = None, **quantisation: Any) -> torch.nn.Module:
    values = {**GOOD, "network": network, "quantisation": quantisation}
    return build(recipe.parse(values, folder / "r.toml" if folder else None), (1, 8, 8), 10, 16)


def test_widths_reach_the_layers() -> None:
    model = made(
        weights=4, activation_bits=2, input_bits=5, accumulator_bits={"default": 9, "fc": 12, "conv2": 7}, fold=1
    )
    layers = accumulators(model)
    assert {name: layer.accumulator_bits for name, layer in layers.items()} == {"conv1": 9, "conv2": 7, "fc": 12}
    assert {name: layer.input_bits for name, layer in layers.items()} == {"conv1": 5, "conv2": 2, "fc": 2}
    assert {layer.fold for layer in layers.values()} == {1}
    assert {layer.weight_bits for layer in layers.values()} == {4.0}
    assert model.input_shape == (1, 8, 8)
    (first,) = [module for module in model.modules() if isinstance(module, InputQuant)]
    assert first.maximum == 16


def test_no_fold() -> None:
    assert {layer.fold for layer in accumulators(made(fold=0)).values()} == {None}


def test_the_seed_decides_the_weights() -> None:
    def weight(seed: int) -> torch.Tensor:
        return build(recipe.parse({**GOOD, "seed": seed}), (1, 8, 8), 10, 16).get_parameter("conv1.weight")

    assert torch.equal(weight(1), weight(1)) and not torch.equal(weight(1), weight(2))


def test_unknown_names_are_told_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no layer 'conv3'; did you mean 'conv[12]'"):
        made(accumulator_bits={"conv3": 8})
    with pytest.raises(InputError, match="unknown network 'digit'; did you mean 'digits'"):
        made("digit")


USER = """
from torch import nn

class Empty(nn.Module):
    def __init__(self, q):
        super().__init__()

class Fails(nn.Module):
    def __init__(self, q):
        raise RuntimeError("no idea")

class NoShape(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.input, self.flatten, self.fc = q.input(), nn.Flatten(), q.classifier(10)
    def forward(self, x):
        return self.fc(self.flatten(self.input(x)))

class WrongClasses(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.input, self.flatten, self.fc = q.input(), nn.Flatten(), q.linear(64, 3)
    def forward(self, x):
        return self.fc(self.flatten(self.input(x)))

class TooWide(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.input, self.conv = q.input(), q.conv(1, 9000, 1)
        self.act, self.flatten, self.fc = q.relu(8), nn.Flatten(), q.classifier(9000 * 64, weights=8)
    def forward(self, x):
        return self.fc(self.flatten(self.act(self.conv(self.input(x)))))

def function(q):
    return None
"""


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("Empty", UnsupportedError, "no WrapConv2d or WrapLinear"),
        ("Fails", InputError, "RuntimeError: no idea"),
        ("NoShape", InputError, r"does not take images of \[1, 8, 8\]"),
        ("WrongClasses", InputError, r"gives \[1, 3\] for one image, expected \[1, 10\]"),
        ("TooWide", UnsupportedError, "layer 'fc': 576000 products"),
        ("function", InputError, "not a subclass"),
        ("Missing", InputError, "has no 'Missing'"),
    ],
)
def test_a_users_network_that_cannot_be_built(tmp_path: Path, name: str, error: type[Exception], message: str) -> None:
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    with pytest.raises(error, match=message):
        made(f"user.py:{name}", tmp_path)
