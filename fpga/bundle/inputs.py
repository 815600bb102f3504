# SPDX-License-Identifier: BSD-3-Clause
"""What a bundle is made of, in build/<model>/: there, of one and the same model, and found to agree."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain import agreement, record
from chain.errors import AgreementError, InputError
from chain.report.collect import AFTER
from export.ops import runtime
from fpga import design, steps
from fpga.bundle.bitstream import Bitstream, find

GOLDEN_IMAGES = 64
STEPS = ("export", "rtl", "resources")


@dataclass(frozen=True)
class Golden:
    """The first test images: `images` uint8 [N, H, W, C], `labels` int64 [N], `outputs` int32 [N, classes]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Inputs:
    """One model's. `bitstream` is None where none was built, `design_hash` the SHA-256 (hex) of rtl/."""

    model: steps.Model
    design: design.Design
    design_hash: str
    golden: Golden
    resources: bytes
    bitstream: Bitstream | None


def read(build: Path, given: str, board: str | None = None) -> Inputs:
    """Read and check, with the bitstream of `board` (None: of the only one there is).

    Raises InputError naming what is missing or stale, AgreementError where stages disagree."""
    model = steps.open_model(build, given)
    steps.dataflow(model)  # refuses an rtl/ of another model.onnx
    _require_order(model)
    _require_agreement(model)
    path = model.folder / "resources.json"
    if not path.is_file():
        raise InputError(f"{path} does not exist: count them first (make resources MODEL={given})")
    made, design_hash = design.load(model.rtl), design.digest(model.rtl)
    bits = find(model, made, design_hash, board)
    return Inputs(model, made, design_hash, _golden(model), path.read_bytes(), bits)


def _require_order(model: steps.Model) -> None:
    runs = record.read(model.folder)
    for step in STEPS:
        before = AFTER[step]
        if step in runs and before in runs and runs[step].ended < runs[before].ended:
            raise InputError(
                f"the results of `make {step}` in {model.folder} are older than those of `make {before}`: "
                f"make {step} MODEL={model.argument}"
            )


def _require_agreement(model: steps.Model) -> None:
    try:
        stages = agreement.load(model.stages)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{model.stages}: a file is not a stage's result ({error}): repeat it all (make deploy "
            f"MODEL={model.argument})"
        ) from None
    for stage in stages.values():
        if stage.mismatches:
            raise AgreementError(
                f"stage {stage.stage!r} differs from {stage.against!r} on {stage.mismatches} of {stage.images} images "
                f"({model.stages}): there is no bundle of what does not agree"
            )


def _golden(model: steps.Model) -> Golden:
    given = steps.reference(model)
    if len(given.images) < GOLDEN_IMAGES:
        raise InputError(
            f"{model.folder / 'reference.npz'} has {len(given.images)} images, a bundle takes {GOLDEN_IMAGES}: "
            f"export again with more (make export MODEL={model.argument})"
        )
    golden = Golden(given.images[:GOLDEN_IMAGES], given.labels[:GOLDEN_IMAGES], given.outputs[:GOLDEN_IMAGES])
    session = runtime.OnnxRuntime(model.onnx, threads=1)
    (got,) = session(np.moveaxis(golden.images, -1, 1)).values()
    if not np.array_equal(got, golden.outputs):
        raise InputError(
            f"{model.folder / 'reference.npz'} holds other outputs than {model.onnx} gives: "
            f"export again (make export MODEL={model.argument})"
        )
    return golden
