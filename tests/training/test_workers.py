# SPDX-License-Identifier: BSD-3-Clause
"""Places for trainings, by processes and (where it is installed) on Ray: what runs there, dies there and is ended."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from chain.errors import InputError, ToolError
from training import workers as module
from training.workers import workers

ROOT = Path(__file__).resolve().parents[2]

no_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not there: requirements/ray.txt")


@pytest.fixture(params=["processes", pytest.param("Ray", marks=no_ray)], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How tasks run."""
    if request.param == "processes":
        monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    return str(request.param)


def told(folder: Path, name: str) -> tuple[int, int]:
    """Waits for the other task; this process, and its threads."""
    (folder / name).touch()
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    return os.getpid(), torch.get_num_threads()


def dies(counter: Path, times: int) -> str:
    """Its process dies so many times."""
    with counter.open("a") as file:
        file.write(".")
    if counter.stat().st_size <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return "lived"


def refuses() -> None:
    raise InputError("no such thing")


def beats(path: Path) -> None:
    """Shows for ever that it lives."""
    while True:
        path.write_text(str(time.monotonic()))
        time.sleep(0.05)


def is_still(path: Path) -> bool:
    """Whether nothing beats any more, within some seconds."""
    for _ in range(10):
        before = path.read_text()
        time.sleep(1)
        if path.read_text() == before:
            return True
    return False


def waited_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.05)


def test_tasks_run_beside_each_other_with_their_threads(tmp_path: Path) -> None:
    with workers(2, threads=1) as places:
        assert places.places == 2
        both = [places.submit(told, tmp_path, name) for name in "ab"]
        found = [one.result() for one in both]
    assert len({os.getpid(), *(process for process, _ in found)}) == 3
    assert [threads for _, threads in found] == [1, 1]


def test_errors_are_the_futures() -> None:
    with workers(1) as places:
        refused = places.submit(refuses)
        with pytest.raises(InputError) as error:
            refused.result()
        assert str(error.value) == "no such thing"
        assert places.submit(os.path.basename, "a/b").result() == "b", "the place is as good as before"


def test_what_dies_is_started_again_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRIES", 1)
    with workers(1) as places:
        assert places.submit(dies, tmp_path / "some", 1).result() == "lived"
        with pytest.raises(ToolError):
            places.submit(dies, tmp_path / "many", 2).result()
    assert (tmp_path / "some").stat().st_size == 2 == (tmp_path / "many").stat().st_size


def test_an_exception_ends_the_tasks(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), workers(1) as places:
        running = places.submit(beats, tmp_path / "beat")
        waited_for(tmp_path / "beat")
        waiting = places.submit(dies, tmp_path / "never", 0)
        raise KeyboardInterrupt
    assert running.exception() is not None
    assert waiting.cancelled() or waiting.exception() is not None
    assert is_still(tmp_path / "beat") and not (tmp_path / "never").exists()


def test_tasks_end_with_what_started_them(tmp_path: Path, kind: str) -> None:
    if kind == "Ray":
        pytest.skip("Ray's own affair")
    beat = tmp_path / "beat"
    script = tmp_path / "main.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tests.training.test_workers import beats\n"
        "from training.workers import workers\n"
        "if __name__ == '__main__':\n"
        "    with workers(1) as places:\n"
        f"        places.submit(beats, Path({str(beat)!r})).result()\n"
    )
    with subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)}) as running:
        waited_for(beat)
        running.kill()
    assert is_still(beat)
