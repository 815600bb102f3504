# SPDX-License-Identifier: BSD-3-Clause
"""FINN's environment: set once, the user's own settings kept, nothing written outside the build folder."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chain.errors import InputError
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


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The build folder's usual place in a temporary folder of our own; not made yet."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # what prepare() sets is taken back after the test
        monkeypatch.delenv(name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"wrapnet-finn-{os.getuid()}"


def test_the_usual_folder_is_ours_alone(usual: Path) -> None:
    assert environment.prepare() == usual
    assert stat.S_IMODE(usual.stat().st_mode) == 0o700 and os.environ["FINN_BUILD_DIR"] == str(usual)


def test_a_folder_of_ours_that_others_could_write_to_is_closed(usual: Path) -> None:
    usual.mkdir()
    usual.chmod(0o777)
    environment.prepare()
    assert stat.S_IMODE(usual.stat().st_mode) == 0o700


def test_another_s_folder_or_a_link_is_refused(usual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    usual.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"or is no folder.*FINN_BUILD_DIR"):
        environment.prepare()
    usual.unlink()
    usual.mkdir()
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    usual.rename(tmp_path / f"wrapnet-finn-{owner + 1}")
    with pytest.raises(InputError, match=rf"belongs to user {owner}, .*\(user {owner + 1}\)"):
        environment.prepare()
    assert "FINN_BUILD_DIR" not in os.environ


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
