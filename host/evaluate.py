# SPDX-License-Identifier: BSD-3-Clause
"""The board against the reference: every output of every image, and the record that the chain's report reads."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from host import files
from host.errors import EmptyError, MetadataError, MissingFileError, RangeError

if TYPE_CHECKING:
    from host.driver import Driver
    from host.fleet import Fleet

STAGE = "board"
AGAINST = "torch"
LAYER = "output"


@dataclass(frozen=True)
class Divergence:
    """The first value in which the board differs from the reference. `run` is '': a board has but one."""

    layer: str
    image: int
    index: tuple[int, ...]
    expected: int
    got: int
    run: str = ""

    def __str__(self) -> str:
        return (
            f"layer {self.layer!r}, image {self.image}, index {list(self.index)}: "
            f"expected {self.expected}, got {self.got}"
        )


@dataclass
class StageResult:
    """The chain's record of a stage, key for key."""

    stage: str = STAGE
    against: str = AGAINST
    images: int = 0
    correct: int = 0
    mismatches: int = 0
    divergence: Divergence | None = None
    extra: dict[str, object] = field(default_factory=dict)

    def add(
        self,
        labels: npt.NDArray[np.integer],
        predictions: npt.NDArray[np.integer],
        expected: npt.NDArray[np.integer],
        got: npt.NDArray[np.integer],
    ) -> None:
        """Count one batch: `labels` and `predictions` [N], `expected` and `got` [N, outputs]."""
        wrong = np.argwhere(expected != got)
        if len(wrong):
            self.mismatches += len(np.unique(wrong[:, 0]))
            image, index = (int(i) for i in wrong[0])
            self.divergence = self.divergence or Divergence(
                LAYER, self.images + image, (index,), int(expected[image, index]), int(got[image, index])
            )
        self.images += len(got)
        self.correct += int(np.count_nonzero(predictions == labels))


def reference(path: Path, count: int | None) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Images, labels and outputs of the first `count` images of a reference.npz.

    Raises MissingFileError, MetadataError (not such a file), RangeError (count below 1) or EmptyError.
    """
    if count is not None and count < 1:
        raise RangeError(f"{count} images were asked for, expected at least 1")
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist: export the model first")
    try:
        with np.load(path, allow_pickle=False) as content:
            images, labels, outputs = (content[name][:count] for name in ("images", "labels", "outputs"))
    except (OSError, ValueError, KeyError) as error:
        raise MetadataError(f"{path} does not hold images, labels and outputs: {error}") from None
    if not len(images):
        raise EmptyError(f"{path} holds zero images")
    if not len(images) == len(labels) == len(outputs):
        raise MetadataError(f"{path}: {len(images)} images, {len(labels)} labels, {len(outputs)} outputs")
    return images, labels, outputs


def evaluate(
    overlay: "Driver | Fleet",
    path: Path,
    count: int | None = None,
    batch: int = 50,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> StageResult:
    """Run the first `count` images (all for None) of the reference file at `path` and compare every output.

    `progress(done, total)` is called after each batch.
    """
    images, labels, outputs = reference(path, count)
    expected = overlay.metadata.results(outputs)
    if expected.shape[1:] != overlay.metadata.output.shape:
        raise MetadataError(
            f"{path}: outputs have shape {list(expected.shape)}, the accelerator gives "
            f"[N, {overlay.metadata.output.shape[0]}]: export and build the same model"
        )
    result = StageResult(overlay.stage)
    speed = None
    for got, timing in overlay.run_batches(images, batch):
        part = slice(result.images, result.images + len(got))
        result.add(labels[part], overlay.metadata.predictions(got), expected[part], got)
        speed = speed or timing  # the first batch is never shorter than another
        progress(result.images, len(images))
    assert speed is not None
    single = math.isnan(speed.interval_cycles)
    result.extra = {
        "interval": None if single else speed.interval_cycles,
        "fill": speed.fill_cycles,
        "clock_mhz": speed.clock_mhz,
        "fps": None if single else speed.fps,
        "simulated": speed.simulated,
    }
    return result


def save(result: StageResult, path: Path) -> None:
    """Write the record as JSON to `path`, whole or not at all; its folder is made if it is missing."""
    files.write(path, (json.dumps(asdict(result), indent=2) + "\n").encode())
