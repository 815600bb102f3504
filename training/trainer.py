# SPDX-License-Identifier: BSD-3-Clause
"""Training by recipe: stages, epochs, a checkpoint after each, and what is logged."""

import json
import math
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from chain import record
from chain.errors import InputError
from chain.files import write_json, write_text
from training import alarms, datasets
from training import checkpoint as checkpoints
from training.alone import alone
from training.augmentation import augment
from training.build import build
from training.channels import DeadChannels, watching
from training.checkpoint import Checkpoint
from training.datasets import Dataset
from training.distributed import Ranks, joined
from training.environment import data_folder
from training.evaluation import Evaluation, evaluate
from training.finiteness import first_not_finite
from training.layers import WrapConv2d, accumulators, set_wrapping
from training.layers.wrapping import AccumulatorMixin
from training.learner import Learner, NotFiniteError
from training.recipe import RECIPES, Recipe, Stage
from training.settling import drawn, settle
from training.statistics import Monitor
from training.summary import machines, summarise

# Training counts the overflows of every so manieth batch: counting costs two passes over the sums, and on a GPU a step
# that is not replayed. There all figures wait for it.
COUNT_EVERY, COUNT_EVERY_ON_GPU = 16, 64


def train(
    recipe: Recipe,
    folder: Path,
    resume: bool = False,
    data: Path | None = None,
    console: Console | None = None,
    device: str = "cpu",
    start: dict[str, Tensor] | None = None,
) -> dict[str, Any] | None:
    """Train to the end, leaving checkpoint.pt, history.jsonl, tensorboard/ and training.json in `folder`. `start`:
    weights to begin with instead of fresh ones.

    Gives training.json's content. With `resume`, goes on from the last finished epoch if there is one; the result is
    the same, bit for bit, as that of a run without interruption (on one machine with one number of threads).

    On `device`, "cpu" or "cuda". Where torchrun started several processes, each calls this; the batch is shared out to
    them, the first alone writes, and the others get None.

    Raises WorthlessError where the training comes to nothing (training.alarms), after saving what there is.
    """
    dataset = datasets.load(recipe, data)
    with ExitStack() as held:
        with joined(device) as ranks:
            if ranks.first:
                held.enter_context(alone(folder, "training"))
            checkpoint, history = run(recipe, dataset, folder, resume, console, start, ranks=ranks)
        if not ranks.first:
            return None
        summary = summarise(checkpoint, dataset, sum(line["seconds"] for line in history))
        summary |= alarms.summary(history) | {"machines": machines(history)}
        write_json(folder / "training.json", summary)
        source = recipe.name if recipe.path is None or recipe.path.parent == RECIPES.resolve() else recipe.path
        record.write(folder, "train", summary["seconds"], MODEL=source, DATA=data or data_folder())
    alarms.require_worth(history)
    return summary


def run(
    recipe: Recipe,
    dataset: Dataset,
    folder: Path,
    resume: bool = False,
    console: Console | None = None,
    start: dict[str, Tensor] | None = None,
    until: int | None = None,
    ranks: Ranks | None = None,
) -> tuple[Checkpoint, list[dict[str, Any]]]:
    """Go through the recipe's stages on `dataset`; the checkpoint, and what history.jsonl holds.

    `start`: weights to begin with instead of fresh ones. `until`: the epoch after which to stop; the same call with
    `resume` goes on from there. `ranks`: the processes that share the training.
    """
    ranks = ranks or Ranks()
    one = _Run(recipe, dataset, folder, console or Console(stderr=True, quiet=not ranks.first), ranks)
    one.begin(resume, start)
    try:
        epochs = one.stages()
        while (until is None or one.checkpoint.epochs < until) and next(epochs, None):
            pass
    finally:
        one.close()
    return one.checkpoint, one.history


@dataclass(frozen=True)
class _Epoch:
    """What one epoch of training measured: means over batches, and overflow over the counted ones."""

    loss: float
    penalty: float
    accuracy: float
    overflow_rate: float
    seconds: float


class _Run:
    """One training: the model, the checkpoint it will be, and the log."""

    def __init__(self, recipe: Recipe, dataset: Dataset, folder: Path, console: Console, ranks: Ranks) -> None:
        self.recipe, self.dataset, self.folder, self.console, self.ranks = recipe, dataset, folder, console, ranks
        self.images = torch.from_numpy(dataset.train_images).to(ranks.device)
        self.labels = torch.from_numpy(dataset.train_labels).to(ranks.device)
        model = build(recipe, dataset.input_shape, len(dataset.class_names), dataset.maximum)
        # Channels last: pooling and convolution on CPUs take half the time.
        self.model = model.to(device=ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        for layer in accumulators(self.model).values():
            if isinstance(layer, WrapConv2d):
                layer.narrow_gradients = recipe.gradients == "bfloat16"
        self.checkpoint = Checkpoint(
            recipe, dataset.input_shape, dataset.class_names, dataset.maximum, data=dataset.digest
        )
        self.history: list[dict[str, Any]] = []
        self.parallel: nn.Module
        self.writer: SummaryWriter

    def begin(self, resume: bool, start: dict[str, Tensor] | None = None) -> None:
        """Start anew, from `start` if given, or take up a checkpoint and cut the log to it. What another training left
        in the folder stays until the first epoch is done.
        """
        if len(self.images) < self.recipe.batch_size:
            raise InputError(f"batch_size {self.recipe.batch_size} is more than the {len(self.images)} training images")
        self.ranks.require_divisible(self.recipe.batch_size)
        path = self.folder / checkpoints.NAME
        if resume and path.exists():
            self.checkpoint = checkpoints.read(path, self.recipe)
            checkpoints.require_data(self.checkpoint, self.dataset, path)
            checkpoints.load_state(self.model, self.checkpoint.model)
            log = self.folder / "history.jsonl"
            lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
            self.history = [json.loads(line) for line in lines[: self.checkpoint.epochs]]
            self.checkpoint.data = self.dataset.digest
            self.console.print(f"continuing after epoch {self.checkpoint.epochs} of {self.recipe.epochs}")
        if start is not None and not self.checkpoint.epochs:
            checkpoints.load_state(self.model, start)
        self.ranks.require_same(self.checkpoint.epochs)
        self.parallel = self.ranks.parallel(self.model)
        if not self.ranks.first:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.writer = SummaryWriter(str(self.folder / "tensorboard"), purge_step=self.checkpoint.epochs + 1)

    def close(self) -> None:
        """The log is complete."""
        if self.ranks.first:
            self.writer.close()

    def stages(self) -> Iterator[int]:
        """Go through every stage that is not done, and stop after each epoch; gives the epochs so far."""
        done = self.checkpoint.epochs
        for stage in self.recipe.stages:
            if done >= stage.epochs:
                done -= stage.epochs
                continue
            yield from self._stage(stage, done)
            done = 0

    def _stage(self, stage: Stage, done: int) -> Iterator[int]:
        set_wrapping(self.model, stage.accumulator == "wrap")
        learner = Learner(self.model, self.parallel, stage, self.ranks.device, self.recipe.smoothing)
        if done and self.checkpoint.optimiser:
            learner.resume(self.checkpoint.optimiser)
        for epoch in range(done, stage.epochs):
            with learner.running():
                measured = self._epoch(stage, epoch, learner)
            if epoch + 1 == stage.epochs:
                settle(self.model, self._settling())
            if self.ranks.first:
                with watching(self.model) as watched:
                    test = evaluate(self.model, self.dataset.test_images, self.dataset.test_labels)
                self._log(stage, epoch, measured, test, watched.dead())
            self._save(stage, epoch + 1, learner.optimiser)
            yield self.checkpoint.epochs

    def _epoch(self, stage: Stage, epoch: int, learner: Learner) -> _Epoch:
        # Every epoch draws from its own seed, so that a resumed run draws what an uninterrupted one does.
        seed = self.recipe.seed * 1_000_003 + self.checkpoint.epochs
        # Augmentation is drawn for the total batch, by every process alike; what layers draw differs between them.
        torch.manual_seed(seed + self.ranks.rank * 7_919)
        generator = torch.Generator().manual_seed(seed)
        size = self.recipe.batch_size
        steps = len(self.images) // size
        order = torch.randperm(len(self.images), generator=generator)[: steps * size].view(steps, size)
        order = order.to(self.ranks.device)
        count_every = COUNT_EVERY_ON_GPU if learner.on_gpu else COUNT_EVERY
        layers = accumulators(self.model)
        self.model.train()
        start = time.perf_counter()
        totals, counts = [0.0] * 5, (0, 0)
        title = f"{stage.name} {epoch + 1}/{stage.epochs}"
        with self._progress(title, steps) as (progress, task):
            for step, indices in enumerate(order):
                rate = learning_rate(stage, epoch * steps + step, stage.epochs * steps)
                learner.set_rate(rate)
                images = augment(self.images[indices].float(), self.recipe.augmentation, generator)
                images = self._inputs(images)
                labels = self.ranks.share(self.labels[indices])
                counted = step % count_every == 0
                if counted:
                    for layer in layers.values():
                        layer.monitor = Monitor()
                try:
                    learner.learn(images, labels, launch=counted)
                except NotFiniteError as error:
                    where = first_not_finite(self.model, images)
                    raise alarms.not_finite(stage, error.value, where, rate, epoch + 1, step + 1) from None
                if counted:
                    counts = _counted(layers.values())
                progress.update(task, advance=1)
                if learner.on_gpu and not counted and step + 1 < steps:
                    continue
                loss, penalty, hits = learner.take()
                found = [loss / self.ranks.size, penalty / self.ranks.size, hits, *counts]
                counts = 0, 0
                totals = [total + more for total, more in zip(totals, self.ranks.total(*found), strict=True)]
                progress.update(
                    task,
                    loss=totals[0] / (step + 1),
                    accuracy=100 * totals[2] / ((step + 1) * size),
                    overflow=100 * totals[4] / max(totals[3], 1),
                )
        loss, penalty, hits, sums, overflows = totals
        return _Epoch(
            loss=loss / steps,
            penalty=penalty / steps,
            accuracy=hits / (steps * size),
            overflow_rate=overflows / max(sums, 1),
            seconds=time.perf_counter() - start,
        )

    def _settling(self) -> Iterator[Tensor]:
        return map(self._inputs, drawn(self.images, self.recipe.batch_size, self.recipe.seed, self.recipe.augmentation))

    def _inputs(self, images: Tensor) -> Tensor:
        """This process' share of a total batch, as the model takes it."""
        return self.ranks.share(images).contiguous(memory_format=torch.channels_last)

    def _progress(self, title: str, steps: int) -> "_Bar":
        return _Bar(self.console, title, steps)

    def _machine(self) -> dict[str, Any]:
        """What an epoch's figures depend on beside the recipe: sums of floats are rounded by the order they are in."""
        device = self.ranks.device
        return {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": torch.get_num_threads(),
            "processes": self.ranks.size,
        }

    def _log(self, stage: Stage, epoch: int, measured: _Epoch, test: Evaluation, dead: dict[str, DeadChannels]) -> None:
        step = self.checkpoint.epochs + 1
        judges = self.dataset.judges
        line = {
            "epoch": step,
            "stage": stage.name,
            "accumulator": stage.accumulator,
            "lr": learning_rate(stage, epoch + 1, stage.epochs),
            "loss": measured.loss,
            "penalty": measured.penalty,
            "train_accuracy": measured.accuracy,
            "train_overflow_rate": measured.overflow_rate,
            f"{judges}_accuracy": test.accuracy,
            "layers": {
                name: {"overflow_rate": layer.overflow_rate, "penalty": layer.penalty}
                for name, layer in test.layers.items()
            },
            "dead_channels": {name: asdict(channels) for name, channels in dead.items()},
            "seconds": measured.seconds,
            "machine": self._machine(),
        }
        found = alarms.raised(self.history, line, stage, test, dead)
        line["alarms"] = alarms.entries(found)
        self.history.append(line)
        if step == 1:  # of an older network, which must not stand beside this one's
            for name in ("training.json", checkpoints.NAME):
                (self.folder / name).unlink(missing_ok=True)
        write_text(self.folder / "history.jsonl", "".join(json.dumps(entry) + "\n" for entry in self.history))
        for key in ("lr", "loss", "penalty", "train_accuracy", f"{judges}_accuracy", "train_overflow_rate"):
            self.writer.add_scalar(key, line[key], step)
        for name, layer in test.layers.items():
            self.writer.add_scalar(f"overflow_rate/{name}", layer.overflow_rate, step)
            self.writer.add_scalar(f"penalty/{name}", layer.penalty, step)
        self.writer.flush()
        self.console.print(
            f"epoch {step:3d}/{self.recipe.epochs} {stage.name:>8}  loss {measured.loss:.4f}  "
            f"train {100 * measured.accuracy:5.2f} %  {judges} {100 * test.accuracy:5.2f} %  "
            f"overflow {100 * test.overflow_rate:.3f} %  {measured.seconds:.1f} s",
            highlight=False,
            soft_wrap=True,
        )
        for alarm in found:
            if alarm.kind != "chance" or step < self.recipe.epochs:
                text = f"warning: {alarm.text}"
                self.console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def _save(self, stage: Stage, done: int, optimiser: torch.optim.Optimizer) -> None:
        point = self.checkpoint
        point.epochs += 1
        point.finished = point.epochs == self.recipe.epochs
        point.model = _copy(self.model.state_dict())
        complete = done == stage.epochs
        point.optimiser = {} if complete else optimiser.state_dict()
        if complete and stage.accumulator == "wide" and stage.penalty == 0:
            point.reference = point.model
        if self.ranks.first:
            checkpoints.save(point, self.folder)


class _Bar:
    """A progress bar for one epoch, gone when the epoch is over."""

    def __init__(self, console: Console, title: str, steps: int) -> None:
        self.title, self.steps = title, steps
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]:.2f} %"),
            TextColumn("overflow {task.fields[overflow]:.3f} %"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> tuple[Progress, Any]:
        self.progress.start()
        return self.progress, self.progress.add_task(self.title, total=self.steps, loss=0.0, accuracy=0.0, overflow=0.0)

    def __exit__(self, *exception: object) -> None:
        self.progress.stop()


def _counted(layers: Collection[AccumulatorMixin]) -> tuple[int, int]:
    """Sums and overflows that the layers' monitors counted; they are dropped."""
    monitors = [layer.monitor for layer in layers if layer.monitor is not None]
    for layer in layers:
        layer.monitor = None
    return sum(monitor.sums for monitor in monitors), sum(monitor.overflows for monitor in monitors)


def learning_rate(stage: Stage, step: int, steps: int) -> float:
    """The learning rate at `step` of `steps`.

    >>> stage = Stage(name="a", epochs=1, lr=0.1, accumulator="wide", final_lr=0.0)
    >>> [round(learning_rate(stage, step, 4), 4) for step in range(5)]
    [0.1, 0.0854, 0.05, 0.0146, 0.0]
    """
    if stage.schedule == "constant":
        return stage.lr
    last = stage.lr * stage.final_lr
    return last + (stage.lr - last) * 0.5 * (1 + math.cos(math.pi * step / steps))


def _copy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in state.items()}
