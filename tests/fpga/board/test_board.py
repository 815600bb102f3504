# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board and the driver's commands, as programs; and pynq_suite.py, which needs pynq's environment."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chain import agreement

Run = Callable[..., subprocess.CompletedProcess[str]]


def runs(python: Path, repository: Path) -> Run:
    """Runs programs with `python`, from the repository's root."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(python), *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=400)

    return run


@pytest.fixture
def run(pynq_python: Path, repository: Path) -> Run:
    """Run a program in pynq's environment."""
    return runs(pynq_python, repository)


@pytest.mark.parametrize(
    "version, suite, tests",
    [
        ("3.1", "pynq_suite.py", ()),
        ("3.1", "fleet_suite.py", ()),
        ("4.0", "pynq_suite.py", ("Driver", "Server.test_plain_pynq", "Parts.test_the_two_sides_agree_on_names")),
    ],
)
def test_the_suites_in_pynqs_environments(
    version: str,
    suite: str,
    tests: tuple[str, ...],
    pynq_python: Path,
    pynq4_python: Path,
    repository: Path,
    fake_build: Path,
) -> None:
    """All of them on pynq 3.1; on 4.0 what pynq has a hand in."""
    run = runs({"3.1": pynq_python, "4.0": pynq4_python}[version], repository)
    done = run(Path(__file__).with_name(suite), fake_build, *tests)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK" in done.stderr and f"pynq {version}." in done.stdout


class Served:
    """A server as a user starts it."""

    def __init__(self, python: Path, repository: Path, *arguments: object) -> None:
        command = [str(python), "-m", "fpga.board", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")


@pytest.fixture
def serve(pynq_python: Path, repository: Path):
    started: list[Served] = []

    def serve(*arguments: object) -> Served:
        started.append(Served(pynq_python, repository, *arguments))
        return started[-1]

    yield serve
    for served in started:
        served.process.kill()
        served.process.communicate()


def test_the_printed_lines_work(serve: Callable[..., Served], run: Run, fake_build: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "first"\n', encoding="utf-8")
    served = serve("--build", fake_build, "--model", tmp_path / "own.toml", "--port", 0)
    assert served.line().startswith("listening on 127.0.0.1:")
    shown = []
    while "Ctrl-C" not in (line := served.line()):
        shown.append(line)
    code = [line.strip() for line in shown if line.startswith("    ")]
    assert len(code) == 3
    assert "FPS are cycles divided by the clock, not wall time" in line
    done = run("-c", "\n".join(code))
    assert done.returncode == 0, done.stderr
    assert "625,000 images a second" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server(serve: Callable[..., Served], fake_build: Path, number: signal.Signals) -> None:
    served = serve("--build", fake_build, "--port", 0)
    served.line()
    served.process.send_signal(number)
    assert served.process.wait(20) == 0
    assert "Traceback" not in served.process.stderr.read()  # type: ignore[union-attr]


def test_no_free_port(serve: Callable[..., Served], fake_build: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = serve("--build", fake_build, "--port", port)
        _, said = served.process.communicate(timeout=60)
    assert served.process.returncode == 2
    assert (
        said == f"error: port {port} of 127.0.0.1 cannot be had (in use, or not allowed): choose another with --port\n"
    )


def test_two_servers_do_not_share_a_port(serve: Callable[..., Served], fake_build: Path) -> None:
    port = serve("--build", fake_build, "--port", 0).line().rpartition(":")[2]
    second = serve("--build", fake_build, "--port", port)
    _, said = second.process.communicate(timeout=60)
    assert second.process.returncode == 2 and f"port {port}" in said and "--port" in said


def test_the_server_listens_on_this_machine_only(serve: Callable[..., Served], fake_build: Path) -> None:
    port = int(serve("--build", fake_build, "--port", 0).line().rpartition(":")[2])
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    listening = [fields[1] for fields in lines if fields[3] == "0A" and fields[1].endswith(f":{port:04X}")]
    this_machine = ("0100007F", "0000000000000000FFFF00000100007F")  # 127.0.0.1, plain and as an IPv6 address
    assert [address.partition(":")[0] in this_machine for address in listening] == [True]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("--model", "frist"), "did you mean 'first'"),
        (("--port", 70000), "--port 70000: expected 0..65535"),
        (("--stall", 100), "--stall 100: expected 0..99"),
    ],
)
def test_bad_options(run: Run, fake_build: Path, arguments: tuple[object, ...], says: str) -> None:
    done = run("-m", "fpga.board", "--build", fake_build, *arguments)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_the_board_stage(run: Run, fake_build: Path) -> None:
    folder = fake_build / "first"
    done = run("-m", "fpga.board", "evaluate", "first", "--build", fake_build, "--images", 60)
    assert done.returncode == 0, done.stderr
    result = agreement.load(folder / "stages")["board"]
    assert (result.stage, result.against, result.images, result.correct) == ("board", "torch", 60, 60)
    assert (result.mismatches, result.divergence) == (0, None)
    assert result.extra == {"interval": 100.0, "fill": 250, "clock_mhz": 62.5, "fps": 625000.0, "simulated": True}
    assert json.loads((folder / "seconds" / "board.json").read_text())["seconds"] > 0
    with np.load(folder / "board" / "first.golden.npz") as golden:
        assert len(golden["images"]) == len(golden["outputs"]) == 16


def test_a_board_that_differs(run: Run, fake_build: Path, tmp_path: Path) -> None:
    with np.load(fake_build / "second" / "reference.npz") as content:
        images, labels, outputs = (content[name] for name in ("images", "labels", "outputs"))
    outputs[55, 2] += 1
    outputs[57, 0] -= 1
    outputs[57, 1] -= 1
    recipe = tmp_path / "mine.toml"
    recipe.write_text('name = "second"\n')
    good = (fake_build / "second" / "reference.npz").read_bytes()
    np.savez(fake_build / "second" / "reference.npz", images=images, labels=labels, outputs=outputs)
    try:
        done = run("-m", "fpga.board", "evaluate", recipe, "--build", fake_build)
    finally:
        (fake_build / "second" / "reference.npz").write_bytes(good)
    assert done.returncode == 1, done.stderr
    result = agreement.load(fake_build / "second" / "stages")["board"]
    assert (result.images, result.mismatches) == (120, 2)
    assert result.divergence == agreement.Divergence("output", 55, (2,), int(outputs[55, 2]), int(outputs[55, 2]) - 1)
    assert "first difference: layer 'output', image 55, index [2]" in done.stderr


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("missing",), "missing/reference.npz does not exist: make it first (make export MODEL=missing)"),
        (("no.toml",), "recipe 'no.toml': no such file"),
        (("first", "--images", "0"), "0 images were asked for"),
    ],
)
def test_bad_stage_options(run: Run, fake_build: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run("-m", "fpga.board", "evaluate", *arguments, "--build", fake_build)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_the_drivers_commands(serve: Callable[..., Served], run: Run, fake_build: Path, tmp_path: Path) -> None:
    address = serve("--build", fake_build, "--port", 0).line().removeprefix("listening on ")
    bit = fake_build / "first" / "board" / "first.bit"
    with np.load(fake_build / "first" / "reference.npz") as content:
        images, outputs = content["images"], content["outputs"]

    bench = run("-m", "host", "bench", bit, "--device", address, "--batches", 8, "--out", tmp_path / "bench.json")
    assert bench.returncode == 0, bench.stderr
    assert "625,000" in bench.stdout and "the board is simulated and draws no power" in bench.stdout

    np.save(tmp_path / "many.npy", images[:3])
    np.save(tmp_path / "one.npy", images[2])
    expected = [f"{i}\t{label}\tclass {label}" for i, label in enumerate(outputs[:3].argmax(axis=1))]
    assert (
        run("-m", "host", "classify", bit, tmp_path / "many.npy", "--device", address).stdout.split("\n")[:3]
        == expected
    )
    one = run("-m", "host", "classify", bit, tmp_path / "one.npy", "--device", address).stdout
    assert one == "0" + expected[2].removeprefix("2") + "\n"

    golden = bit.with_suffix(".golden.npz")
    np.savez(golden, images=images[:4], outputs=outputs[:4])
    assert "4 golden images agree (simulated board)" in run("-m", "host", "self-test", bit, "--device", address).stdout
    np.savez(golden, images=images[:4], outputs=outputs[:4] + 1)
    failed = run("-m", "host", "self-test", bit, "--device", address)
    assert failed.returncode == 1 and failed.stderr.startswith("self-test failed: 4 of 4 golden images differ")


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("self-test", "nothing.bit"), "nothing.bit: the bitstream is missing"),
        (("classify", "nothing.bit", "nothing.npy"), "nothing.npy does not exist"),
        (("bench", "nothing.bit", "--device", "here:there"), "expected host[:port]"),
    ],
)
def test_errors_of_the_drivers_commands(run: Run, arguments: tuple[str, ...], says: str) -> None:
    done = run("-m", "host", *arguments)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_the_server_ends_with_its_parent(pynq_python: Path, repository: Path, fake_build: Path) -> None:
    command = [str(pynq_python), "-m", "fpga.board", "--build", str(fake_build), "--port", "0", "--until-stdin-closes"]
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        server.stdout.readline()
        begin = time.monotonic()
        server.stdin.close()
        assert server.wait(20) == 0
        assert time.monotonic() - begin < 10
