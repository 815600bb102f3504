# SPDX-License-Identifier: BSD-3-Clause
"""Sums stay exact or are refused, whatever torch is set to."""

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from chain.errors import UnsupportedError
from training.blocks import Blocks
from training.layers import recording
from training.layers.precision import require_exact
from training.networks.digits import DigitsCnn


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return DigitsCnn(Blocks(input_shape=(1, 8, 8), classes=10, maximum=16))


@pytest.fixture
def images() -> Tensor:
    return torch.randint(0, 17, (4, 1, 8, 8), generator=torch.Generator().manual_seed(0)).float()


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_autocast_is_refused_with_the_layers_name(model: nn.Module, images: Tensor, kind: torch.dtype) -> None:
    model(images)
    with (
        pytest.raises(UnsupportedError, match=rf"autocast to {str(kind)[6:]} is on.*outside of autocast"),
        torch.autocast("cpu", dtype=kind),
    ):
        model(images)
    with torch.autocast("cpu", enabled=False):
        model(images)


def test_a_model_in_half_precision_is_refused(model: nn.Module, images: Tensor) -> None:
    with pytest.raises(UnsupportedError, match="the input is bfloat16"):
        model.bfloat16()(images.bfloat16())


def test_products_in_bfloat16_leave_the_sums_exact_on_a_processor(model: nn.Module, images: Tensor) -> None:
    """Operands of at most 8 bits fit, and float32 takes the sums."""
    sums = []
    for precision in ("highest", "medium"):
        torch.set_float32_matmul_precision(precision)
        try:
            with recording(model.eval()) as layers:
                model(images)
                sums.append([layer.last_sum for layer in layers.values()])
        finally:
            torch.set_float32_matmul_precision("highest")
    assert all(torch.equal(a, b) for a, b in zip(*sums, strict=True))


def test_convolutions_on_gpus_do_not_use_tf32() -> None:
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"  # type: ignore[attr-defined]


@pytest.mark.parametrize("precision", ["high", "medium"])
def test_products_on_gpus_with_tf32_are_refused_with_the_layers_name(precision: str) -> None:
    with FakeTensorMode():  # a tensor on a GPU, where there may be none
        x = torch.empty(2, device="cuda")
    torch.set_float32_matmul_precision(precision)
    try:
        with pytest.raises(UnsupportedError, match=r"layer 'fc': TF32 is on.*set_float32_matmul_precision"):
            require_exact(x, "layer 'fc'")
        require_exact(torch.empty(2), "layer 'fc'")
    finally:
        torch.set_float32_matmul_precision("highest")
    require_exact(x, "layer 'fc'")


def test_torch_s_older_switches_can_still_be_asked() -> None:
    """torch refuses where they and the newer ones differ, and torch.export asks the older ones."""
    assert torch.backends.cudnn.allow_tf32 is False
    with torch.backends.cudnn.flags(enabled=True):
        pass
    assert torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
