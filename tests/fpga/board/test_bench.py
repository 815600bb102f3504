# SPDX-License-Identifier: BSD-3-Clause
"""`make bench-board`: the driver's bench on a simulated board that is started for it, or on the board at an address."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fpga.board.conftest import hand_off, make_design

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, pynq_python: Path) -> Path:
    """A build folder of its own, with the design `first` of 10 classes."""
    build = tmp_path_factory.mktemp("build")
    make_design(build, "first", 10, hand_off(pynq_python))
    return build


@pytest.fixture
def run(pynq_python: Path, repository: Path) -> Run:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(pynq_python), "-m", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=200)

    return run


@pytest.fixture
def address(build: Path, pynq_python: Path, repository: Path) -> Iterator[str]:
    command = [str(pynq_python), "-m", "fpga.board", "--build", str(build), "--port", "0", "--until-stdin-closes"]
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        yield server.stdout.readline().removeprefix("listening on ").strip()
        server.stdin.close()


def test_on_a_simulated_board_of_its_own(run: Run, build: Path) -> None:
    done = run("fpga.board", "bench", "first", "--build", build, "--batches", "1,2,60")
    assert done.returncode == 0, done.stderr
    path = build / "first" / "measurements" / "wrapnet-simulated.json"
    assert "Nothing here was measured on hardware" in done.stdout and done.stdout.endswith(f"written to {path}\n")
    assert "batch of 60 (3 of 3), 1 + 3 times" in done.stderr
    found = json.loads(path.read_text())
    assert (found["model"], found["simulated"], found["clock_mhz"]) == ("first", True, 62.5)
    assert found["design_hash"] == json.loads((build / "first" / "board" / "first.json").read_text())["design_hash"]
    assert found["board"] == {"name": "wrapnet-simulated", "image": None, "system": "Linux 6.1", "remote": True}
    assert found["driver"]["pynq"][:1] in "34" and found["images"] == "golden" and found["energy"] is None
    one, two, sixty = found["batches"]
    assert one["interval_cycles"] is None and one["fps"] is None
    for row in (two, sixty):
        assert row["fill_cycles"] == {"median": 250, "q1": 250, "q3": 250}
        assert row["interval_cycles"] == {"median": 100, "q1": 100, "q3": 100}
        assert (row["fps"], row["host_seconds"], row["call_fps"], row["latency_us"]) == (625_000, None, None, 4)
    assert sixty["cycles"]["median"] == 250 + 59 * 100 + 20


def test_on_the_board_at_an_address(run: Run, build: Path, address: str, tmp_path: Path) -> None:
    bitfile = build / "first" / "board" / "first.bit"
    common = ("fpga.board", "bench", "first", "--build", build, "--device", address)
    done = run(*common)
    assert done.returncode == 2 and "which bitstream? Give --bitfile PATH" in done.stderr
    out = tmp_path / "found.json"
    done = run(*common, "--bitfile", bitfile, "--batches", "7", "--repetitions", 2, "--warm-up", 0, "--out", out)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert [row["images"] for row in found["batches"]] == [7] and (found["repetitions"], found["warm_up"]) == (2, 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--batches", "0"), "a batch of 0 images was asked for, expected at least 1"),
        (("--watts", "2.3"), "a reading of 2.3 W for a simulated board: there is nothing that a meter could measure"),
        (("--batches", "many"), "argument --batches: expected numbers of images such as 1,10,100, found 'many'"),
        (("--whats",), "unrecognized arguments: --whats"),
    ],
)
def test_options_that_make_no_sense(run: Run, build: Path, options: tuple[str, ...], says: str) -> None:
    earlier = build / "first" / "measurements" / "wrapnet-simulated.json"
    earlier.unlink(missing_ok=True)
    done = run("fpga.board", "bench", "first", "--build", build, *options)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr
    assert not earlier.exists()


def test_what_was_not_built_is_named(run: Run, build: Path) -> None:
    done = run("fpga.board", "bench", "second", "--build", build)
    assert done.returncode == 2 and "second/board/second.bit does not exist: make it first (make shell" in done.stderr
