# SPDX-License-Identifier: BSD-3-Clause
"""The CPU engine against PyTorch: every output of every image, and the record that the chain's report reads."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from host import evaluate as board
from host.cpu import reference
from host.errors import MetadataError

if TYPE_CHECKING:
    from host.cpu.engine import Engine

STAGE = "cpu"
BATCH = 1024
LAYERWISE = 64
"""Images whose accumulators are compared in every layer, with what numpy makes of the same plan."""


def evaluate(
    engine: "Engine",
    path: Path,
    count: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> board.StageResult:
    """Run the first `count` images (all for None) of the reference file at `path` and compare every output.

    The first difference is named with its layer where the engine and numpy part, and with "output" where both differ
    from PyTorch. `progress(done, total)` is called after each batch.

    Raises what `host.evaluate.reference` and the engine raise, and MetadataError for another model's reference.
    """
    images, labels, outputs = board.reference(path, count)
    if outputs.shape[1:] != (engine.plan.outputs,):
        raise MetadataError(
            f"{path}: outputs have shape {list(outputs.shape)}, the network gives [N, {engine.plan.outputs}]: "
            "export the model again"
        )
    result = board.StageResult(stage=STAGE, against=board.AGAINST)
    seconds = 0.0
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        begin = time.perf_counter()
        got = engine.run(images[part])
        seconds += time.perf_counter() - begin
        result.add(labels[part], got.argmax(axis=1), outputs[part], got)
        progress(result.images, len(images))
    start, stop = 0, LAYERWISE
    if result.divergence is not None:
        start, stop = result.divergence.image, result.divergence.image + 1
    wrong, first = _layers(engine, images[start:stop], start)
    result.mismatches = max(result.mismatches, wrong)
    result.divergence = first or result.divergence
    result.extra = {
        "seconds": round(seconds, 6),
        "instruction_set": engine.isa,
        "threads": engine.threads,
    }
    return result


def _layers(engine: "Engine", images: npt.NDArray[np.uint8], first_image: int) -> tuple[int, board.Divergence | None]:
    """How many of the images have an accumulator that numpy does not give, and the first such."""
    expected = reference.run(engine.plan, images).accumulators
    got = engine.taps(images)
    wrong = np.zeros(len(images), np.bool_)
    first = None
    for name, values in expected.items():
        differs = got[name] != values
        wrong |= differs.any(axis=(1, 2, 3))
        if first is None and differs.any():
            image, *index = (int(i) for i in np.argwhere(differs)[0])
            at = (image, *index)
            first = board.Divergence(name, first_image + image, tuple(index), int(values[at]), int(got[name][at]))
    return int(wrong.sum()), first
