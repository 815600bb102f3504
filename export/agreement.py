# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch, QONNX's executor and onnxruntime on the same images, compared at every accumulator."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from chain.agreement import StageResult
from chain.errors import AgreementError, InputError
from chain.files import atomic
from export.ops import runtime
from training.layers import accumulators, recording

Integers = npt.NDArray[np.int32]
STAGES = {"torch": "", "qonnx": "torch", "onnxruntime": "qonnx"}
"""The stages compared here, each with the one it is compared with."""


@dataclass(frozen=True)
class Agreement:
    """What the three stages made of the images, "torch" first, and the network's outputs [N, classes] by torch."""

    stages: Mapping[str, StageResult]
    outputs: Integers

    def save(self, folder: Path) -> None:
        """Write `folder`/<stage>.json for each stage."""
        for stage in self.stages.values():
            stage.save(folder)

    def require(self) -> None:
        """Raise AgreementError for the first stage that differs."""
        for stage in self.stages.values():
            stage.require_agreement()


def agree(
    frozen: nn.Module,
    path: runtime.Model,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    batch: int = runtime.BATCH,
    advance: Callable[[int], None] = lambda count: None,
) -> Agreement:
    """Compare the file at `path` with the frozen network (see training.freeze) that it was made of.

    `images` are raw integers [N, C, H, W]. Every accumulator of every image is compared; `advance` is told the number
    of images after each batch. A difference does not raise: see `Agreement.require`.

    Raises:
        InputError: no images, or a file whose layers are not the network's.
        AgreementError: a stage's accumulator is not an integer.
    """
    if len(images) == 0:
        raise InputError("no images to compare: give at least one")
    model = runtime.load(path)
    taps = runtime.accumulators(model)
    layers = list(accumulators(frozen))
    if set(taps) != set(layers):
        raise InputError(f"the file's layers {sorted(taps)} are not the network's {sorted(layers)}: export it again")
    tensors = list(taps.values())
    runners: dict[str, runtime.Runner] = {
        "qonnx": runtime.QonnxExecutor(model, tensors),
        "onnxruntime": runtime.OnnxRuntime(model, tensors),
    }
    stages = {name: StageResult(name, against) for name, against in STAGES.items()}
    seconds = dict.fromkeys(stages, 0.0)
    outputs = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch].astype(np.float32)
        truth = labels[start : start + batch]
        with _timed(seconds, "torch"):
            expected = _torch(frozen, part, taps)
        last = expected[list(taps)[-1]]
        outputs.append(last)
        stages["torch"].add(truth, last.argmax(axis=1))
        for name, runner in runners.items():
            with _timed(seconds, name):
                values = runner(part)
                got = {layer: _integers(values[tensor], name, layer) for layer, tensor in taps.items()}
                stages[name].add(truth, got[list(taps)[-1]].argmax(axis=1), expected, got)
            expected = got
        advance(len(part))
    for name, stage in stages.items():
        stage.extra["seconds"] = round(seconds[name], 3)
    return Agreement(stages, np.concatenate(outputs))


def save_reference(
    path: Path,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    outputs: Integers,
    class_names: tuple[str, ...],
) -> None:
    """Write what the accelerator must reproduce: `images` (given as [N, C, H, W], written as [N, H, W, C]), `labels`,
    `outputs` [N, classes] and `class_names`, atomically, as .npz without pickles.
    """
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            images=np.ascontiguousarray(images.transpose(0, 2, 3, 1)),
            labels=labels.astype(np.int64),
            outputs=outputs.astype(np.int32),
            class_names=np.asarray(class_names, dtype=np.str_),
        )


def _torch(frozen: nn.Module, images: npt.NDArray[np.float32], taps: Mapping[str, str]) -> dict[str, Integers]:
    with torch.no_grad(), recording(frozen) as layers:
        frozen(torch.from_numpy(images))
        values = {name: layers[name].last_accumulator for name in taps}
        missing = [name for name, value in values.items() if value is None]
        if missing:
            raise InputError(f"layer {missing[0]!r} is never called")
        return {name: _integers(value.numpy(), "torch", name) for name, value in values.items() if value is not None}


def _integers(values: npt.NDArray[Any], stage: str, layer: str) -> Integers:
    with np.errstate(invalid="ignore"):
        integers = values.astype(np.int32)
    if not np.array_equal(integers, values):
        at = tuple(int(i) for i in np.argwhere(integers != values)[0])
        raise AgreementError(
            f"stage {stage!r}, layer {layer!r}, index {list(at)}: {values[at]} is not an integer, expected one"
        )
    return integers


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] += time.perf_counter() - start
