# SPDX-License-Identifier: BSD-3-Clause
"""Convolution of integers against torch's own."""

import pytest
import torch
from torch.nn.functional import conv2d

from training import convolution
from training.convolution import convolve

BYTES = pytest.param(
    True,
    marks=pytest.mark.skipif(not torch.cpu.get_capabilities().get("avx512_vnni"), reason="wants AVX512-VNNI"),
)


@pytest.mark.parametrize("through_bytes", [False, BYTES])
@pytest.mark.parametrize("gradients", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    ("groups", "stride", "padding", "dilation"),
    [
        (1, (1, 1), (0, 0), (1, 1)),
        (2, (2, 1), (1, 2), (1, 1)),
        (6, (1, 1), (2, 2), (2, 1)),
        (3, (3, 2), (0, 1), (1, 2)),
    ],
)
def test_sums_are_exact_and_gradients_as_precise_as_said(
    groups: int,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    layout: torch.memory_format,
    gradients: torch.dtype,
    through_bytes: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(convolution, "_sums_bytes", lambda: through_bytes)
    generator = torch.Generator().manual_seed(groups)
    x = torch.randint(0, 256, (2, 6, 11, 9), generator=generator).float().contiguous(memory_format=layout)
    weight = torch.randint(-128, 128, (12, 6 // groups, 3, 2), generator=generator).float()
    results = []
    for plain in (False, True):
        a, b = x.clone().requires_grad_(), weight.clone().requires_grad_()
        options = (stride, padding, dilation, groups)
        y = conv2d(a, b, None, *options) if plain else convolve(a, b, options, gradients)
        (y * torch.rand(y.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
        results.append((y.detach(), a.grad, b.grad))
    assert results[0][0].dtype == torch.float32
    assert results[0][0].stride() == results[1][0].stride()
    assert torch.equal(results[0][0], results[1][0])
    for ours, theirs in zip(results[0][1:], results[1][1:], strict=True):
        assert ours is not None and theirs is not None and ours.dtype == torch.float32
        if gradients == torch.float32:
            assert torch.allclose(ours, theirs, rtol=1e-5)
        else:
            assert (ours - theirs).abs().max() < 2**-7 * theirs.abs().max()
            assert not torch.equal(ours, theirs), "it must not be float32's own"


@pytest.mark.parametrize("through_bytes", [False, BYTES])
def test_the_largest_sums(through_bytes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bytes added in 16 bits would saturate."""
    monkeypatch.setattr(convolution, "_sums_bytes", lambda: through_bytes)
    x, weight = torch.full((1, 56, 3, 3), 255.0), torch.full((1, 56, 3, 3), -128.0)
    weight[0, 0, 0, 0] = 1.0
    assert convolve(x, weight, ((1, 1), (0, 0), (1, 1), 1)).item() == -255 * 128 * 503 + 255


@pytest.mark.parametrize("through_bytes", [False, BYTES])
def test_what_is_not_a_number_is_seen(through_bytes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "_sums_bytes", lambda: through_bytes)
    x, weight = torch.ones(1, 2, 3, 3), torch.ones(1, 2, 3, 3)
    x[0, 1, 2, 2] = float("nan")
    assert convolve(x, weight, ((1, 1), (0, 0), (1, 1), 1)).isnan().all()
