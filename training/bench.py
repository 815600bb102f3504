# SPDX-License-Identifier: BSD-3-Clause
"""What wraparound costs in training: a step of a recipe's network, and of the same one with plain Brevitas layers."""

import copy
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import torch
from brevitas.core.quant import IntQuant
from rich.table import Table
from torch import Tensor, nn

from chain.errors import InputError, UnsupportedError
from chain.files import write_json
from training import checkpoint as checkpoints
from training import datasets, footprint, recorded
from training.build import build
from training.conversion import wrap
from training.layers import WrapConv2d, WrapLinear, accumulators, overflow_penalty, set_wrapping
from training.learner import Learner, optimiser_of
from training.recipe import Recipe, Stage
from training.statistics import Monitor
from training.trainer import COUNT_EVERY, COUNT_EVERY_ON_GPU

# Input shape, classes, largest value of the data sets whose files need not be there.
SHAPES = {
    "digits": ((1, 8, 8), 10, 16),
    "fashion-mnist": ((1, 28, 28), 10, 255),
    "cifar10": ((3, 32, 32), 10, 255),
}
WARM_UP = recorded.WARM_UP + 3  # steps that are not timed: on a GPU one of them is recorded

CPU = torch.device("cpu")

CONTENDERS = ("brevitas", "fused", "wrapped", "ours")

Step = Callable[[int], None]
Batch = tuple[Tensor, Tensor, int, int, bool]


def bench(
    recipe: Recipe,
    repetitions: int = 9,
    data: Path | None = None,
    checkpoint: Path | None = None,
    device: torch.device = CPU,
) -> dict[str, Any]:
    """One row {settings, ours_ms, brevitas_ms, fused_ms, ratio, fused_ratio, ...} for the recipe's last stage.

    Four networks of the same weights take turns step by step: `ours`; `brevitas`, all of whose layers and
    activations are Brevitas' own; `fused`, the same with our fused activation quantiser, so that `fused_ratio` is
    what the accumulators alone cost; `wrapped`, what `training.wrap` makes of `brevitas`, in a loop of one's own
    that adds the penalty and counts nothing, so that `wrapped_ratio` is what those lines cost. A repetition is as
    many steps of each as training goes without counting overflows, which the first of them does. On a GPU our steps
    are recorded and replayed as in training, the rivals' launched. Times are milliseconds a step, wall clock, the
    median over repetitions; `ratio` and `fused_ratio` are medians of the repetitions' ratios, `*cpu_ratio` the same
    of processor time, which other programs disturb less; each `*_range` holds the least and the largest.

    `*_bytes` is what memory a few steps take at most, each network in a process of its own (training/footprint.py),
    the first step with the overflows counted; the weights themselves, which all have alike, are not in it.

    The images are the data set's where it can be had, otherwise random, and the weights those of the `checkpoint`
    where it exists, otherwise untrained: how many sums overflow depends on both, and the cost on that. `settings`
    says which.
    """
    steps = COUNT_EVERY if device == CPU else COUNT_EVERY_ON_GPU
    batch = _batch(recipe, data, device)
    images, _, _, _, real = batch
    stage = recipe.stages[-1]
    ours, trained = _network(recipe, batch, checkpoint)
    contenders = {name: _contender(name, ours, stage, batch, steps)() for name in CONTENDERS}
    for step in range(WARM_UP):
        for run in contenders.values():
            run(step)
    times = [_repetition(contenders, steps) for _ in range(repetitions)]
    settings = _settings(recipe, stage, list(images.shape[1:]), repetitions, steps)
    settings["device"] = "cpu" if device == CPU else torch.cuda.get_device_name(device)
    settings |= {"images": "data set" if real else "random", "weights": "trained" if trained else "untrained"}
    row: dict[str, Any] = {"settings": settings}
    for name in contenders:
        row |= _summary(f"{name}_ms", [1000 * wall[name] / steps for wall, _ in times])
    for rival, prefix in (("brevitas", ""), ("fused", "fused_")):
        row |= _summary(f"{prefix}ratio", [wall["ours"] / wall[rival] for wall, _ in times])
        row |= _summary(f"{prefix}cpu_ratio", [cpu["ours"] / cpu[rival] for _, cpu in times])
    row |= _summary("wrapped_ratio", [wall["wrapped"] / wall["brevitas"] for wall, _ in times])
    alone = (recipe, data, checkpoint, steps, device)
    memory = {name: footprint.peak(_alone, WARM_UP, device.type, name, *alone) for name in CONTENDERS}
    row |= {f"{name}_bytes": value for name, value in memory.items()}
    row["memory_ratio"] = memory["ours"] / memory["brevitas"]
    return row


def plain(model: nn.Module, stock: bool = False) -> nn.Module:
    """A copy of `model` with Brevitas' QuantConv2d and QuantLinear for the wrapping layers: the same weights, weight
    quantisers and shapes. With `stock` the activation quantisers are Brevitas' own too, otherwise they stay.

    Raises UnsupportedError for a layer of another class.
    """
    twin = copy.deepcopy(model)
    for name, layer in accumulators(twin).items():
        if not isinstance(layer, WrapConv2d | WrapLinear):
            raise UnsupportedError(f"layer {name!r} is a {type(layer).__name__}, expected WrapConv2d or WrapLinear")
        layer.__class__ = qnn.QuantConv2d if isinstance(layer, WrapConv2d) else qnn.QuantLinear  # type: ignore[assignment]
        del layer.accumulator_quant
    for name, module in list(twin.named_modules()) if stock else []:
        if isinstance(module, qnn.QuantReLU | qnn.QuantIdentity):
            quantiser = module.act_quant.quant_injector.let(int_quant=IntQuant)
            activation = type(module)(act_quant=quantiser, return_quant_tensor=module.return_quant_tensor)
            activation.load_state_dict(module.state_dict())
            twin.set_submodule(name, activation)
    return twin


def update(path: Path, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Put `row` into the list of rows in the file `path`, in place of the older one of its model and device; gives all
    rows. Rows of another form, of an older version, are dropped.
    """
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = [other for other in rows if _form(other) == _form(row) and _place(other) != _place(row)] + [row]
    write_json(path, rows)
    return rows


def table(rows: list[dict[str, Any]]) -> Table:
    """The rows for the terminal."""
    shown = Table(
        "model",
        "device",
        "images",
        "weights",
        "wrapping layers",
        "Brevitas",
        "ratio",
        "with our activations",
        "ratio",
        "training.wrap, ratio",
        "peak memory: ours, Brevitas, ratio",
    )
    for row in rows:
        settings = row["settings"]
        shown.add_row(
            settings["model"],
            settings["device"],
            f"{settings['batch_size']}, {settings['images']}",
            settings["weights"],
            *(f"{row[key]:.2f} ms {_range(row, key, '.2f')}" for key in ("ours_ms", "brevitas_ms")),
            f"{row['ratio']:.3f} {_range(row, 'ratio', '.3f')}",
            f"{row['fused_ms']:.2f} ms {_range(row, 'fused_ms', '.2f')}",
            f"{row['fused_ratio']:.3f} {_range(row, 'fused_ratio', '.3f')}",
            f"{row['wrapped_ratio']:.3f} {_range(row, 'wrapped_ratio', '.3f')}",
            f"{row['ours_bytes'] / 2**20:.1f}, {row['brevitas_bytes'] / 2**20:.1f} MiB, {row['memory_ratio']:.3f}",
        )
    return shown


def _form(row: dict[str, Any]) -> tuple[set[str], set[str]]:
    return set(row), set(row["settings"])


def _place(row: dict[str, Any]) -> tuple[str, str]:
    return row["settings"]["model"], row["settings"].get("device", "cpu")


def _range(row: dict[str, Any], key: str, digits: str) -> str:
    low, high = row[f"{key}_range"]
    return f"({low:{digits}}..{high:{digits}})"


def _network(recipe: Recipe, batch: Batch, checkpoint: Path | None) -> tuple[nn.Module, bool]:
    """The recipe's network as in its last stage, and whether its weights are the checkpoint's."""
    images, _, classes, maximum, _ = batch
    model = build(recipe, (images.shape[1], images.shape[2], images.shape[3]), classes, maximum)
    trained = checkpoint is not None and checkpoint.exists()
    if checkpoint is not None and trained:
        checkpoints.load_state(model, checkpoints.read(checkpoint, recipe).model)
    set_wrapping(model, recipe.stages[-1].accumulator == "wrap")
    return model.to(images.device), trained


def _contender(name: str, ours: nn.Module, stage: Stage, batch: Batch, steps: int) -> Callable[[], Step]:
    """One of CONTENDERS with the weights of `ours`; its optimiser comes with the call."""
    images, labels, *_ = batch
    if name == "ours":
        return lambda: _own_step(ours, stage, images, labels, steps)
    twin = plain(ours, stock=name != "fused").to(images.device)
    if name == "wrapped":
        wrap(twin)
        for layer, like in zip(accumulators(twin).values(), accumulators(ours).values(), strict=True):
            layer.accumulator_bits, layer.fold, layer.wrapping = like.accumulator_bits, like.fold, like.wrapping
    return lambda: _plain_step(twin, stage, images, labels)


def _alone(
    name: str, recipe: Recipe, data: Path | None, checkpoint: Path | None, steps: int, device: torch.device
) -> Callable[[], Step]:
    batch = _batch(recipe, data, device)
    return _contender(name, _network(recipe, batch, checkpoint)[0], recipe.stages[-1], batch, steps)


def _batch(recipe: Recipe, data: Path | None, device: torch.device) -> Batch:
    """Images [N, C, H, W] and labels [N] of one batch on `device`, the number of classes, the largest pixel, and
    whether the images are real.
    """
    images, labels, classes, maximum, real = _drawn(recipe, data)
    return images.to(device), labels.to(device), classes, maximum, real


def _drawn(recipe: Recipe, data: Path | None) -> Batch:
    size = recipe.batch_size
    try:
        dataset = datasets.load(recipe, data)
    except InputError:
        if data is not None or recipe.dataset not in SHAPES:
            raise
        shape, classes, maximum = SHAPES[recipe.dataset]
        generator = torch.Generator().manual_seed(recipe.seed)
        images = torch.randint(0, maximum + 1, (size, *shape), generator=generator).float()
        return images, torch.randint(0, classes, (size,), generator=generator), classes, maximum, False
    images = torch.from_numpy(dataset.train_images[:size]).float()
    return images, torch.from_numpy(dataset.train_labels[:size]), len(dataset.class_names), dataset.maximum, True


def _own_step(model: nn.Module, stage: Stage, images: Tensor, labels: Tensor, steps: int) -> Step:
    """A step as training does it: the stage's penalty, and the overflows counted in the first of `steps`."""
    model, images = _prepared(model, images)
    layers = accumulators(model)
    learner = Learner(model, model, stage, images.device)

    def step(index: int) -> None:
        counted = index % steps == 0
        for layer in layers.values():
            layer.monitor = Monitor() if counted else None
        with learner.running():
            learner.learn(images, labels, launch=counted)
            learner.take()

    return step


def _plain_step(model: nn.Module, stage: Stage, images: Tensor, labels: Tensor) -> Step:
    model, images = _prepared(model, images)
    optimiser = optimiser_of(model, stage, images.device)
    wrapped = bool(accumulators(model))

    def step(index: int) -> None:
        loss = nn.functional.cross_entropy(model(images), labels)
        if wrapped:
            loss = loss + stage.penalty * overflow_penalty(model)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step


def _prepared(model: nn.Module, images: Tensor) -> tuple[nn.Module, Tensor]:
    model = model.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    return model, images.contiguous(memory_format=torch.channels_last)


def _repetition(contenders: dict[str, Step], steps: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of each contender, by the wall clock and of the processor. Who begins changes from step to step."""
    wall, cpu = dict.fromkeys(contenders, 0.0), dict.fromkeys(contenders, 0.0)
    order = list(contenders)
    for index in range(steps):
        for name in order:
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            contenders[name](index)
            if torch.cuda.is_initialized():
                torch.cuda.synchronize()
            wall[name] += time.perf_counter() - wall_start
            cpu[name] += time.process_time() - cpu_start
        order.reverse()
    return wall, cpu


def _summary(name: str, values: list[float]) -> dict[str, Any]:
    return {name: statistics.median(values), f"{name}_range": [min(values), max(values)]}


def _settings(recipe: Recipe, stage: Stage, shape: list[int], repetitions: int, steps: int) -> dict[str, Any]:
    return {
        "model": recipe.name,
        "network": recipe.network,
        "input_shape": shape,
        "batch_size": recipe.batch_size,
        "quantisation": recipe.quantisation.model_dump(),
        "stage": stage.name,
        "accumulator": stage.accumulator,
        "penalty": stage.penalty,
        "optimiser": stage.optimiser,
        "memory_format": "channels_last",
        "repetitions": repetitions,
        "steps": steps,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "machine": platform.machine(),
        "torch": version("torch"),
        "brevitas": version("brevitas"),
    }
