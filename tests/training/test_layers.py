# SPDX-License-Identifier: BSD-3-Clause
"""Layers against the same sums in Python's integers."""

from typing import Any

import brevitas.nn as qnn
import numpy as np
import pytest
import torch
from brevitas.quant.scaled_int import Int8ActPerTensorFloat
from brevitas.quant_tensor import IntQuantTensor
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from chain.errors import InputError, UnsupportedError
from chain.integers import fold as fold_integers
from chain.integers import wrap as wrap_integers
from training.layers import (
    ChannelAffine,
    InputQuant,
    QuantAdd,
    QuantSumPool,
    WrapConv2d,
    WrapLinear,
    accumulators,
    penalising,
    recording,
    set_wrapping,
)
from training.quantisers import (
    PlainWrapAccumulator,
    UnsignedActivation,
    WideAccumulator,
    WrapAccumulator,
    weight_quantiser,
)


def quantised(q: Tensor, bits: int, scale: float = 0.3) -> IntQuantTensor:
    """Integers as the quantised tensor that a quantiser would give."""
    return IntQuantTensor(q.float() * torch.tensor(scale), torch.tensor(scale), 0.0, float(bits), False, True)


def python_conv(
    x: np.ndarray,
    w: np.ndarray,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> list[Any]:
    """Convolution in Python's integers: x [N][C][H][W], w [O][C/groups][KH][KW]."""
    n, _, h, width = x.shape
    out, per_group, kh, kw = w.shape
    xs, ws = x.tolist(), w.tolist()
    rows = range((h + 2 * padding[0] - dilation[0] * (kh - 1) - 1) // stride[0] + 1)
    columns = range((width + 2 * padding[1] - dilation[1] * (kw - 1) - 1) // stride[1] + 1)

    def at(image: int, o: int, row: int, column: int) -> int:
        total = 0
        first = o // (out // groups) * per_group
        for i in range(per_group):
            for a in range(kh):
                for b in range(kw):
                    y = row * stride[0] + a * dilation[0] - padding[0]
                    z = column * stride[1] + b * dilation[1] - padding[1]
                    if 0 <= y < h and 0 <= z < width:
                        total += int(ws[o][i][a][b]) * int(xs[image][first + i][y][z])
        return total

    return [[[[at(i, o, r, s) for s in columns] for r in rows] for o in range(out)] for i in range(n)]


WEIGHTS = st.sampled_from(["binary", "ternary", *range(2, 9)])


@settings(max_examples=60)
@given(
    weights=WEIGHTS,
    per_channel=st.booleans(),
    kernel=st.sampled_from([(1, 1), (3, 3), (5, 5), (1, 7), (2, 3)]),
    size=st.tuples(st.integers(7, 9), st.integers(7, 11)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    narrow_gradients=st.booleans(),
    groups=st.sampled_from([(1, 3, 5), (1, 7, 2), (4, 4, 4), (2, 4, 6), (3, 3, 6)]),
    input_bits=st.integers(1, 8),
    bits=st.integers(4, 32),
    k=st.sampled_from([None, 1, 3, 7]),
    seed=st.integers(0, 2**32 - 1),
)
def test_convolution_is_exact(
    weights: str | int,
    per_channel: bool,
    kernel: tuple[int, int],
    size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    narrow_gradients: bool,
    groups: tuple[int, int, int],
    input_bits: int,
    bits: int,
    k: int | None,
    seed: int,
) -> None:
    assume(all(n + 2 * p > d * (w - 1) for n, p, d, w in zip(size, padding, dilation, kernel, strict=True)))
    torch.manual_seed(seed)
    group_count, channels, out = groups
    layer = WrapConv2d(
        channels,
        out,
        kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=group_count,
        weight_quant=weight_quantiser(weights, per_channel),
        accumulator_bit_width=bits,
        accumulator_fold=k,
    )
    layer.narrow_gradients = narrow_gradients
    x = torch.randint(0, 1 << input_bits, (2, channels, *size))
    w, weight_scale = layer.integer_weight()
    with recording(layer), torch.no_grad():
        y = layer(quantised(x, input_bits))
        z, f = layer.last_sum, layer.last_accumulator
    assert z is not None and f is not None
    weight = w.detach().numpy().astype(np.int64)
    expected = np.array(python_conv(x.numpy(), weight, stride, padding, dilation, group_count))
    assert z.long().tolist() == expected.tolist()
    folded = fold_integers(wrap_integers(expected, bits), bits, k)
    assert f.long().tolist() == folded.tolist()
    scale = weight_scale.reshape(-1, 1, 1) if weight_scale.numel() > 1 else weight_scale.reshape(())
    assert torch.allclose(y, torch.from_numpy(folded).float() * (scale * 0.3), rtol=1e-5, atol=0)


@settings(max_examples=30)
@given(
    WEIGHTS,
    st.integers(1, 40),
    st.integers(1, 8),
    st.integers(4, 32),
    st.sampled_from([None, 1, 3, 7]),
    st.integers(0, 99),
)
def test_linear_is_exact(weights: str | int, inputs: int, input_bits: int, bits: int, k: int | None, seed: int) -> None:
    torch.manual_seed(seed)
    layer = WrapLinear(
        inputs,
        7,
        weight_quant=weight_quantiser(weights, learned=True),
        accumulator_bit_width=bits,
        accumulator_fold=k,
    )
    x = torch.randint(0, 1 << input_bits, (3, inputs))
    w = layer.integer_weight()[0].long().tolist()
    with recording(layer), torch.no_grad():
        layer(quantised(x, input_bits))
        z, f = layer.last_sum, layer.last_accumulator
    assert z is not None and f is not None
    expected = [[sum(a * b for a, b in zip(row, column, strict=True)) for column in w] for row in x.tolist()]
    assert z.long().tolist() == expected
    assert f.long().tolist() == fold_integers(wrap_integers(expected, bits), bits, k).tolist()


@pytest.mark.parametrize(
    ("weights", "levels", "bits"),
    [("binary", {-1, 1}, 1.0), ("ternary", {-1, 0, 1}, 1.58), (2, {-1, 0, 1}, 1.58), (3, set(range(-3, 4)), 3.0)],
)
@pytest.mark.parametrize("per_channel", [False, True])
def test_weight_levels(weights: str | int, levels: set[int], bits: float, per_channel: bool) -> None:
    torch.manual_seed(0)
    layer = WrapConv2d(8, 6, 3, weight_quant=weight_quantiser(weights, per_channel))
    w, scale = layer.integer_weight()
    assert set(w.long().unique().tolist()) == levels
    assert scale.numel() == (6 if per_channel else 1)
    assert layer.weight_bits == bits


@pytest.mark.parametrize("weights", ["decimal", 1, 9, 0, True])
def test_unknown_weights_are_refused(weights: Any) -> None:
    with pytest.raises(InputError, match="weights: found"):
        weight_quantiser(weights)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(InputError, match="unknown option 'strides' of a layer; did you mean 'stride'"):
        WrapConv2d(1, 2, 3, strides=2)
    with pytest.raises(InputError, match="unknown option 'strides'"):
        WrapLinear(4, 2, strides=2)
    assert WrapConv2d(1, 2, 3, stride=2, weight_bit_width=4, device="cpu").stride == (2, 2)


def test_wide_layer_is_brevitas_own_with_its_gradients() -> None:
    """Without wraparound a layer is Brevitas' QuantConv2d: same output, same gradients of weights and inputs."""
    torch.manual_seed(0)
    weight_quant = weight_quantiser(4)
    ours = WrapConv2d(3, 5, 3, weight_quant=weight_quant)
    ours.wrapping = False
    theirs = qnn.QuantConv2d(3, 5, 3, bias=False, weight_quant=weight_quant)
    theirs.load_state_dict(ours.state_dict())
    act = qnn.QuantReLU(act_quant=UnsignedActivation, bit_width=4, max_val=2.0, return_quant_tensor=True)
    inputs = torch.randn(4, 3, 8, 8)
    target = torch.randn(4, 5, 6, 6)
    gradients = []
    for layer in (ours, theirs):
        x = inputs.clone().requires_grad_()
        act.zero_grad()
        y = layer(act(x))
        (y * target).sum().backward()
        (scale,) = act.parameters()
        gradients.append((y.detach(), layer.weight.grad, x.grad, scale.grad.clone()))
    for a, b in zip(*gradients, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-4)


def test_the_last_layers_scale_learns_from_folded_sums() -> None:
    """d(loss)/d(scale) is the folded integer times the input scale, also where the sum overflowed."""
    torch.manual_seed(0)
    layer = WrapLinear(64, 4, weight_quant=weight_quantiser("binary", learned=True))
    x = quantised(torch.randint(0, 16, (8, 64)), 4, scale=0.5)
    with recording(layer):
        y = layer(x)
        f, z = layer.last_accumulator, layer.last_sum
    assert f is not None and z is not None and not torch.equal(f, z), "the test needs an overflow"
    y.sum().backward()
    (scale,) = [p for name, p in layer.named_parameters() if name != "weight"]
    assert scale.grad.item() == pytest.approx((f.sum() * 0.5).item(), rel=1e-3)


def test_a_layer_that_could_leave_the_exact_range_is_refused_by_name_and_numbers() -> None:
    model = nn.Sequential(WrapLinear(600, 2, weight_quant=weight_quantiser(8)))
    accumulators(model)
    with pytest.raises(UnsupportedError, match=r"layer '0': 600 products .* 127 and 8-bit .* 19431000.*16777216"):
        model(quantised(torch.zeros(1, 600), 8))
    fits = WrapLinear(518, 2, weight_quant=weight_quantiser(8))
    assert fits(quantised(torch.zeros(1, 518), 8)).shape == (1, 2)
    with pytest.raises(UnsupportedError, match="may sum"):
        WrapLinear(519, 2, weight_quant=weight_quantiser(8))(quantised(torch.zeros(1, 519), 8))
    with pytest.raises(UnsupportedError, match="515 products of weights up to 128"):
        whole = weight_quantiser(8).let(narrow_range=False)
        WrapLinear(515, 2, weight_quant=whole)(quantised(torch.zeros(1, 515), 8))


def test_inputs_that_are_no_unsigned_integers_are_refused() -> None:
    layer = WrapLinear(4, 2)
    with pytest.raises(UnsupportedError, match="without a scale"):
        layer(torch.zeros(1, 4))
    signed = qnn.QuantIdentity(act_quant=Int8ActPerTensorFloat, return_quant_tensor=True)
    with pytest.raises(UnsupportedError, match="signed"):
        layer(signed(torch.randn(1, 4)))


def test_a_bias_is_added_behind_the_accumulator() -> None:
    x = quantised(torch.randint(0, 16, (2, 4, 5, 5)), 4)
    layer = WrapConv2d(4, 3, 3, bias=True)
    with torch.no_grad():
        y = layer(x)
        assert layer.bias is not None
        layer.bias += 1.5
        assert torch.allclose(layer(x), y + 1.5)


@pytest.mark.parametrize("bits", [3, 33])
def test_accumulator_widths_out_of_range_are_refused(bits: int) -> None:
    with pytest.raises(InputError, match=f"found {bits}, expected an integer from 4 to 32"):
        WrapLinear(4, 2, accumulator_bit_width=bits)
    layer = WrapLinear(4, 2)
    with pytest.raises(InputError, match=f"found {bits}, expected an integer from 4 to 32"):
        layer.accumulator_bits = bits


class Saturate(nn.Module):
    """A user's own accumulator: it clips."""

    def __init__(self, bit_width: int) -> None:
        super().__init__()
        self.bit_width = bit_width
        self.fold = None

    def forward(self, z: Tensor) -> Tensor:
        h = 1 << (self.bit_width - 1)
        return z.clamp(-h, h - 1)


class Saturating(WrapAccumulator):
    tensor_quant = Saturate  # type: ignore[assignment]


def test_the_accumulator_quantiser_is_a_class_to_pass_subclass_and_swap() -> None:
    class Narrow(WrapAccumulator):
        bit_width = 6
        fold = 1

    def sums(**options: Any) -> list[float]:
        layer = WrapLinear(40, 1, **options)
        nn.init.ones_(layer.weight)
        with recording(layer):
            layer(quantised(torch.full((1, 40), 5), 3))
            assert layer.last_accumulator is not None
            return layer.last_accumulator.flatten().tolist()

    assert sums() == [-56.0]  # 200 wraps to -56
    assert sums(accumulator_quant=Narrow) == [float(fold_integers(wrap_integers(200, 6), 6, 1))]
    assert sums(accumulator_quant=Narrow, accumulator_fold=None) == [8.0]
    assert sums(accumulator_quant=PlainWrapAccumulator, accumulator_bit_width=7) == [-56.0]
    assert sums(accumulator_quant=Saturating) == [127.0]
    assert sums(accumulator_quant=WideAccumulator) == [200.0]
    assert sums(accumulator_quant=None) == [200.0]


def test_width_fold_and_mode_can_change() -> None:
    layer = WrapLinear(4, 2)
    layer.wrapping = False
    layer.accumulator_bits = 6
    layer.fold = None
    assert (layer.accumulator_bits, layer.fold, layer.wrapping) == (6, None, False)
    model = nn.Sequential(layer)
    set_wrapping(model, True)
    assert layer.wrapping


def test_recording_and_penalties_are_there_only_while_asked_for() -> None:
    model = nn.Sequential(InputQuant(15, 4), nn.Flatten(), WrapLinear(49, 3))
    x = torch.full((2, 1, 7, 7), 15.0)
    with recording(model) as layers, penalising(model):
        model(x)
        assert list(layers) == ["2"]
        layer = layers["2"]
        assert layer.last_sum is not None and layer.penalty is not None
        expected = (layer.last_sum.abs() - 128).clamp(min=0).mean()
        assert layer.penalty.item() == pytest.approx(expected.item())
    model(x)
    assert layer.last_sum is None and layer.last_accumulator is None and layer.penalty is None


@pytest.mark.parametrize(("maximum", "bits"), [(255, 8), (255, 4), (16, 4), (15, 4), (1, 1), (3, 2)])
def test_input_quantiser(maximum: int, bits: int) -> None:
    module = InputQuant(maximum, bits)
    raw = torch.arange(0.0, maximum + 1).view(1, 1, 1, -1)
    out = module(raw)
    levels = (1 << bits) - 1
    q = (out.value / out.scale).round().flatten().long().tolist()
    exact = [value * levels / maximum for value in range(maximum + 1)]
    assert all(abs(a - b) <= 0.5 + 1e-4 for a, b in zip(q, exact, strict=True))
    assert (q[0], q[-1]) == (0, levels)
    if maximum == levels:
        assert q == list(range(maximum + 1))
    assert int(out.bit_width) == bits


def test_sum_pool_is_exact_and_reaches_the_scale() -> None:
    x = torch.randint(0, 16, (2, 3, 5, 7))
    expected = torch.tensor([[sum(channel.flatten().tolist()) for channel in image] for image in x])
    for flatten in (False, True):
        y = QuantSumPool(flatten)(quantised(x, 4))
        assert y.shape == ((2, 3) if flatten else (2, 3, 1, 1))
        factor = QuantSumPool.factor(torch.tensor(0.3), 35)
        assert torch.equal(y.flatten(), expected.flatten().float() * factor)
    with pytest.raises(UnsupportedError, match="QuantSumPool"):
        QuantSumPool()(x.float())  # type: ignore[arg-type]


def test_addition_keeps_the_scale_and_gains_a_bit() -> None:
    act = qnn.QuantReLU(act_quant=UnsignedActivation, bit_width=3, return_quant_tensor=True)
    a, b = act(torch.randn(2, 4) * 3), act(torch.randn(2, 4) * 3)
    total = QuantAdd()(a, b)
    assert int(total.bit_width) == 4 and torch.equal(total.scale, a.scale)
    integer = (total.value / total.scale).round()
    assert torch.equal(integer, (a.value / a.scale).round() + (b.value / b.scale).round())
    layer = WrapLinear(4, 2)
    layer(total)
    assert layer.input_bits == 4


def test_addition_of_different_units_is_refused() -> None:
    a, b = quantised(torch.ones(1, 4), 3, 0.3), quantised(torch.ones(1, 4), 3, 0.4)
    with pytest.raises(UnsupportedError, match="same module"):
        QuantAdd()(a, b)
    with pytest.raises(UnsupportedError, match="Tensor"):
        QuantAdd()(a, torch.ones(1, 4))  # type: ignore[arg-type]


def test_channel_affine_is_multiply_then_add() -> None:
    x = torch.randn(2, 3, 4, 5)
    a, b = torch.randn(3), torch.randn(3)
    y = ChannelAffine(a, b)(x)
    assert torch.equal(y, x * a[:, None, None] + b[:, None, None])
    assert torch.equal(ChannelAffine(a)(x[..., 0, 0]), x[..., 0, 0] * a)
