# SPDX-License-Identifier: BSD-3-Clause
"""Which board and image it is, from the files of PYNQ's images; and the driver's digest."""

import platform
import shutil
from pathlib import Path

import numpy as np
import pytest

from host import board

PYNQ_Z2 = {
    "/etc/profile.d/boardname.sh": "export BOARD=Pynq-Z2\n",
    "/home/xilinx/REVISION": "Release 2022_09_20 5a02a07\nBoard 2022_09_20 5a02a07 https://example.org/boards.git\n",
    "/etc/os-release": 'NAME="PynqLinux"\nPRETTY_NAME="PynqLinux 22.04 (Lynx)"\n',
    "/proc/version": "Linux version 5.15.19-xilinx-v2022.1 (oe-user@oe-host) #1 SMP\n",
}


def test_an_image_of_pynq() -> None:
    found = board.describe(PYNQ_Z2.get, "edge", remote=False)
    assert found == board.Board(
        "Pynq-Z2",
        "Release 2022_09_20 5a02a07; Board 2022_09_20 5a02a07 https://example.org/boards.git",
        "PynqLinux 22.04 (Lynx), Linux 5.15.19-xilinx-v2022.1",
        remote=False,
    )


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"/etc/environment": 'PATH="/usr/bin"\nBOARD="ZCU104"\n'}, "ZCU104"),
        ({"/etc/environment": "KEYBOARD=us\n", "/proc/device-tree/chosen/pynq_board": "Pynq-Z1\0"}, "Pynq-Z1"),
        ({"/proc/device-tree/chosen/pynq_board": "\0"}, "the board"),
        ({}, "the board"),
    ],
)
def test_the_name(files: dict[str, str], name: str) -> None:
    assert board.describe(files.get, "the board", remote=True) == board.Board(name, None, None, remote=True)


def test_versions_and_the_drivers_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = board.versions()
    assert (versions["numpy"], versions["python"]) == (np.__version__, platform.python_version())
    monkeypatch.setattr(board, "_HERE", Path(shutil.copytree(board._HERE, tmp_path / "host")))
    assert board.versions() == versions
    with (tmp_path / "host" / "packing.py").open("a") as file:
        file.write("\n")
    assert board.versions()["driver"] != versions["driver"]
