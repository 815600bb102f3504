# SPDX-License-Identifier: BSD-3-Clause
"""One stage of one network's training, and its evaluation: the same loop for every method."""

import copy
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from training.augmentation import augment
from training.bench_training import a2q
from training.bench_training.arithmetic import set_bits, with_accumulator
from training.bench_training.data import Split, of
from training.bench_training.plan import FOLD, Chain, Setting, Step, Trial
from training.blocks import Blocks
from training.evaluation import evaluate
from training.layers import overflow_penalty, penalising, set_wrapping
from training.networks import NETWORKS
from training.recipe import Augmentation, Stage
from training.settling import drawn, settle
from training.trainer import learning_rate

State = dict[str, Tensor]


@dataclass
class Progress:
    """A stage so far: finished epochs, the weights, the optimiser's state, the seconds that training took."""

    epochs: int = 0
    model: State = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def network(setting: Setting, accumulator: str, bits: int, seed: int, data: Split) -> nn.Module:
    """The setting's network, initialised from `seed`, with accumulators of a kind."""
    shape = data.images.shape[1:]
    blocks = Blocks(
        input_shape=(shape[0], shape[1], shape[2]),
        classes=data.classes,
        maximum=data.maximum,
        weights=setting.weights,
        activation_bits=setting.activation_bits,
        input_bits=setting.input_bits,
    )
    if accumulator in a2q.QUANTISERS:
        blocks = a2q.aware(blocks, accumulator, bits)
    else:
        blocks = with_accumulator(blocks, accumulator, bits, FOLD)
    torch.manual_seed(seed)
    model: nn.Module = NETWORKS[setting.network](blocks)
    set_wrapping(model, accumulator in ("wrap", "fold", "saturate"))
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def train(chain: Chain, before: State | None, so_far: Progress) -> Iterator[Progress]:
    """Train the chain's last stage from the weights `before` it (None: from the start), after the epochs in `so_far`;
    gives the progress after every epoch. An interrupted stage comes to the same weights as one that was not.
    """
    step = chain.steps[-1]
    data = of(chain.setting, chain.tuning)
    images, labels = torch.from_numpy(data.train_images), torch.from_numpy(data.train_labels)
    model = network(chain.setting, step.accumulator, step.bits, chain.seed, data)
    if so_far.epochs:
        model.load_state_dict(so_far.model)
    elif before is not None and step.accumulator in a2q.QUANTISERS:
        a2q.start_from(model, before, images[: chain.setting.batch_size].float())
    elif before is not None:
        model.load_state_dict(before)
    # The weights' layout decides in which order gradients are summed: it must be the same after an interruption.
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser, scheduled = _optimiser(model, step)
    if so_far.epochs:
        optimiser.load_state_dict(so_far.optimiser)
    for epoch in range(so_far.epochs, step.epochs):
        start = time.perf_counter()
        _epoch(chain, epoch, model, optimiser, scheduled, images, labels)
        seconds = so_far.seconds + time.perf_counter() - start
        so_far = Progress(epoch + 1, copy.deepcopy(model.state_dict()), optimiser.state_dict(), seconds)
        yield so_far


def judge(trial: Trial, state: State) -> dict[str, Any]:
    """{accuracy, overflow_rate, diverged} of a chain's weights with the trial's accumulators; `diverged` is whether any
    weight is not finite.
    """
    chain = trial.chain
    data = of(chain.setting, chain.tuning)
    last = chain.steps[-1].accumulator
    accumulator = last if last in a2q.QUANTISERS else trial.accumulator
    model = network(chain.setting, accumulator, trial.bits, chain.seed, data)
    model.load_state_dict(state)
    set_bits(model, trial.bits)
    wrapping = trial.accumulator != "wide"
    set_wrapping(model, wrapping and not trial.just_cut)
    settle(model, _batches(chain, data))
    set_wrapping(model, wrapping)
    result = evaluate(model, data.images, data.labels)
    diverged = any(not bool(weights.isfinite().all()) for weights in state.values())
    return {"accuracy": result.accuracy, "overflow_rate": result.overflow_rate, "diverged": diverged}


def _epoch(
    chain: Chain,
    epoch: int,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    stage: Stage | None,
    images: Tensor,
    labels: Tensor,
) -> None:
    step, size = chain.steps[-1], chain.setting.batch_size
    done = chain.epochs - step.epochs + epoch
    seed = chain.seed * 1_000_003 + done  # every epoch draws from its own
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    count = len(images) // size
    order = torch.randperm(len(images), generator=generator)[: count * size].view(count, size)
    augmentation = Augmentation(flip=chain.setting.flip)
    model.train()
    with penalising(model) if step.penalty else nullcontext(), a2q.norm_excess(model) as excess:
        for index, chosen in enumerate(order):
            for group in optimiser.param_groups:
                group["lr"] = _rate(step, stage, epoch, index, count)
            batch = augment(images[chosen].float(), augmentation, generator)
            logits = model(batch.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(logits, labels[chosen])
            if step.penalty:
                loss = loss + step.penalty * overflow_penalty(model)
            if excess:
                loss = loss + a2q.NORM_PENALTY * torch.stack(list(excess.values())).sum()
                excess.clear()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()


def _optimiser(model: nn.Module, step: Step) -> tuple[torch.optim.Optimizer, Stage | None]:
    """Adam, with the stage whose cosine its rate follows; A2Q's own groups and no cosine for A2Q."""
    if step.accumulator in a2q.QUANTISERS:
        return torch.optim.Adam(a2q.parameter_groups(model), step.rate), None
    stage = Stage(name="stage", epochs=step.epochs, lr=step.rate, accumulator="wide", final_lr=step.final)
    return torch.optim.Adam(model.parameters(), step.rate), stage


def _rate(step: Step, stage: Stage | None, epoch: int, index: int, count: int) -> float:
    if stage is not None:
        return learning_rate(stage, epoch * count + index, step.epochs * count)
    return step.rate * a2q.GAMMA ** (epoch * a2q.DROPS // step.epochs)


def _batches(chain: Chain, data: Split) -> Iterator[Tensor]:
    augmentation = Augmentation(flip=chain.setting.flip)
    for batch in drawn(torch.from_numpy(data.train_images), chain.setting.batch_size, chain.seed, augmentation):
        yield batch.contiguous(memory_format=torch.channels_last)
