# SPDX-License-Identifier: BSD-3-Clause
"""The driver's `bench` on a simulated board that is started for it, or on a real one."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from chain.cli import model_name
from chain.errors import InputError
from fpga.board.evaluate import ROOT, require_current, simulated_board, watch, write_golden


def bench(model: str, build: Path, options: Sequence[str], device: str | None, bitfile: Path | None) -> int:
    """Measure a model with the driver's `bench`, which is given `options`; its status.

    Without `device` on a simulated board, with the chain's design. With one, on the board there, for which `bitfile`
    must be a bitstream. Writes build/<model>/measurements/<board>.json. Raises InputError for what is missing.
    """
    name = model_name(model)
    folder = build.absolute() / name
    if device is not None:
        if bitfile is None:
            raise InputError(f"--device {device}: which bitstream? Give --bitfile PATH (make bitstream MODEL={model})")
        return _driver(bitfile.absolute(), device, options)
    bitfile = bitfile or folder / "board" / f"{name}.bit"
    if not bitfile.is_file():
        raise InputError(f"{bitfile} does not exist: make it first (make shell MODEL={model})")
    if bitfile.parent == folder / "board":
        require_current(folder / "rtl", bitfile, f"make shell MODEL={model}")
        if (folder / "reference.npz").is_file():
            write_golden(folder / "reference.npz", bitfile.with_suffix(".golden.npz"))
    with simulated_board(build, name) as address:
        return _driver(bitfile, address, options)


def _driver(bitfile: Path, address: str, options: Sequence[str]) -> int:
    command = [sys.executable, "-m", "host", "bench", str(bitfile), "--device", address, *options]
    # Ctrl-C is for this process alone: it ends the driver and the board, whose start-up must not see it.
    with subprocess.Popen(command, cwd=ROOT, process_group=0) as driver:
        return watch(driver, address)
