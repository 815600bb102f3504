# SPDX-License-Identifier: BSD-3-Clause
"""A Brevitas model becomes a wrapping one: the same function until something overflows, and refusals by name."""

import copy
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import pytest
import torch
from brevitas.export import export_onnx_qcdq
from brevitas.inject.enum import BitWidthImplType, ScalingImplType
from brevitas.quant import (
    Fp8e4m3WeightPerTensorFloat,
    Int8AccumulatorAwareWeightQuant,
    Int8ActPerTensorFloat,
    Int8Bias,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFloat,
    MXInt8Weight,
    ShiftedUint8WeightPerChannelFloat,
    Uint8ActPerTensorFloat,
)
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import training
from chain.errors import InputError, UnsupportedError
from training import freeze
from training.layers import WrapConv2d, WrapLinear, accumulators, recording
from training.quantisers import FusedIntQuant


class Net(nn.Module):
    """As a Brevitas user writes it: biases, quantised tensors not asked for."""

    def __init__(self, last_bias: bool = False, **last: Any) -> None:
        super().__init__()
        self.input = qnn.QuantIdentity(act_quant=Uint8ActPerTensorFloat, bit_width=4)
        self.conv = qnn.QuantConv2d(1, 6, 3, padding=1, stride=2, weight_bit_width=3)
        self.norm = nn.BatchNorm2d(6)
        self.relu = qnn.QuantReLU(bit_width=3)
        self.depthwise = qnn.QuantConv2d(6, 6, 3, groups=6, bias=True, weight_bit_width=2)
        self.relu2 = qnn.QuantReLU(bit_width=4)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.1)
        self.last = qnn.QuantLinear(6, 10, bias=last_bias, weight_bit_width=4, **last)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm(self.conv(self.input(x))))
        return self.last(self.drop(self.pool(self.relu2(self.depthwise(x)))).flatten(1))


def images(count: int = 16) -> Tensor:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def trained(**options: Any) -> Net:
    """A model whose activations' scales and batch norm have seen images."""
    torch.manual_seed(0)
    model = Net(**options).train()
    for _ in range(3):
        model(images())
    return model


def test_nothing_changes_while_nothing_overflows() -> None:
    model = trained().eval()
    before, parameters = model(images()), {name: value.clone() for name, value in model.state_dict().items()}
    assert training.wrap(model, bits=20) is model
    assert torch.allclose(model(images()), before, atol=1e-5)
    assert parameters.keys() == model.state_dict().keys()
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in parameters.items())
    layers = accumulators(model)
    assert [type(layer) for layer in layers.values()] == [WrapConv2d, WrapConv2d, WrapLinear]
    assert {(layer.accumulator_bits, layer.fold, layer.wrapping) for layer in layers.values()} == {(20, 3, True)}


def test_a_trained_model_keeps_its_accuracy() -> None:
    """Wide enough, wrapping changes nothing; cut to 7 bits, a short training with the penalty brings it back."""
    torch.manual_seed(0)
    digits = load_digits()
    inputs, labels = torch.tensor(digits.images).float()[:, None] / 16, torch.tensor(digits.target)
    loader = DataLoader(TensorDataset(inputs[:1300], labels[:1300]), batch_size=50, shuffle=True)
    model = nn.Sequential(
        qnn.QuantIdentity(act_quant=Uint8ActPerTensorFloat, bit_width=4),
        qnn.QuantConv2d(1, 16, 3, padding=1, bias=False, weight_bit_width=2),
        nn.BatchNorm2d(16),
        qnn.QuantReLU(bit_width=3),
        nn.MaxPool2d(2),
        nn.Flatten(),
        qnn.QuantLinear(256, 10, bias=False, weight_bit_width=2),
    )

    def train(epochs: int, penalty: float) -> None:
        optimiser = torch.optim.Adam(model.train().parameters(), 3e-3)
        for _ in range(epochs):
            for x, y in loader:
                loss = nn.functional.cross_entropy(model(x), y)
                optimiser.zero_grad()
                (loss + penalty * training.overflow_penalty(model) if penalty else loss).backward()
                optimiser.step()

    def predicted() -> Tensor:
        with torch.no_grad():
            return model.eval()(inputs[1300:]).argmax(1)

    def accuracy(found: Tensor) -> float:
        return float((found == labels[1300:]).double().mean())

    train(6, 0)
    plain = predicted()
    training.wrap(model, bits=16)
    # Brevitas' sums are float, ours exact: an activation that lies between two levels may be rounded to the other.
    assert (predicted() != plain).double().mean() < 0.01 and accuracy(plain) > 0.8
    for layer in accumulators(model).values():
        layer.accumulator_bits = 7
    cut = accuracy(predicted())
    train(6, 0.01)
    training.calibrate(model, loader)
    assert cut < accuracy(plain) - 0.1 and accuracy(predicted()) > accuracy(plain) - 0.02


def test_a_wrapped_model_trains_with_its_penalty_and_freezes() -> None:
    model = training.wrap(trained(), bits=4, fold=1)
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    penalties = []
    for _ in range(30):
        loss = nn.functional.cross_entropy(model(images()), torch.arange(16) % 10)
        penalty = training.overflow_penalty(model)
        optimiser.zero_grad()
        (loss + penalty).backward()
        optimiser.step()
        penalties.append(penalty.item())
    assert 0 < penalties[-1] < penalties[0] / 2
    training.calibrate(model, [(images(), None)])
    model.eval()
    frozen = freeze(model, images(1))
    with recording(model) as ours, recording(frozen) as theirs, torch.no_grad():
        model(images()), frozen(images())
        for name in ours:
            a, b = ours[name].last_accumulator, theirs[name].last_accumulator
            assert a is not None and b is not None and (a != b).double().mean() < 2e-3, name


def test_the_penalty_is_that_of_the_last_forward_pass() -> None:
    model = training.wrap(trained(), bits=4)
    with pytest.raises(InputError, match="no layer holds a penalty"):
        training.overflow_penalty(model)
    model(images())
    assert training.overflow_penalty(model).requires_grad
    with pytest.raises(InputError, match="no layer holds a penalty"):
        training.overflow_penalty(model)


def test_a_shared_layer_stays_shared() -> None:
    model = trained()
    model.again = model.conv
    training.wrap(model)
    assert model.again is model.conv and isinstance(model.conv, WrapConv2d)
    other = trained()
    other.again = other.conv
    training.wrap(other, skip=["again"])
    assert other.again is other.conv and not isinstance(other.conv, WrapConv2d)


def test_what_refers_to_a_layer_still_does() -> None:
    """An optimiser made before, frozen parameters, hooks: the layers are the same objects."""
    model, calls = trained(), []
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    model.last.weight.requires_grad_(False)
    model.conv.register_forward_hook(lambda *_: calls.append("conv"))
    before = {name: value.clone() for name, value in model.named_parameters()}
    training.wrap(model)
    nn.functional.cross_entropy(model(images()), torch.arange(16) % 10).backward()
    optimiser.step()
    assert calls == ["conv"] and not model.last.weight.requires_grad
    assert not torch.equal(model.conv.weight, before["conv.weight"])
    assert torch.equal(model.last.weight, before["last.weight"])


def test_parts_that_are_wrapped_apart_are_all_seen_in_the_whole() -> None:
    model = nn.Sequential(trained(), trained())
    for part in model:
        training.wrap(part)
    assert list(accumulators(model)) == [f"{i}.{name}" for i in (0, 1) for name in ("conv", "depthwise", "last")]
    assert list(accumulators(model[1])) == ["conv", "depthwise", "last"]


def test_a_layer_alone_is_wrapped_too() -> None:
    layer = training.wrap(qnn.QuantLinear(4, 2, bias=False))
    assert isinstance(layer, WrapLinear) and list(accumulators(layer)) == [""]


def test_a_model_is_copied_after_a_forward_pass() -> None:
    model = training.wrap(trained())
    model(images())
    twin = copy.deepcopy(model).eval()
    assert torch.equal(twin(images()), model.eval()(images()))


@pytest.mark.parametrize("norm", [None, "trained", "frozen"])
@pytest.mark.parametrize("weights", [Int8WeightPerTensorFloat, Int8WeightPerChannelFloat])
def test_every_scale_learns_as_it_did(weights: Any, norm: str | None) -> None:
    """While nothing overflows, all gradients are Brevitas' own."""
    torch.manual_seed(0)
    norms = [nn.BatchNorm1d(8)] if norm else []
    model = nn.Sequential(
        qnn.QuantReLU(bit_width=4),
        qnn.QuantLinear(16, 8, bias=True, weight_bit_width=4, weight_quant=weights),
        *norms,
        qnn.QuantReLU(bit_width=4),
        qnn.QuantLinear(8, 5, bias=True, weight_bit_width=4, weight_quant=weights),
    )
    x, labels = torch.rand(32, 16), torch.arange(32) % 5
    for _ in range(305):  # past the activations' statistics
        model(x)
    twin = training.wrap(copy.deepcopy(model), bits=24)
    for one in (model, twin):
        if norm == "frozen":
            one[2].eval()
        nn.functional.cross_entropy(one(x), labels).backward()
    for (name, parameter), other in zip(model.named_parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(other.grad, parameter.grad, rtol=2e-3, atol=1e-6, msg=name)


def test_activations_are_fused_where_that_changes_nothing() -> None:
    own = qnn.QuantReLU(bit_width=4, return_quant_tensor=True)
    learnt = qnn.QuantReLU(bit_width=4, bit_width_impl_type=BitWidthImplType.PARAMETER)
    signed = qnn.QuantIdentity(bit_width=4)
    model = nn.ModuleList([own, learnt, signed, qnn.QuantLinear(4, 4, bias=False, weight_bit_width=4)])
    x, results = torch.rand(64, requires_grad=True), []
    for again in (False, True):
        if again:
            training.wrap(model)
        model.zero_grad()
        x.grad = None
        values = [getattr(y, "value", y) for y in (act(x) for act in (own, learnt, signed))]
        sum((value * torch.linspace(0, 1, 64)).sum() for value in values).backward()  # type: ignore[union-attr]
        parameters = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        results.append([*values, x.grad, *parameters])
    assert sum(isinstance(module, FusedIntQuant) for module in model.modules()) == 2, (
        "both unsigned ones; that with a width to learn computes by Brevitas' own"
    )
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("shape", [(2, 6), (2, 1), (5,), ()])
@pytest.mark.parametrize("weights", [Int8WeightPerTensorFloat, Int8WeightPerChannelFloat])
def test_linear_layers_of_any_rank(weights: Any, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer = qnn.QuantLinear(16, 6, bias=True, weight_bit_width=4, weight_quant=weights)
    model, x = nn.Sequential(qnn.QuantReLU(bit_width=4), layer), torch.rand(*shape, 16)
    model.train()(x)
    before = model.eval()(x)
    torch.testing.assert_close(training.wrap(model, bits=20)(x), before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("rate", "bits"), [(0.5, 8), (0.25, 8), (0.1, 2)])
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("kind", [nn.Dropout, nn.Dropout2d])
def test_dropout_behind_a_quantiser(kind: Any, inplace: bool, rate: float, bits: int) -> None:
    torch.manual_seed(0)
    layer = qnn.QuantConv2d(4, 4, 3, bias=False, weight_bit_width=4)
    model, x = nn.Sequential(qnn.QuantReLU(bit_width=bits), kind(rate, inplace), layer).train(), torch.rand(8, 4, 6, 6)
    model(x)
    twin, results = training.wrap(copy.deepcopy(model), bits=24), []
    for one in (model, twin):
        torch.manual_seed(1)
        results.append(one(x))
        results[-1].square().sum().backward()
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-4)
    for parameter, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(other.grad, parameter.grad, rtol=1e-3, atol=1e-3)
    assert torch.allclose(twin.eval()(x), model.eval()(x), atol=1e-4)


class Branches(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.first = qnn.QuantReLU(bit_width=4)
        self.conv = qnn.QuantConv2d(4, 4, 1, weight_bit_width=3)
        self.second = qnn.QuantReLU(bit_width=4)
        self.last = qnn.QuantConv2d(8 if how == "cat" else 4, 4, 1, weight_bit_width=3)
        self.third = qnn.QuantReLU(bit_width=4)
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        a = self.first(x)
        b = self.second(self.conv(a))
        if self.how == "direct":
            return self.last(a + b)  # type: ignore[no-any-return]
        return self.last(self.third(torch.cat([a, b], 1) if self.how == "cat" else a + b))  # type: ignore[no-any-return]


@pytest.mark.parametrize("how", ["add", "cat", "direct"])
def test_tensors_of_different_scales_are_not_added(how: str) -> None:
    """Said before a training, not behind it; Brevitas itself averages the scales in training mode."""
    torch.manual_seed(0)
    model, x = Branches(how).train(), torch.rand(4, 4, 3, 3) * 3
    model(x)
    training.wrap(model)
    with pytest.raises(UnsupportedError, match="adds or concatenates quantised tensors of different scales"):
        training.calibrate(model, [x])
    if how == "direct":
        with pytest.raises(UnsupportedError, match=r"layer 'last': its inputs are not the integers 0\.\.31 times"):
            model(x)


@pytest.mark.parametrize(
    "pool", [nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.AdaptiveAvgPool2d(4)], ids=["padded", "adaptive"]
)
def test_averages_over_different_numbers_are_refused(pool: nn.Module) -> None:
    layer = qnn.QuantConv2d(2, 2, 1, weight_bit_width=3)
    model, x = nn.Sequential(qnn.QuantReLU(bit_width=4), pool, layer), torch.rand(2, 2, 6, 6)
    model(x)
    with pytest.raises(UnsupportedError, match=r"layer '2': its inputs are not the integers .* one divisor everywhere"):
        training.wrap(model)(x)


class Shifted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.relu = qnn.QuantReLU(bit_width=4)
        self.shift = nn.Parameter(torch.zeros(1))
        self.conv = qnn.QuantConv2d(2, 2, 1, weight_bit_width=3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.relu(x) + self.shift)  # type: ignore[no-any-return]


def test_inputs_that_change_their_kind_are_noticed() -> None:
    model, x = Shifted(), torch.rand(2, 2, 3, 3)
    model(x)
    training.wrap(model)(x)
    nn.init.ones_(model.shift)
    with pytest.raises(UnsupportedError, match="layer 'conv': input is unsigned with 1 scales and zero point"):
        model(x)


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (ShiftedUint8WeightPerChannelFloat, "its weights have a zero point"),
        (Int8AccumulatorAwareWeightQuant, "its weights are not quantised by themselves"),
        (Fp8e4m3WeightPerTensorFloat, "its weights are no integers of one scale"),
        (MXInt8Weight, "its weights are no integers of one scale"),
    ],
)
def test_weights_that_are_no_signed_integers_are_refused(weights: Any, reason: str) -> None:
    model = trained()
    model.extra = qnn.QuantLinear(32, 4, bias=False, weight_quant=weights)
    with pytest.raises(UnsupportedError, match=rf"'extra' \(QuantLinear\): {reason}.*Int8WeightPerTensorFloat"):
        training.wrap(model)
    assert not accumulators(model)


def test_scales_that_the_first_pass_sets_are_not_set_by_wrapping() -> None:
    """Weights that are loaded after it give them; and where a model is refused, nothing has changed."""
    kind = ScalingImplType.PARAMETER_FROM_STATS
    model = trained(weight_scaling_impl_type=kind)
    model.extra = nn.Linear(2, 2)
    model.last = qnn.QuantLinear(6, 10, bias=False, weight_bit_width=4, weight_scaling_impl_type=kind)
    before = list(model.state_dict())
    with pytest.raises(UnsupportedError, match="a float layer"):
        training.wrap(model)
    assert list(model.state_dict()) == before
    del model.extra
    training.wrap(model)
    with torch.no_grad():
        model.last.weight.mul_(10)
    model(images())
    scale = model.last.quant_weight().scale  # type: ignore[operator]
    assert scale.item() == pytest.approx(model.last.weight.abs().max().item() / 7, rel=0.2)


def test_a_model_of_signed_activations_is_refused_before_it_has_changed() -> None:
    layer = qnn.QuantLinear(4, 4, bias=False, weight_bit_width=4)
    model = nn.Sequential(qnn.QuantIdentity(), layer, qnn.QuantHardTanh(max_val=1.0, min_val=-1.0), layer)
    with pytest.raises(
        UnsupportedError, match=r"its activations \('0', '2'\) are signed, .*; take QuantReLU or an act_"
    ):
        training.wrap(model)
    assert not accumulators(model)


def test_the_penalty_is_that_of_a_pass_with_gradients() -> None:
    model = training.wrap(trained())
    model(images())
    training.calibrate(model, [images()])
    with pytest.raises(InputError, match="no layer holds a penalty"):
        training.overflow_penalty(model)
    model(images())
    assert training.overflow_penalty(model).requires_grad


@pytest.mark.parametrize("batch", [{"x": torch.ones(1)}, np.ones((2, 1, 8, 8)), []], ids=["dict", "numpy", "empty"])
def test_batches_of_another_kind_leave_the_statistics(batch: Any) -> None:
    model = training.wrap(trained())
    before = copy.deepcopy(model.state_dict())
    for loader in ([batch], []):
        with pytest.raises(InputError, match=r"calibrate: (a batch is a|the loader gave no batch)"):
            training.calibrate(model, loader)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_other_exporters_are_refused(tmp_path: Path) -> None:
    """They would write a network without wraparound."""
    model = training.wrap(trained())
    model(images())
    with pytest.raises(UnsupportedError, match=r"layer 'conv': torch\.onnx and Brevitas' exporters know no wraparound"):
        export_onnx_qcdq(model.eval(), images(), tmp_path / "model.onnx", dynamo=False)


class Elsewhere:
    """A batch that lies on another device, as far as anyone can tell."""

    def __init__(self, batch: Tensor) -> None:
        self.batch = batch

    def to(self, device: torch.device) -> Tensor:
        assert device == torch.device("cpu")
        return self.batch


def test_batches_go_to_the_model_s_device() -> None:
    model, batch = training.wrap(trained()), Elsewhere(images())
    training.calibrate(model, [(batch, None)])
    assert training.report(model, [(batch, torch.arange(16) % 10)]).images == 16  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (nn.Linear(2, 2), "'extra' (Linear): a float layer"),
        (nn.Conv2d(2, 2, 1), "'extra' (Conv2d): a float layer"),
        (qnn.QuantConvTranspose2d(2, 2, 1), "'extra' (QuantConvTranspose2d): transposed convolutions"),
        (qnn.QuantConv1d(2, 2, 1), "'extra' (QuantConv1d): one-dimensional"),
        (nn.LSTM(2, 2), "'extra' (LSTM): recurrent layers"),
        (nn.GRU(2, 2), "'extra' (GRU): recurrent layers"),
        (nn.RNN(2, 2), "'extra' (RNN): recurrent layers"),
        (nn.LSTMCell(2, 2), "'extra' (LSTMCell): recurrent layers"),
        (qnn.QuantLSTM(2, 2), "'extra' (QuantLSTM): recurrent layers"),
        (qnn.QuantRNN(2, 2), "'extra' (QuantRNN): recurrent layers"),
        (nn.Bilinear(2, 2, 2), "'extra' (Bilinear): bilinear layers"),
        (nn.MultiheadAttention(4, 2), "'extra' (MultiheadAttention): attention is"),
        (qnn.QuantMultiheadAttention(4, 2), "'extra' (QuantMultiheadAttention): attention is"),
        (qnn.QuantScaledDotProductAttention(), "'extra' (QuantScaledDotProductAttention): attention is"),
        (qnn.QuantLinear(2, 2, weight_quant=None), "'extra' (QuantLinear): its weights are not quantised"),
        (qnn.QuantLinear(2, 2, input_quant=Int8ActPerTensorFloat), "'extra' (QuantLinear): it has an input quantiser"),
        (qnn.QuantLinear(2, 2, output_quant=Int8ActPerTensorFloat), "'extra' (QuantLinear): it has an output"),
        (qnn.QuantLinear(2, 2, bias_quant=Int8Bias), "'extra' (QuantLinear): its bias is quantised"),
    ],
)
def test_what_cannot_be_wrapped_is_named_and_nothing_changes(layer: nn.Module, reason: str) -> None:
    model = trained()
    model.extra = layer
    with pytest.raises(UnsupportedError) as error:
        training.wrap(model)
    assert reason in str(error.value) and "skip" in str(error.value)
    assert str(error.value).count("'extra") == 1
    assert not accumulators(model) and not model.relu.return_quant_tensor
    training.wrap(model, skip=["extra"])
    assert list(accumulators(model)) == ["conv", "depthwise", "last"] and model.extra is layer


class Halved(qnn.QuantLinear):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / 2


class Named(qnn.QuantLinear):
    """What it adds is not replaced."""

    def label(self) -> str:
        return "named"


def test_classes_of_ones_own() -> None:
    model = trained()
    model.extra = Halved(2, 2, bias=True)
    with pytest.raises(UnsupportedError, match=r"'extra' \(Halved\): a class of its own with another forward\(\)"):
        training.wrap(model)
    model.extra = Named(2, 2, bias=True)
    training.wrap(model)
    assert isinstance(model.extra, WrapLinear) and isinstance(model.extra, Named) and model.extra.label() == "named"


def test_parametrised_layers_are_refused() -> None:
    model = trained()
    torch.nn.utils.parametrizations.weight_norm(model.last)
    with pytest.raises(UnsupportedError, match=r"'last' .*computed from others; .*remove_parametrizations"):
        training.wrap(model)
    assert not accumulators(model)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"bits": 99}, "found 99, expected an integer from 4"),
        ({"bits": 8.0}, "found 8.0, expected an integer"),
        ({"fold": 0}, "fold: found 0"),
        ({"fold": 2.5}, "fold: found 2.5"),
    ],
)
def test_widths_and_folds_that_cannot_be_change_nothing(options: dict[str, Any], text: str) -> None:
    model = trained()
    before = model(images())
    with pytest.raises(InputError, match=text):
        training.wrap(model, **options)
    assert not accumulators(model) and model(images()).shape == before.shape
    training.wrap(model)
    with pytest.raises(InputError, match="all layers wrap already"):
        training.wrap(model)


@pytest.mark.parametrize("padding", ["same", 1, (0, 2)])
@pytest.mark.parametrize("stride", [1, 2])
def test_every_padding_computes_what_it_did(padding: Any, stride: int) -> None:
    torch.manual_seed(0)
    first = qnn.QuantIdentity(act_quant=Uint8ActPerTensorFloat, bit_width=4, return_quant_tensor=True)
    layer = qnn.QuantConv2d(1, 3, 3, padding=padding, stride=stride, bias=True, weight_bit_width=3)
    model = nn.Sequential(first, layer).train()
    model(images())
    before = model.eval()(images())
    torch.testing.assert_close(training.wrap(model, bits=20)(images()), before, rtol=1e-4, atol=1e-5)


def test_attention_that_is_skipped_computes_what_it_did() -> None:
    torch.manual_seed(0)
    attention, x = qnn.QuantMultiheadAttention(4, 2).eval(), torch.rand(5, 2, 4)
    model = trained()
    before, model.extra = attention(x, x, x)[0], attention
    training.wrap(model, skip=["extra"])
    assert torch.equal(model.extra(x, x, x)[0], before)
    with pytest.raises(InputError, match=r"no layer 'extra.in_proj'; Valid: extra"):
        training.wrap(model, skip=["extra.in_proj"])


def test_names_in_skip_must_be_layers() -> None:
    with pytest.raises(InputError, match=r"no layer 'lasst'.*'last'"):
        training.wrap(trained(), skip=["lasst"])
    with pytest.raises(UnsupportedError, match="no QuantConv2d or QuantLinear"):
        training.wrap(nn.Sequential(nn.ReLU()))


def test_calibrating_finds_inputs_that_are_no_integers() -> None:
    model = training.wrap(nn.Sequential(qnn.QuantConv2d(1, 2, 3, bias=False)))
    with pytest.raises(UnsupportedError, match="layer '0': input is a Tensor without a scale"):
        training.calibrate(model, [images()])
    with pytest.raises(InputError, match="no batch"):
        training.calibrate(model, [])


def test_a_bias_of_the_last_layer_is_refused_when_frozen() -> None:
    model = training.wrap(trained(last_bias=True)).eval()
    with pytest.raises(UnsupportedError, match="last layer 'last' has a bias"):
        freeze(model, images(1))
