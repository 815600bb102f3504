# SPDX-License-Identifier: BSD-3-Clause
"""FINN's environment: set once, the user's own settings kept, nothing written outside the build folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fpga import environment

NAMES = ("FINN_BUILD_DIR", "FINN_SETTINGS", "FINN_MP_START_METHOD")


def test_the_user_s_settings_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINN_BUILD_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("FINN_MP_START_METHOD", "forkserver")
    monkeypatch.delenv("FINN_SETTINGS", raising=False)
    assert environment.prepare() == tmp_path / "mine"
    assert (tmp_path / "mine").is_dir()
    assert os.environ["FINN_SETTINGS"] == str(tmp_path / "mine" / "settings.yaml")
    assert os.environ["FINN_MP_START_METHOD"] == "forkserver"


def test_importing_the_ops_leaves_the_home_folder_alone(tmp_path: Path) -> None:
    home, scratch = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    scratch.mkdir()
    settings = {key: value for key, value in os.environ.items() if key not in NAMES}
    settings |= {"HOME": str(home), "TMPDIR": str(scratch), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    code = "import fpga.ops; from finn.util.settings import get_settings; print(get_settings().finn_build_dir)"
    root = Path(__file__).parents[2]
    made = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=root, env=settings, capture_output=True, text=True
    )
    assert made.stdout.split()[-1].startswith(str(scratch))
    assert not list(home.iterdir())
