# SPDX-License-Identifier: BSD-3-Clause
"""Which board this is and which image it runs, from files that PYNQ's images have; and the driver's own versions."""

import hashlib
import importlib.metadata
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIMULATED = "wrapnet-simulated"
"""The simulated board's name."""

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Board:
    """`name` of the board, `image`: PYNQ's release that it was started from, `system`: Linux distribution and kernel.

    None is what the board does not tell. `remote`: the driver reaches it through a network.
    """

    name: str
    image: str | None
    system: str | None
    remote: bool


def describe(read: Callable[[str], str | None], device: str, remote: bool) -> Board:
    """The board whose files `read(path)` gives (None: no such file); pynq's name of the `device` if no file has one."""
    return Board(_name(read) or device, _image(read), _system(read), remote)


def versions() -> dict[str, str]:
    """What drives the board: the driver itself (a digest of its source), pynq, numpy and Python."""
    try:
        pynq = importlib.metadata.version("pynq")
    except importlib.metadata.PackageNotFoundError:
        pynq = "unknown"
    return {"driver": _digest(), "pynq": pynq, "numpy": np.__version__, "python": platform.python_version()}


def _name(read: Callable[[str], str | None]) -> str | None:
    for path in ("/etc/profile.d/boardname.sh", "/etc/environment"):  # sudo does not pass BOARD on
        match = re.search(r"^\s*(?:export\s+)?BOARD=[\"']?([^\s\"']+)", read(path) or "", re.MULTILINE)
        if match:
            return match[1]
    text = read("/proc/device-tree/chosen/pynq_board") or ""
    return text.strip("\0\n ") or None


def _image(read: Callable[[str], str | None]) -> str | None:
    """The lines of PYNQ's REVISION, such as "Release 2022_09_20 5a02a07; Board 2022_09_20 5a02a07"."""
    for path in ("/home/xilinx/REVISION", "/boot/REVISION"):
        lines = [line.strip() for line in (read(path) or "").splitlines() if line.strip()]
        if lines:
            return "; ".join(lines)
    return None


def _system(read: Callable[[str], str | None]) -> str | None:
    release = re.search(r"^PRETTY_NAME=[\"']?([^\"'\n]+)", read("/etc/os-release") or "", re.MULTILINE)
    kernel = re.match(r"Linux version (\S+)", read("/proc/version") or "")
    parts = [release[1]] if release else []
    parts += [f"Linux {kernel[1]}"] if kernel else []
    return ", ".join(parts) or None


def _digest() -> str:
    total = hashlib.sha256()
    for path in sorted(_HERE.rglob("*.py")):
        content = path.read_bytes()
        total.update(f"{path.relative_to(_HERE).as_posix()}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:16]
