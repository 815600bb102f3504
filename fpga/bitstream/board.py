# SPDX-License-Identifier: BSD-3-Clause
"""A board's facts, from boards/<name>.toml. Standard library only."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain.errors import InputError, nearest

BOARDS = Path(__file__).parent / "boards"


@dataclass(frozen=True)
class Zynq:
    """The processor of a Zynq: `processor` is PS7 or PS8 (its facts: fpga/shell/hwh.py).

    `finn` is FINN's name of the board ("" where it knows none).
    """

    processor: str
    finn: str = ""


@dataclass(frozen=True)
class Ecp5:
    """A Lattice ECP5 behind a serial line.

    `top` is the board's top level (tops/<top>.sv) and `pins` are its ports'; `device`, `package` and `speed` are as
    nextpnr-ecp5 names them. A PLL makes `clock_mhz`, which the accelerator has, of `oscillator_mhz`.
    """

    top: str
    device: str
    package: str
    speed: int
    oscillator_mhz: float
    clock_mhz: float
    baud: int
    pins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Board:
    """One board; of `zynq` and `ecp5` one is given. The first of `toolchains` is taken where the user names none."""

    name: str
    title: str
    part: str
    toolchains: tuple[str, ...]
    zynq: Zynq | None = None
    ecp5: Ecp5 | None = None


def names() -> list[str]:
    """Every board's name."""
    return sorted(path.stem for path in BOARDS.glob("*.toml"))


def with_part(part: str) -> list[str]:
    """The names of the boards with this very part."""
    return [name for name in names() if load(name).part == part]


def load(name: str) -> Board:
    """The board `name`. Raises InputError for an unknown one, or a file that is not a board's."""
    if name not in names():
        raise InputError(f"unknown board {name!r}: {nearest(name, names())}")
    path = BOARDS / f"{name}.toml"
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        kinds = {"zynq": Zynq, "ecp5": Ecp5}
        chips = {key: kind(**values.pop(key)) for key, kind in kinds.items() if key in values}
        board = Board(name, toolchains=tuple(values.pop("toolchains")), **values, **chips)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} does not describe a board: {error}") from None
    if len(chips) != 1 or not board.toolchains:
        raise InputError(f"{path}: expected one of [zynq] and [ecp5], and at least one of `toolchains`")
    return board
