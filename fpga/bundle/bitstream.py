# SPDX-License-Identifier: BSD-3-Clause
"""The bitstream that goes into a bundle: what `make bitstream` left in build/<model>/bitstream/<board>/."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from chain.errors import InputError
from fpga import steps
from fpga.bitstream import board as boards
from fpga.bitstream.commands import FOLDER, RECORD
from fpga.design import Design
from fpga.shell import bitfile


@dataclass(frozen=True)
class Bitstream:
    """One board's: `board` is its title, `tool` what made the file."""

    board: str
    tool: str
    content: bytes


def find(model: steps.Model, made: Design, design_hash: str, board: str | None) -> Bitstream | None:
    """The one of `board`; without it the only one there is for a PYNQ board with the design's part, None if none is.

    Raises InputError if there is none for the `board` that was asked for, if there are several and none was, or if a
    file is not of this design or not the one that was made.
    """
    if board is not None:
        chosen = boards.load(board)
        if chosen.zynq is None or chosen.part != made.part:
            raise InputError(
                f"{chosen.title} ({chosen.part}) takes no bundle of this design, which is for pynq and {made.part}"
            )
        if not _path(model, board).is_file():
            raise InputError(
                f"{_path(model, board)} does not exist: make bitstream MODEL={model.argument} BOARD={board}"
            )
        return _read(model, board, design_hash)
    there = [name for name in boards.with_part(made.part) if _path(model, name).is_file()]
    if len(there) > 1:
        raise InputError(
            f"{model.folder / FOLDER} has bitstreams for {' and '.join(there)}, a bundle takes one: "
            f"name the board (--board {there[0]})"
        )
    return _read(model, there[0], design_hash) if there else None


def way(model: steps.Model, made: Design) -> str:
    """What makes a bitstream for a bundle of this design, in words."""
    there = boards.with_part(made.part)
    if not there:
        return f"no board of the toolkit has the {made.part}"
    # The default comes first: it is what most have.
    board = "pynq-z2" if "pynq-z2" in there else there[0]
    return f"`make bitstream MODEL={model.argument} BOARD={board}`"


def _path(model: steps.Model, board: str) -> Path:
    return model.folder / FOLDER / board / f"{model.name}.bit"


def _read(model: steps.Model, board: str, design_hash: str) -> Bitstream:
    path = _path(model, board)
    again = f"make bitstream MODEL={model.argument} BOARD={board}"
    content, record = path.read_bytes(), path.with_name(RECORD)
    if bitfile.MAGIC in content:
        raise InputError(f"{path} is the stand-in of the simulated board, no board takes it: remove it")
    try:
        values = json.loads(record.read_text(encoding="utf-8"))
        made, digest, tool = (str(values[key]) for key in ("design_hash", "bit_sha256", "tool"))
        is_finns = values.get("toolchain") == "finn"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{record} does not say what {path.name} was made of ({error!r}): {again}") from None
    if is_finns:
        raise InputError(f"{path} is of FINN's own build, which the driver in a bundle cannot run: {again}")
    if made != design_hash:
        raise InputError(f"{path} is of the design {made[:8]}, the present one is {design_hash[:8]}: {again}")
    if digest != hashlib.sha256(content).hexdigest():
        raise InputError(f"{path} is not the file that {record.name} beside it describes: {again}")
    return Bitstream(boards.load(board).title, tool, content)
