# SPDX-License-Identifier: BSD-3-Clause
"""The serial driver against the Verilated bridge with a stand-in accelerator behind a pseudo-terminal."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from chain import agreement
from fpga import verilate
from fpga.serial_board import build as boards
from fpga.serial_board.damage import Damage
from fpga.serial_board.terminal import Terminal
from host import errors
from host.serial.link import LinkErrors
from host.serial.overlay import SerialOverlay
from tests.fpga.shell import standin

SIZES = (3, 11, 5, 2)  # bytes and words of an image, bytes and words of a result
CLOCK_MHZ, BAUD = 48.0, 6_000_000  # eight clocks a bit: quick to simulate

Line = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A build folder with a stand-in that never takes a word of ones, and its reference."""
    folder = tmp_path_factory.mktemp("build") / "toy"
    made = standin.write(folder / "rtl", *SIZES, "toy")
    source = (folder / "rtl" / "accelerator.sv").read_text(encoding="utf-8")
    for old, new in (
        ("s_axis_tready = !answering_q;", "s_axis_tready = !answering_q && s_axis_tdata != '1;"),
        ("if (s_axis_tvalid) begin", "if (s_axis_tvalid && s_axis_tready) begin"),
    ):
        assert source.count(old) == 1
        source = source.replace(old, new)
    (folder / "rtl" / "accelerator.sv").write_text(source, encoding="utf-8")
    images = np.random.default_rng(3).integers(0, 255, (60, *made.input.shape), dtype=np.uint8)
    outputs = standin.answer(images.reshape(len(images), -1), made).astype(np.int8).astype(np.int32)
    np.savez(folder / "reference.npz", images=images, outputs=outputs, labels=outputs.argmax(axis=1))
    # Where the command looks for it.
    (folder.parent / verilate.DEFAULT_CACHE.name).symlink_to(repository / verilate.DEFAULT_CACHE)
    (repository / verilate.DEFAULT_CACHE).mkdir(parents=True, exist_ok=True)
    return folder.parent


@pytest.fixture(scope="module")
def board(build: Path) -> boards.Built:
    return boards.write(build / "toy" / "rtl", build / "toy" / "serial", build / "verilator", CLOCK_MHZ, BAUD)


@pytest.fixture(scope="module")
def reference(build: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    with np.load(build / "toy" / "reference.npz") as content:
        return content["images"], content["outputs"]


class Lines:
    """Both directions, exchanged while the board runs."""

    def __init__(self) -> None:
        self.to_board: Line = bytes
        self.to_host: Line = bytes


@contextlib.contextmanager
def plugged(board: boards.Built) -> Iterator[tuple[str, Lines, Callable[[], None]]]:
    """A running board: its port's name, its lines, and what unplugs it."""
    lines = Lines()
    read, write = os.pipe()
    with board.open() as model, Terminal() as terminal:
        both = (lambda data: lines.to_board(data)), (lambda data: lines.to_host(data))
        thread = threading.Thread(target=terminal.serve, args=(model, *both, [read]))
        thread.start()

        def stop() -> None:
            if thread.is_alive():
                os.write(write, b"x")
                thread.join()
            terminal.close()

        try:
            yield terminal.name, lines, stop
        finally:
            stop()
            os.close(read)
            os.close(write)


def test_a_clean_line(board: boards.Built, reference: tuple[npt.NDArray, npt.NDArray]) -> None:
    images, outputs = reference
    words_in, words_out = SIZES[1], SIZES[3]
    with plugged(board) as (port, _, _), SerialOverlay(board.metadata, port) as overlay:
        np.testing.assert_array_equal(overlay.run(images), outputs)
        speed = overlay.throughput(images[:5])
        assert overlay.link_errors == LinkErrors()
    # The stand-in takes an image, then answers.
    assert (speed.fill_cycles, speed.interval_cycles) == (words_in + words_out, words_in + words_out)
    assert (speed.cycles, speed.clock_mhz, speed.simulated) == (5 * (words_in + words_out), CLOCK_MHZ, True)


@pytest.mark.parametrize("way", ["to_board", "to_host", "both"])
@pytest.mark.parametrize("drop, flip", [(0.01, 0.0), (0.0, 0.01)], ids=["drop", "flip"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_line_that_damages(
    board: boards.Built, reference: tuple[npt.NDArray, npt.NDArray], way: str, drop: float, flip: float, seed: int
) -> None:
    """Every label is right, what happened is reported, and on a clean line nothing more goes wrong."""
    images, outputs = reference
    with plugged(board) as (port, lines, _), SerialOverlay(board.metadata, port, timeout=0.5, retries=20) as overlay:
        if way != "to_host":
            lines.to_board = Damage(seed, drop, flip)
        if way != "to_board":
            lines.to_host = Damage(seed + 50, drop, flip)
        np.testing.assert_array_equal(overlay.run(images), outputs)
        seen = overlay.link_errors
        assert seen.repeated >= 5 and seen.lost >= 5
        assert seen.damaged_requests if way == "to_board" else seen.damaged_replies
        lines.to_board = lines.to_host = bytes
        np.testing.assert_array_equal(overlay.run(images[:9]), outputs[:9])
        assert overlay.link_errors.lost == seen.lost


def test_without_repetition_errors_surface(board: boards.Built, reference: tuple[npt.NDArray, npt.NDArray]) -> None:
    """No call gives a wrong value; those that fail name an image, and the next one works."""
    images, outputs = reference
    failed = 0
    with plugged(board) as (port, lines, _), SerialOverlay(board.metadata, port, timeout=1.0, retries=0) as overlay:
        lines.to_board, lines.to_host = Damage(5, 0.0004, 0.0004), Damage(6, 0.0004, 0.0004)
        for start in range(0, len(images), 6):
            part = slice(start, start + 6)
            try:
                np.testing.assert_array_equal(overlay.run(images[part]), outputs[part])
            except errors.LinkError as error:
                assert error.image is None or f"image {error.image} was not answered: 1 attempt (" in str(error)
                failed += 1
        lines.to_board = lines.to_host = bytes
        np.testing.assert_array_equal(overlay.run(images), outputs)
    assert 1 <= failed < 10


def test_an_accelerator_that_hangs(board: boards.Built, reference: tuple[npt.NDArray, npt.NDArray]) -> None:
    images, outputs = reference
    stuck = images.copy()
    stuck[5, 0, 7] = 255
    with plugged(board) as (port, _, _), SerialOverlay(board.metadata, port) as overlay:
        with pytest.raises(errors.StallError, match="image 5: the accelerator did not finish in time"):
            overlay.run(stuck)
        np.testing.assert_array_equal(overlay.run(images), outputs)


def test_unplugged_and_plugged_in_again(board: boards.Built, reference: tuple[npt.NDArray, npt.NDArray]) -> None:
    images, outputs = reference
    with plugged(board) as (port, _, unplug), SerialOverlay(board.metadata, port) as overlay:
        np.testing.assert_array_equal(overlay.run(images[:3]), outputs[:3])
        threading.Timer(0.2, unplug).start()
        with pytest.raises(errors.DeviceError, match=r"is gone .* unplugged"):
            while True:
                overlay.run(images)
    with plugged(board) as (port, _, _), SerialOverlay(board.metadata, port) as overlay:
        np.testing.assert_array_equal(overlay.run(images[:3]), outputs[:3])


def test_a_board_with_another_design(board: boards.Built, tmp_path: Path) -> None:
    other = tmp_path / "toy.json"
    values = json.loads(board.metadata.read_text(encoding="utf-8"))
    values["design_hash"] = values["design_hash"][:-8] + "00000000"
    other.write_text(json.dumps(values), encoding="utf-8")
    with plugged(board) as (port, _, _), pytest.raises(errors.MismatchError, match="another bitstream was loaded"):
        SerialOverlay(other, port)


def command(build: Path, *options: object) -> list[str]:
    speed = ["--clock", str(CLOCK_MHZ), "--baud", str(BAUD)]
    return [sys.executable, "-m", "fpga.serial_board", "toy", "--build", str(build), *speed, *map(str, options)]


@pytest.mark.parametrize(
    "damage", [(), ("--drop", 0.002, "--flip", 0.002, "--timeout", 3, "--retries", 20)], ids=["clean", "damaged"]
)
def test_the_comparison(build: Path, repository: Path, damage: tuple[object, ...]) -> None:
    done = subprocess.run(
        command(build, "--evaluate", *damage), cwd=repository, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 images: 60 correct, 0 differ from torch (simulated board)" in done.stdout
    assert ("mended by repeating" in done.stderr) == bool(damage)
    values = agreement.StageResult(**json.loads((build / "toy" / "stages" / "serial.json").read_text()))
    assert (values.stage, values.images, values.mismatches) == ("serial", 60, 0)
    assert values.extra["interval"] == SIZES[1] + SIZES[3]


@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "stdin"])
def test_a_board_as_a_program(build: Path, repository: Path, end: str) -> None:
    """The lines that it prints work, the driver's commands reach it, and it ends when told."""
    options = ["--until-stdin-closes"] if end == "stdin" else []
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command(build, *options), cwd=repository, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as served:
        assert served.stdin and served.stdout and served.stderr
        port = served.stdout.readline().removeprefix("listening on ").strip()
        shown = []
        while "Ctrl-C" not in (line := served.stdout.readline()):
            shown.append(line)
        code = "".join(line.removeprefix("    ") for line in shown if line.startswith("    "))
        if end == "stdin":
            done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True)
            assert "images a second in the steady state (simulated" in done.stdout, done.stderr
            driver = [sys.executable, "-m", "host", "self-test", str(build / "toy" / "serial" / "toy.json")]
            done = subprocess.run([*driver, "--serial", port], cwd=repository, capture_output=True, text=True)
            assert done.stdout == "16 golden images agree (simulated board)\n", done.stderr
            served.stdin.close()
        else:
            served.send_signal(signal.Signals[end])
        assert served.wait(20) == 0
        assert served.stderr.read() == ""


@pytest.mark.parametrize(
    "options, says",
    [(("--baud", 7_000_000), "does not make 7000000 baud"), (("--drop", 2), "2.0 is not in the range")],
)
def test_bad_options(build: Path, repository: Path, options: tuple[object, ...], says: str) -> None:
    done = subprocess.run(command(build, *options), cwd=repository, capture_output=True, text=True)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_no_design(tmp_path: Path, repository: Path) -> None:
    done = subprocess.run(command(tmp_path), cwd=repository, capture_output=True, text=True)
    assert done.returncode == 2 and "make the RTL first (make rtl MODEL=toy)" in done.stderr
