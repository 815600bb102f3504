# SPDX-License-Identifier: BSD-3-Clause
"""A step of training, by itself and as a GPU has it."""

import traceback
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from training import autograd, convolution, learner, quantisers
from training.blocks import Blocks
from training.layers import arithmetic, overflow_penalty, penalising, set_wrapping, wrapping
from training.learner import Learner, NotFiniteError
from training.networks.digits import DigitsResnet
from training.recipe import Stage
from training.recorded import WARM_UP, Recording

CPU = torch.device("cpu")
STAGE = Stage(name="wrap", epochs=1, lr=1e-3, accumulator="wrap", penalty=0.1)


def network(weights: str = "ternary") -> nn.Module:
    torch.manual_seed(0)
    model = DigitsResnet(Blocks(input_shape=(1, 8, 8), classes=10, maximum=16, accumulator_bits=6, weights=weights))
    set_wrapping(model, True)
    return model.train()


def batch(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 17, (8, 1, 8, 8), generator=generator).float()
    return images, torch.randint(0, 10, (8,), generator=generator)


def parameters(model: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_step_is_loss_and_penalty_and_optimiser(optimiser: str) -> None:
    stage = STAGE.model_copy(update={"optimiser": optimiser})
    model, twin = network(), network()
    ours = Learner(model, model, stage, CPU, smoothing=0.2)
    if optimiser == "adam":
        plain: torch.optim.Optimizer = torch.optim.Adam(twin.parameters(), 5e-3)
    else:
        plain = torch.optim.SGD(twin.parameters(), 5e-3, momentum=0.9, nesterov=True)
    ours.set_rate(5e-3)
    sums = [0.0, 0.0, 0.0]
    for seed in range(3):
        images, labels = batch(seed)
        with ours.running():
            ours.learn(images, labels, launch=False)
        with penalising(twin):
            logits = twin(images)
            penalty = overflow_penalty(twin)
        loss = nn.functional.cross_entropy(logits, labels, label_smoothing=0.2)
        plain.zero_grad()
        (loss + 0.1 * penalty).backward()  # type: ignore[no-untyped-call]
        plain.step()
        hits = (logits.argmax(dim=1) == labels).sum().item()
        sums = [old + new for old, new in zip(sums, (loss.item(), penalty.item(), hits), strict=True)]
    assert torch.equal(parameters(model), parameters(twin))
    assert ours.take() == pytest.approx(sums) and sums[1] > 0
    assert ours.take() == [0.0, 0.0, 0.0]


def test_nothing_is_learnt_from_a_loss_that_is_not_finite() -> None:
    model = network()
    ours = Learner(model, model, STAGE, CPU)
    ours.learn(*batch(1), launch=False)  # the first step begins the scales
    before = parameters(model)
    next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d)).bias.data[0] = float("nan")
    with pytest.raises(NotFiniteError, match="nan"):
        ours.learn(*batch(0), launch=False)
    changed = parameters(model)
    assert torch.equal(changed[changed.isfinite()], before[changed.isfinite()])


def test_an_optimiser_goes_on_where_it_was() -> None:
    def steps(ours: Learner, seeds: range) -> None:
        for seed in seeds:
            ours.learn(*batch(seed), launch=False)

    whole, first = network(), network()
    steps(Learner(whole, whole, STAGE, CPU), range(4))
    one = Learner(first, first, STAGE, CPU)
    steps(one, range(2))
    state = one.optimiser.state_dict()
    for group in state["param_groups"]:  # as a GPU leaves it
        group |= {"lr": torch.tensor(1.0), "capturable": True, "fused": True}
    two = Learner(first, first, STAGE, CPU)
    two.resume(state)
    steps(two, range(2, 4))
    assert torch.equal(parameters(whole), parameters(first))


def test_a_gpu_replays_all_but_the_first_steps_and_those_that_python_must_see(monkeypatch: Any) -> None:
    calls: list[str] = []

    class Replayed:
        def __init__(self, step: Any, example: tuple[Tensor, ...], stream: Any) -> None:
            calls.append("record")
            self.step = step

        def __call__(self, *values: Tensor) -> None:
            calls.append("replay")
            self.step(*values)

    monkeypatch.setattr(learner, "Recording", Replayed)
    model, twin = network(), network()
    ours, plain = Learner(model, model, STAGE, CPU), Learner(twin, twin, STAGE, CPU)
    ours.stream = object()  # type: ignore[assignment]
    for step in range(WARM_UP + 4):
        before = len(calls)
        ours.learn(*batch(step), launch=step == WARM_UP + 2)
        plain.learn(*batch(step), launch=True)
        if step < WARM_UP or step == WARM_UP + 2:
            assert len(calls) == before
    assert calls == ["record", "replay", "replay", "replay"]
    assert torch.equal(parameters(model), parameters(twin)) and ours.take() == plain.take()


class _Questions(TorchDispatchMode):
    """Notes where a number of a tensor, or how many of its values are something, is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(name in str(function) for name in ("_local_scalar_dense", "nonzero", "aten.equal")):
            where = [frame for frame in traceback.extract_stack() if "/torch/" not in frame.filename]
            self.places.append(f"{where[-2].filename}:{where[-2].lineno}")
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("weights", ["binary", "ternary"])
def test_a_recorded_step_asks_the_device_nothing(monkeypatch: Any, weights: str) -> None:
    model = network(weights)
    ours = Learner(model, model, STAGE, CPU)
    ours.learn(*batch(0), launch=True)
    with _Questions() as asked:
        ours._losses(*batch(1)).backward()  # type: ignore[no-untyped-call]
    assert asked.places
    monkeypatch.setattr(autograd, "on_gpu", lambda x: True)
    monkeypatch.setattr(convolution, "_sums_bytes", lambda: False)
    for module in (quantisers, wrapping, arithmetic):
        monkeypatch.setattr(module, "recorded", lambda x: True)
    with _Questions() as asked:
        ours._losses(*batch(2)).backward()  # type: ignore[no-untyped-call]
    # Brevitas keeps whether a tensor is signed on the host.
    assert [place for place in asked.places if "int_quant_tensor" not in place] == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_replayed_step_is_the_launched_one() -> None:
    device = torch.device("cuda")
    results = []
    for launch in (True, False):
        model = network().to(device)
        ours = Learner(model, model, STAGE, device)
        with ours.running():
            for seed in range(WARM_UP + 5):
                ours.set_rate(1e-3 / (1 + seed))
                ours.learn(*(tensor.to(device) for tensor in batch(seed)), launch=launch)
        assert (ours.recording is None) == launch
        results.append((parameters(model), ours.take()))
    assert isinstance(ours.recording, Recording)
    assert torch.allclose(results[0][0], results[1][0], atol=1e-5) and results[0][1] == pytest.approx(results[1][1])
