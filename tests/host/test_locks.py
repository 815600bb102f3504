# SPDX-License-Identifier: BSD-3-Clause
"""Locks between programs: exclusive, given up in time, gone with their program, and leaving nothing behind."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from host.errors import BusyError
from host.locks import board_lock, locked


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_one_at_a_time(tmp_path: Path, kind: str) -> None:
    path = tmp_path if kind == "folder" else tmp_path / "x.lock"
    said = r"it has been in use by another program for 0\.05 s"
    with locked(path, "it", 1), pytest.raises(BusyError, match=said), locked(path, "it", 0.05):
        pytest.fail("both have the lock")
    with locked(path, "it", 0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_counting_under_contention(tmp_path: Path) -> None:
    inside, most, total = 0, 0, 0

    def work() -> None:
        nonlocal inside, most, total
        for _ in range(20):
            with locked(tmp_path / "x.lock", "it", 60):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                total += 1
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, total) == (1, 80)


def test_a_killed_program_loses_its_lock(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "x.lock"
    script = f"""
import sys, time; sys.path.insert(0, {str(repository)!r})
from pathlib import Path; from host.locks import locked
with locked(Path({str(path)!r}), "it", 1):
    print("held", flush=True)
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as program:
        assert program.stdout and program.stdout.readline() == b"held\n"
        with pytest.raises(BusyError), locked(path, "it", 0.05):
            pass
        program.kill()
        program.wait()
    with locked(path, "it", 1):
        pass
    assert not path.exists()


def test_names_stay_in_their_folder() -> None:
    assert board_lock("../../etc/x:1").name == "wrapnet-.._.._etc_x_1.lock"
