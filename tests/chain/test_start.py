# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C while a command line is still being imported."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SLOW = """# SPDX-License-Identifier: BSD-3-Clause
import pathlib, time
pathlib.Path("begun").touch()
time.sleep(60)
def main():
    return 0
"""
CASES = {
    "training": "torch",
    "export": "torch",
    "fpga": "numpy",
    "fpga.shell": "click",
    "fpga.board": "fpga.board.commands",
    "chain.report": "jsonschema",
    "host": "numpy",
}
"""Each `python -m` and something that its commands import and its beginning must not."""


def started(folder: Path, package: str, *, ignoring: bool = False) -> subprocess.Popen[str]:
    """`python -m package` with a commands.py that takes for ever to import, at that point."""
    script = "import sys, runpy; "
    if ignoring:
        script += "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    # The real package with another commands.py: what stands in sys.modules under its name is found first.
    script += "import importlib.abc, importlib.util\n"
    script += f"""
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "{package}.commands":
            return importlib.util.spec_from_file_location(name, {str(folder / "slow.py")!r})
sys.meta_path.insert(0, Slow())
sys.argv = ["x"]
runpy.run_module("{package}", run_name="__main__", alter_sys=True)
"""
    (folder / "slow.py").write_text(SLOW, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until_begun(folder, process)
    return process


def wait_until_begun(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not (folder / "begun").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()[0]


@pytest.mark.parametrize("package", CASES)
def test_an_interrupt_during_imports_ends_with_one_line(tmp_path: Path, package: str) -> None:
    process = started(tmp_path, package)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (130, "interrupted\n")


@pytest.mark.parametrize("package", ["training", "host"])
def test_what_ignores_interrupts_goes_on_ignoring_them(tmp_path: Path, package: str) -> None:
    process = started(tmp_path, package, ignoring=True)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("package", "heavy"), CASES.items())
def test_nothing_heavy_is_imported_before(package: str, heavy: str) -> None:
    """Until `start`, Ctrl-C is Python's own, with a traceback: it must come at once."""
    script = f"import sys, {package}.__main__; print([name for name in sys.modules if name == {heavy!r}])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


SWALLOWS = """
import pathlib, time
try:
    pathlib.Path("begun").touch()
    time.sleep(1)
    whole = True
except BaseException:
    whole = False
"""
IMPORTS = """
import time
def main():
    try:
        import swallows
        time.sleep(60)
    except KeyboardInterrupt:
        print("whole:", swallows.whole)
        return 130
"""


def test_an_import_in_the_middle_of_work_is_not_interrupted_but_what_follows_it(tmp_path: Path) -> None:
    (tmp_path / "swallows.py").write_text(SWALLOWS, encoding="utf-8")
    (tmp_path / "imports.py").write_text(IMPORTS, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", "from chain.start import start; start('imports')"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until_begun(tmp_path, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (130, "whole: True\n")


def test_the_host_has_the_same_beginning() -> None:
    ours, theirs = (ROOT / folder / "start.py" for folder in ("chain", "host"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_the_status_is_what_main_returns(tmp_path: Path) -> None:
    (tmp_path / "quick.py").write_text("def main():\n    return 7\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from chain.start import start; start('quick')"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 7
