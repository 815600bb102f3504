# SPDX-License-Identifier: BSD-3-Clause
"""Wrap and fold on tensors against their definition on Python integers, and their gradients against differences."""

import numpy as np
import pytest
import torch
from brevitas.nn import QuantReLU
from brevitas.quant.scaled_int import Uint8ActPerTensorFloatMaxInit
from hypothesis import assume, given
from hypothesis import strategies as st

from chain.integers import fold as fold_integers
from chain.integers import wrap as wrap_integers
from training.autograd import (
    _Accumulate,
    _AccumulateAll,
    integers,
    overflow_penalty,
    quantise_unsigned,
    wrap,
    wrap_fold,
)

EXACT = (1 << 24) - 1
BITS = st.integers(4, 32)
SUMS = st.lists(st.integers(-EXACT, EXACT), min_size=1, max_size=20)
FOLDS = st.sampled_from([1, 2, 3, 7])


def near_multiples(bits: int) -> list[int]:
    """Sums around every place where something happens: zero, the ends of the range, whole turns."""
    h = 1 << (bits - 1)
    places = [0, h // 2, 3 * h // 4, 7 * h // 8, h, 2 * h, 3 * h, 5 * h]
    return [
        sign * place + step
        for place in places
        for sign in (1, -1)
        for step in range(-4, 5)
        if abs(sign * place + step) <= EXACT
    ]


@given(SUMS, BITS)
def test_wrap_is_the_definition(sums: list[int], bits: int) -> None:
    sums = sums + near_multiples(bits)
    got = wrap(torch.tensor(sums, dtype=torch.float32), bits)
    assert got.long().tolist() == wrap_integers(sums, bits).tolist()


@given(SUMS, BITS, FOLDS)
def test_wrap_fold_is_the_definition(sums: list[int], bits: int, k: int) -> None:
    sums = sums + near_multiples(bits)
    got = wrap_fold(torch.tensor(sums, dtype=torch.float32), bits, k)
    assert got.long().tolist() == fold_integers(wrap_integers(sums, bits), bits, k).tolist()
    assert torch.equal(got, got.round())


@given(SUMS, BITS, FOLDS)
def test_fold_stays_within_its_bound_and_never_jumps(sums: list[int], bits: int, k: int) -> None:
    z = torch.tensor(sums, dtype=torch.float32).clamp(max=EXACT - 1)
    h = 1 << (bits - 1)
    f = wrap_fold(z, bits, k)
    assert f.abs().max() <= k * h // (k + 1)
    assert (wrap_fold(z + 1, bits, k) - f).abs().max() <= k


def differences(function: object, z: torch.Tensor) -> torch.Tensor:
    step = 2.0**-6
    return (function(z + step) - function(z - step)) / (2 * step)  # type: ignore[operator]


def away_from_corners(bits: int, k: int) -> torch.Tensor:
    """Points off the integers, less those at a corner or an end of the range: where the derivative exists."""
    h = 1 << (bits - 1)
    z = torch.arange(-5 * h, 5 * h, 0.125, dtype=torch.float64) + 0.03125
    m = torch.remainder(z + h, 2 * h) - h
    corner = k * h / (k + 1)
    return z[((m.abs() - corner).abs() > 0.0625) & (m.abs() < h - 0.0625)]


@pytest.mark.parametrize("bits", [4, 6, 8])
@pytest.mark.parametrize("k", [1, 3, 7])
def test_the_folds_gradient_is_its_derivative(bits: int, k: int) -> None:
    z = away_from_corners(bits, k).requires_grad_()
    weights = torch.rand(len(z), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    (wrap_fold(z, bits, k) * weights).sum().backward()
    expected = differences(lambda t: wrap_fold(t, bits, k), z.detach())
    assert torch.allclose(z.grad, expected * weights)  # type: ignore[arg-type]
    assert sorted(expected.round().unique().tolist()) == [-k, 1]


@pytest.mark.parametrize("bits", [4, 8])
def test_wraps_gradient_is_its_derivative_unless_told_otherwise(bits: int) -> None:
    z = away_from_corners(bits, 3).requires_grad_()
    wrap(z, bits).sum().backward()
    assert torch.allclose(z.grad, differences(lambda t: wrap(t, bits), z.detach()))  # type: ignore[arg-type]
    z.grad = None
    wrap(z, bits, overflow_slope=0.0).sum().backward()
    h = 1 << (bits - 1)
    assert torch.equal(z.grad, ((z >= -h) & (z < h)).double())  # type: ignore[arg-type]


def test_sums_within_the_corner_pass_untouched() -> None:
    z = torch.tensor([-96.0, 0.0, 96.0])
    assert wrap_fold(z, 8, 3) is z
    assert wrap(torch.tensor([-128.0, 127.0]), 8).tolist() == [-128.0, 127.0]


def test_penalty_and_its_gradient() -> None:
    z = torch.linspace(-300, 300, 241, dtype=torch.float64).requires_grad_()
    penalty = overflow_penalty(z, 8)
    assert penalty.item() == pytest.approx(np.maximum(np.abs(z.detach().numpy()) - 128, 0).mean())
    (3 * penalty).backward()
    expected = 3 * differences(lambda t: (t.abs() - 128).clamp(min=0), z.detach()) / len(z)
    away = (z.detach().abs() - 128).abs() > 0.1
    assert torch.allclose(z.grad[away], expected[away])  # type: ignore[index]


def test_no_overflow_no_penalty() -> None:
    assert overflow_penalty(torch.tensor([128.0, -128.0]), 8).item() == 0.0


def test_integers_gradients() -> None:
    scale = torch.tensor(0.125, dtype=torch.float64, requires_grad=True)
    x = (torch.arange(-8.0, 8.0, dtype=torch.float64) * 0.125).requires_grad_()
    q = integers(x, scale)
    assert q.tolist() == list(range(-8, 8))
    (q * 2).sum().backward()
    assert torch.allclose(x.grad, torch.full_like(x, 2 / 0.125))  # type: ignore[arg-type]
    assert scale.grad.item() == pytest.approx(-(2 * x.detach() / 0.125**2).sum().item())  # type: ignore[union-attr]


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_unsigned_quantiser_is_brevitas_own(bits: int, layout: torch.memory_format) -> None:
    """The same values, and behind a ReLU the same gradients but for the half step around each end."""
    generator = torch.Generator().manual_seed(bits)
    x = (torch.randn(3, 4, 6, 5, generator=generator) * 2).contiguous(memory_format=layout).requires_grad_()
    weights = torch.rand(x.shape, generator=generator)
    theirs = QuantReLU(act_quant=Uint8ActPerTensorFloatMaxInit, bit_width=bits, max_val=2.0)
    expected = theirs(x)
    (expected * weights).sum().backward()
    expected_gradient, x.grad = x.grad, None
    (their_scale,) = theirs.parameters()
    largest = (1 << bits) - 1
    scale = torch.tensor(2.0 / largest, requires_grad=True)
    y = quantise_unsigned(x, scale, largest)
    assert torch.equal(y, expected)
    (y * weights).sum().backward()
    inside = (x > 0) & (x < 2.0)
    away = inside | (x < 0) | (x > 2.0 + scale)
    assert torch.allclose(x.grad[away], expected_gradient[away], rtol=1e-5)  # type: ignore[index]
    by_hand = (weights * (y - x * inside) / scale).sum()
    assert scale.grad.item() == pytest.approx(by_hand.item(), rel=1e-4)  # type: ignore[union-attr]
    assert np.sign(their_scale.grad.item()) == np.sign(scale.grad.item())  # type: ignore[union-attr]


@given(st.lists(st.floats(-3, 9, width=32), min_size=1, max_size=20), st.sampled_from([0.25, 0.5, 1.0]))
def test_with_a_margin_of_a_half_the_gradient_is_that_of_the_parts(values: list[float], size: float) -> None:
    """Rounding taken for the identity, then clamping, as torch derives them one after the other."""

    def gradients(together: bool) -> list[torch.Tensor]:
        x, scale = torch.tensor(values, requires_grad=True), torch.tensor(size, requires_grad=True)
        if together:
            y = quantise_unsigned(x, scale, 7.0, margin=0.5)
        else:
            ratio = x / scale
            rounded = ratio + (ratio.round() - ratio).detach()
            y = torch.where(rounded > 7, 7.0, torch.where(rounded < 0, 0.0, rounded)) * scale
        (y * torch.linspace(1, 2, len(values))).sum().backward()
        assert x.grad is not None and scale.grad is not None
        return [y.detach(), x.grad, scale.grad]

    ratios = torch.tensor(values) / size
    assume(bool(((ratios + 0.5).abs() > 1e-6).all() and ((ratios - 7.5).abs() > 1e-6).all()))  # there both are right
    for one, other in zip(gradients(True), gradients(False), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("k", [None, 1, 2, 3])
@pytest.mark.parametrize("wrapping", [True, False])
@pytest.mark.parametrize("layout", ["row", "contiguous", "channels_last"])
@pytest.mark.parametrize("by_channel", [True, False])
@pytest.mark.parametrize("everywhere", [False, True], ids=["few", "all"])
def test_accumulate_is_its_three_parts(
    k: int | None, wrapping: bool, layout: str, by_channel: bool, everywhere: bool
) -> None:
    """One node, as on CPUs or as on GPUs, or wrap and fold, penalty and scale one after the other: the same values and
    gradients.
    """
    generator = torch.Generator().manual_seed(1)
    z = (torch.randn((40, 3) if layout == "row" else (4, 3, 6, 5), generator=generator) * 120).round()
    if layout == "channels_last":
        z = z.contiguous(memory_format=torch.channels_last)
    scale = (torch.rand((3,) if by_channel else (), generator=generator) + 0.1).requires_grad_(not by_channel)
    weights = torch.rand(z.shape, generator=generator)

    def gradients(together: bool) -> tuple[torch.Tensor, ...]:
        sums = z.clone().requires_grad_()
        scale.grad = None
        if together:
            node = _AccumulateAll if everywhere else _Accumulate
            y, penalty = node.apply(sums, scale, 128.0, k, 0.5 if k is None else -float(k), wrapping)
        else:
            f = sums if not wrapping else wrap(sums, 8, 0.5) if k is None else wrap_fold(sums, 8, k)
            y, penalty = f * scale.view((-1,) + (1,) * (z.dim() - 2) if by_channel else ()), overflow_penalty(sums, 8)
        ((y * weights).sum() + 1000 * penalty).backward()
        return y.detach(), penalty.detach(), sums.grad, scale.grad  # type: ignore[return-value]

    ours, parts = gradients(True), gradients(False)
    assert (z.abs() > 256).any() and (z.abs() < 96).any()
    assert torch.equal(ours[0], parts[0])
    assert torch.allclose(ours[1], parts[1])
    assert torch.allclose(ours[2], parts[2], rtol=1e-5)
    assert by_channel or torch.allclose(ours[3], parts[3], rtol=1e-5)


def test_the_unsigned_quantisers_gradient_by_its_surrogate() -> None:
    """Rounding taken for the identity: what is left is a clip, whose derivatives are finite differences."""
    x = (torch.rand(200, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 6 - 1).requires_grad_()
    scale = torch.tensor(0.25, dtype=torch.float64, requires_grad=True)
    quantise_unsigned(x, scale, 15.0).sum().backward()
    away = ((x.detach() - 15 * 0.25).abs() > 0.05) & (x.detach().abs() > 0.05)
    expected = differences(lambda t: t.clamp(0.0, 15 * 0.25), x.detach())
    assert torch.allclose(x.grad[away], expected[away])  # type: ignore[index]

    def rounding_as_noise(at: torch.Tensor) -> torch.Tensor:
        """What rounding added where the scale is 0.25 stays as it is: what is left is smooth."""
        return ((x.detach() / at).clamp(0.0, 15.0) + noise) * at

    noise = (x.detach() / 0.25).clamp(0.0, 15.0).round() - (x.detach() / 0.25).clamp(0.0, 15.0)
    step = 1e-6
    slope = (rounding_as_noise(scale.detach() + step) - rounding_as_noise(scale.detach() - step)).sum() / (2 * step)
    assert scale.grad.item() == pytest.approx(slope.item(), rel=1e-6)  # type: ignore[union-attr]


@pytest.mark.parametrize("shape", [(), (3, 1)])
def test_the_gradients_of_integers_by_their_surrogate(shape: tuple[int, ...]) -> None:
    """Rounding taken for the identity: the quotient, whose derivatives are finite differences."""
    generator = torch.Generator().manual_seed(1)
    scale = (torch.rand(shape, dtype=torch.float64, generator=generator) + 0.1).requires_grad_()
    x = (torch.randint(-9, 10, (3, 5), generator=generator) * scale.detach()).requires_grad_()
    weights = torch.rand(3, 5, dtype=torch.float64, generator=generator)
    (integers(x, scale) * weights).sum().backward()
    assert x.grad is not None and scale.grad is not None
    assert torch.allclose(x.grad, weights * differences(lambda t: t / scale.detach(), x.detach()))
    step = 1e-6
    slope = (x.detach() / (scale.detach() + step) - x.detach() / (scale.detach() - step)) * weights / (2 * step)
    assert torch.allclose(scale.grad, slope.sum_to_size(shape), rtol=1e-6)
