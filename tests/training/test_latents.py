# SPDX-License-Identifier: BSD-3-Clause
"""Integers and scales back to weights: the quantiser gives the same again, bit for bit."""

import pytest
import torch

from chain.errors import UnsupportedError
from training.latents import set_integers
from training.layers import WrapConv2d
from training.quantisers import weight_quantiser

KINDS = [
    (weights, options)
    for weights in ("binary", "ternary", 2, 3, 4, 8)
    for options in ({}, {"per_channel": True}, {"learned": True})
]


def layer(weights: str | int, options: dict[str, bool], fan_in: int = 7) -> WrapConv2d:
    return WrapConv2d(fan_in, 24, 3, weight_quant=weight_quantiser(weights, **options))


@pytest.mark.parametrize(("weights", "options"), KINDS)
@pytest.mark.parametrize("fan_in", [1, 7, 64])
def test_integers_and_scales_come_back(weights: str | int, options: dict[str, bool], fan_in: int) -> None:
    for seed in range(4):
        torch.manual_seed(seed)
        trained = layer(weights, options, fan_in)
        with torch.no_grad():
            trained.weight.mul_(torch.rand(24, 1, 1, 1) * 3 + 1e-3)
        if seed % 2:  # as training keeps them: the mean is added up in another order
            trained = trained.to(memory_format=torch.channels_last)
        integers, scale = trained.integer_weight()
        again = layer(weights, options, fan_in)
        others = {name: value for name, value in trained.state_dict().items() if name != "weight"}
        again.load_state_dict(others, strict=False)
        set_integers(again, integers, scale)
        found, found_scale = again.integer_weight()
        assert torch.equal(found, integers), seed
        assert torch.equal(found_scale, scale), seed
        again.to(memory_format=torch.channels_last)
        assert torch.equal(again.integer_weight()[1], scale), seed


def test_what_the_quantiser_cannot_give_is_refused() -> None:
    target = layer("binary", {"per_channel": True})
    integers, scale = target.integer_weight()
    with pytest.raises(UnsupportedError, match=r"WrapConv2d.* integers and scale of 24 of 24 channels"):
        set_integers(target, 2 * integers, scale)
