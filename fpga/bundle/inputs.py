# SPDX-License-Identifier: BSD-3-Clause
"""What a bundle is made of, in build/<model>/: there, of one and the same model, and found to agree."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain import agreement, record
from chain.errors import AgreementError, InputError
from chain.report.collect import AFTER
from export.ops import runtime
from fpga import design, steps
from fpga.bitstream import board
from fpga.bitstream.commands import FOLDER, RECORD
from fpga.shell import bitfile

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
    bitstream: bytes | None


def read(build: Path, name: str, board_name: str) -> Inputs:
    """Read and check; the bitstream is that of the board. The design's part is then the board's.

    Raises InputError naming what is missing or stale, AgreementError where stages disagree.
    """
    chosen = board.load(board_name)
    if chosen.zynq is None:
        raise InputError(f"board {board_name!r} is no PYNQ board: a bundle is for one with a Zynq")
    model = steps.open_model(build, name)
    steps.dataflow(model)  # refuses an rtl/ of another model.onnx
    _require_order(model)
    _require_agreement(model)
    path = model.folder / "resources.json"
    if not path.is_file():
        raise InputError(f"{path} does not exist: count them first (make resources MODEL={name})")
    made, design_hash = design.load(model.rtl), design.digest(model.rtl)
    bitstream = _bitstream(model, chosen, design_hash)
    if bitstream is not None:
        made = dataclasses.replace(made, part=chosen.part)
    return Inputs(model, made, design_hash, _golden(model), path.read_bytes(), bitstream)


def _require_order(model: steps.Model) -> None:
    runs = record.read(model.folder)
    for step in STEPS:
        before = AFTER[step]
        if step in runs and before in runs and runs[step].ended < runs[before].ended:
            raise InputError(
                f"the results of `make {step}` in {model.folder} are older than those of `make {before}`: "
                f"make {step} MODEL={model.name}"
            )


def _require_agreement(model: steps.Model) -> None:
    try:
        stages = agreement.load(model.stages)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{model.stages}: a file is not a stage's result ({error}): repeat it all (make deploy MODEL={model.name})"
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
            f"export again with more (make export MODEL={model.name})"
        )
    golden = Golden(given.images[:GOLDEN_IMAGES], given.labels[:GOLDEN_IMAGES], given.outputs[:GOLDEN_IMAGES])
    session = runtime.OnnxRuntime(model.onnx, threads=1)
    (got,) = session(np.moveaxis(golden.images, -1, 1)).values()
    if not np.array_equal(got, golden.outputs):
        raise InputError(
            f"{model.folder / 'reference.npz'} holds other outputs than {model.onnx} gives: "
            f"export again (make export MODEL={model.name})"
        )
    return golden


def _bitstream(model: steps.Model, chosen: board.Board, design_hash: str) -> bytes | None:
    """What `make bitstream` left for the board, None if nothing. InputError unless it is whole and of this design."""
    path = model.folder / FOLDER / chosen.name / f"{model.name}.bit"
    if not path.is_file():
        return None
    again = f"make bitstream MODEL={model.name} BOARD={chosen.name}"
    content = path.read_bytes()
    if bitfile.MAGIC in content:
        raise InputError(f"{path} is the stand-in of the simulated board, no board takes it: remove it")
    told = path.with_name(RECORD)
    try:
        values = json.loads(told.read_text(encoding="utf-8"))
        made_of, digest, chain = (str(values[key][:]) for key in ("design_hash", "bit_sha256", "toolchain"))
    except FileNotFoundError:
        raise InputError(f"{path} has no {RECORD} beside it, which says what it was made of: {again}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{told} is no record of a bitstream ({error!r}): {again}") from None
    if chain == "finn":
        raise InputError(f"{path} is of FINN's own build, which the driver in a bundle cannot run: {again}")
    if made_of != design_hash:
        raise InputError(f"{path} is of design {made_of[:16]}, rtl/ holds {design_hash[:16]}: {again}")
    if digest != hashlib.sha256(content).hexdigest():
        raise InputError(f"{path} is not the file that {RECORD} beside it tells of: {again}")
    return content
