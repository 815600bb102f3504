# SPDX-License-Identifier: BSD-3-Clause
"""Long programs: what they say, and that nothing of them is left."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from chain.errors import ToolError
from fpga.bitstream import process
from tests.fpga.bitstream.alive import is_alive


def test_lines_go_to_the_log_and_to_the_caller(tmp_path: Path) -> None:
    said: list[str] = []
    status = process.run(["sh", "-c", "echo one; echo two >&2; exit 3"], tmp_path / "log", said.append, tmp_path)
    assert status == 3 and said == ["one", "two"]
    assert (tmp_path / "log").read_text(encoding="utf-8") == "one\ntwo\n"


def test_what_is_made_is_no_line(tmp_path: Path) -> None:
    said: list[str] = []
    command = ["sh", "-c", "echo made; echo told >&2"]
    assert process.run(command, tmp_path / "log", said.append, output=tmp_path / "made") == 0
    assert said == ["told"] and (tmp_path / "made").read_text(encoding="utf-8") == "made\n"


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("echo 0 errors; echo 'ERROR: no room'; echo 'ERROR: later'", "ERROR: no room"),
        ("echo begun; echo \"KeyError: 'LUT7'\" >&2; echo ended", "KeyError: 'LUT7'"),
        ("echo begun; echo ended", "ended"),
        ("true", "it said nothing"),
    ],
)
def test_a_program_that_must_succeed(says: str, told: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process.require("it", ["sh", "-c", says], log)
    with pytest.raises(ToolError) as error:
        process.require("it", ["sh", "-c", f"{says}; exit 3"], log)
    assert str(error.value) == f"it failed (exit 3): {told}\nWhole log: {log}"


def test_a_caller_that_raises_ends_all_that_was_started(tmp_path: Path) -> None:
    children: list[int] = []

    def line(text: str) -> None:
        children.append(int(text))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.run(["sh", "-c", "sleep 300 & echo $!; wait"], tmp_path / "log", line)
    deadline = time.monotonic() + 10
    while is_alive(children[0]):  # what is killed takes a moment
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_does_not_end_when_asked_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE", 0.2)
    command = ["sh", "-c", "trap '' TERM; sleep 300 & echo $!; wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stdout is not None
        child = int(running.stdout.readline())
        process._end(running)
        assert running.returncode == -signal.SIGKILL
        deadline = time.monotonic() + 10
        while is_alive(child):  # what is killed takes a moment
            assert time.monotonic() < deadline
            time.sleep(0.01)
