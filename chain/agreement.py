# SPDX-License-Identifier: BSD-3-Clause
"""How two stages are compared: integers of every layer, image by image, the first divergence named."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.errors import AgreementError
from chain.files import write_json

STAGES = ("torch", "qonnx", "onnxruntime", "finn", "rtl", "netlist", "board", "cpu")
EXPORTED, OF_EXPORTED = STAGES[:3], ("cpu",)
"""The stages of the export, and those that need nothing but its file: no step of the hardware makes them stale."""


@dataclass(frozen=True)
class Divergence:
    """The first value in which a stage differs from `against`: `layer` in graph order, `index` in [C, H, W].

    `run` says which of a stage's runs it was, '' where there is but one.
    """

    layer: str
    image: int
    index: tuple[int, ...]
    expected: int
    got: int
    run: str = ""

    def __str__(self) -> str:
        return (
            f"layer {self.layer!r}, image {self.image}, index {list(self.index)}: "
            f"expected {self.expected}, got {self.got}{f' ({self.run})' if self.run else ''}"
        )


@dataclass
class StageResult:
    """What one stage made of its test images. `against` is the stage it was compared with ('' for the first)."""

    stage: str
    against: str = ""
    images: int = 0
    correct: int = 0
    mismatches: int = 0
    divergence: Divergence | None = None
    extra: dict[str, object] = field(default_factory=dict)

    def add(
        self,
        labels: npt.NDArray[np.integer],
        predictions: npt.NDArray[np.integer],
        expected: Mapping[str, npt.NDArray[np.integer]] | None = None,
        got: Mapping[str, npt.NDArray[np.integer]] | None = None,
        run: str = "",
    ) -> None:
        """Count one batch. `expected` and `got` map layer names, in graph order, to integers [N, ...]."""
        if expected is not None and got is not None:
            wrong, divergence = compare(expected, got, self.images)
            self.mismatches += wrong
            if divergence and not self.divergence:
                self.divergence = replace(divergence, run=run)
        self.images += len(labels)
        self.correct += int(np.count_nonzero(np.asarray(labels) == np.asarray(predictions)))

    def save(self, folder: Path) -> None:
        """Write `folder`/<stage>.json."""
        write_json(folder / f"{self.stage}.json", asdict(self))

    def require_agreement(self) -> None:
        """Raise AgreementError if any image differed."""
        if self.mismatches:
            raise AgreementError(
                f"stage {self.stage!r} differs from {self.against!r} on {self.mismatches} of {self.images} images; "
                f"first at {self.divergence}"
            )


def load(folder: Path) -> dict[str, StageResult]:
    """Read every stage's result that `folder` holds, in the order of the chain."""
    found = {}
    for stage in STAGES:
        path = folder / f"{stage}.json"
        if path.exists():
            values = json.loads(path.read_text(encoding="utf-8"))
            if values["divergence"]:
                values["divergence"]["index"] = tuple(values["divergence"]["index"])
                values["divergence"] = Divergence(**values["divergence"])
            found[stage] = StageResult(**values)
    return found


def discard(folder: Path, stage: str) -> None:
    """Remove what `folder` (build/<model>) holds of `stage` and what stems from it, when its own files change.

    The sizes counted for the hardware go too: a report of old and new figures would be none.
    """
    kept = () if stage in EXPORTED + OF_EXPORTED else OF_EXPORTED
    for later in STAGES[STAGES.index(stage) :]:
        if later not in kept:
            (folder / "stages" / f"{later}.json").unlink(missing_ok=True)
    (folder / "resources.json").unlink(missing_ok=True)


def compare(
    expected: Mapping[str, npt.NDArray[np.integer]],
    got: Mapping[str, npt.NDArray[np.integer]],
    first_image: int = 0,
) -> tuple[int, Divergence | None]:
    """Count the images of a batch that differ in any layer, and name the first difference in graph order.

    Both map layer names to integers [N, ...]; layers that `got` lacks are passed over, and none in common is an error.
    """
    common = [name for name in expected if name in got]
    if not common:
        raise AgreementError(f"no layer in common: expected {list(expected)}, got {list(got)}")
    wrong = np.zeros(len(np.asarray(expected[common[0]])), dtype=np.bool_)
    first = None
    for name in common:
        a, b = np.asarray(expected[name]), np.asarray(got[name])
        if a.shape != b.shape:
            raise AgreementError(f"layer {name!r}: expected shape {a.shape}, got {b.shape}")
        differs = a != b
        image_differs = differs.reshape(len(a), -1).any(axis=1)
        wrong |= image_differs
        if first is None and image_differs.any():
            at = tuple(int(i) for i in np.argwhere(differs)[0])
            first = Divergence(name, first_image + at[0], at[1:], int(a[at]), int(b[at]))
    return int(wrong.sum()), first
