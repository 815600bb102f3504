# SPDX-License-Identifier: BSD-3-Clause
"""The unmodified driver on the Verilated shell, through the unmodified pynq: results, counters, faults."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from chain import agreement
from fpga import verilate
from fpga.shell import metadata
from tests.fpga.shell import standin

IN_BYTES, IN_WORDS, OUT_BYTES, OUT_WORDS = 3, 11, 5, 2
IMAGES = 23


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A build folder with a stand-in that never takes a word of ones, and its reference."""
    build = tmp_path_factory.mktemp("build")
    rtl = build / "toy" / "rtl"
    made = standin.write(rtl, IN_BYTES, IN_WORDS, OUT_BYTES, OUT_WORDS, "toy")
    source = (rtl / "accelerator.sv").read_text(encoding="utf-8")
    for old, new in (
        ("s_axis_tready = !answering_q;", "s_axis_tready = !answering_q && s_axis_tdata != '1;"),
        ("if (s_axis_tvalid) begin", "if (s_axis_tvalid && s_axis_tready) begin"),
    ):
        assert source.count(old) == 1
        source = source.replace(old, new)
    (rtl / "accelerator.sv").write_text(source, encoding="utf-8")
    metadata.write(rtl, build / "toy" / "board", repository / verilate.DEFAULT_CACHE)
    images = np.random.default_rng(3).integers(0, 255, (IMAGES, *made.input.shape), dtype=np.uint8)
    outputs = standin.answer(images.reshape(IMAGES, -1), made).astype(np.int8).astype(np.int32)
    np.savez(build / "toy" / "reference.npz", images=images, outputs=outputs, labels=outputs.argmax(axis=1))
    return build


def run(pynq_python: Path, repository: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    command = [str(pynq_python), *map(str, arguments)]
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("stall", [0, 40])
def test_the_board_stage_agrees(build: Path, each_pynq_python: Path, repository: Path, stall: int) -> None:
    done = run(each_pynq_python, repository, "-m", "fpga.board", "evaluate", "toy", "--build", build, "--stall", stall)
    assert done.returncode == 0, done.stdout + done.stderr
    result = agreement.load(build / "toy" / "stages")["board"]
    assert (result.images, result.correct, result.mismatches) == (IMAGES, IMAGES, 0)
    interval = result.extra["interval"]
    assert isinstance(interval, float)
    if stall:
        assert interval > IN_WORDS + OUT_WORDS
    else:
        assert interval == IN_WORDS + OUT_WORDS  # the stand-in takes a frame, then answers
    assert result.extra["fps"] == pytest.approx(100e6 / interval)
    assert result.extra["clock_mhz"] == 100 and result.extra["simulated"] is True


def test_no_earlier_result_stands_for_a_driver_that_stops(build: Path, pynq_python: Path, repository: Path) -> None:
    record = build / "toy" / "stages" / "board.json"
    record.parent.mkdir(exist_ok=True)
    record.write_text("{}", encoding="utf-8")
    reference = build / "toy" / "reference.npz"
    whole = reference.read_bytes()
    with np.load(reference) as content:
        np.savez(reference, images=content["images"], outputs=content["outputs"])
    try:
        done = run(pynq_python, repository, "-m", "fpga.board", "evaluate", "toy", "--build", build)
    finally:
        reference.write_bytes(whole)
    assert done.returncode == 2 and "the driver stopped with status 2" in done.stderr
    assert not record.exists()


def test_a_board_of_another_design_is_refused(build: Path, pynq_python: Path, repository: Path) -> None:
    source = build / "toy" / "rtl" / "accelerator.sv"
    text = source.read_text(encoding="utf-8")
    source.write_text(text + "// folded otherwise\n", encoding="utf-8")
    try:
        done = run(pynq_python, repository, "-m", "fpga.board", "evaluate", "toy", "--build", build)
    finally:
        source.write_text(text, encoding="utf-8")
    assert done.returncode == 2 and "built of another design" in done.stderr


FAULTS = '''
import json, subprocess, sys, time
import numpy as np
from pathlib import Path
from fpga.board.evaluate import simulated_board
from host import WrapNetOverlay, connect, errors

build = Path(sys.argv[1])
said = {}
with np.load(build / "toy" / "reference.npz") as content, simulated_board(build) as address:
    images, outputs = content["images"], content["outputs"]
    board = WrapNetOverlay(build / "toy" / "board" / "toy.bit", device=connect(address), timeout=1)
    assert board.self_test() == 16
    speed = board.throughput(images)
    said["fill"] = speed.fill_cycles
    said["cycles"] = speed.cycles

    stuck = images.copy()
    stuck[5, 0, 7] = 255
    try:
        board.run(stuck)
    except errors.StallError as error:
        said["stall"] = [error.stage, str(error)]
    assert (board.run(images) == outputs).all()

    for name, field in (("read", 0), ("write", 1)):
        count = 0
        def outside(size, real=type(board)._allocate):
            global count
            buffer = real(board, size)
            if count == field:
                buffer.__class__ = type("Outside", (buffer.__class__,), {"device_address": 0x4000_0000})
            count += 1
            return buffer
        board._accelerator._allocate = outside
        try:
            board.run(images)
        except errors.BusError as error:
            said[name] = error.status
        board._accelerator._allocate = board._allocate
        assert (board.run(images) == outputs).all()
    # A program that ends in the middle of a long job.
    script = f"""if True:
        import os, sys, threading
        import numpy as np
        from host import WrapNetOverlay, connect
        board = WrapNetOverlay({str(build / "toy" / "board" / "toy.bit")!r}, device=connect({address!r}))
        threading.Timer(0.3, os._exit, [7]).start()
        board.run(np.zeros((500_000, 1, 11, 3), np.uint8))
    """
    assert subprocess.run([sys.executable, "-c", script]).returncode == 7
    begin = time.monotonic()
    assert (board.run(images) == outputs).all()
    said["seconds after"] = time.monotonic() - begin

    for _ in range(30):
        assert (board.run(images[:7]) == outputs[:7]).all()
print(json.dumps(said))
'''


def test_faults_are_diagnosed_and_survived(build: Path, each_pynq_python: Path, repository: Path) -> None:
    with np.load(build / "toy" / "reference.npz") as content:
        golden = {name: content[name][:16] for name in ("images", "outputs")}
    np.savez(build / "toy" / "board" / "toy.golden.npz", **golden)
    done = run(each_pynq_python, repository, "-c", FAULTS, build)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert IN_WORDS < said["fill"] < 100
    assert 0 <= said["cycles"] - (said["fill"] + (IMAGES - 1) * (IN_WORDS + OUT_WORDS)) < 50
    stage, text = said["stall"]
    assert stage == "accelerator"
    assert f"took {5 * IN_WORDS + 7} of {IMAGES * IN_WORDS} words and gave {5 * OUT_WORDS} of" in text
    assert (said["read"], said["write"]) == (1, 2)
    assert said["seconds after"] < 2  # the 6.5 million cycles of the job that nobody waits for would take longer


STREAM = '''
import json, sys, time
from pathlib import Path
import numpy as np
from fpga.board.evaluate import simulated_board
from host import WrapNetOverlay, connect, errors

build, count, batch = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with np.load(build / "toy" / "reference.npz") as content:
    images, outputs = content["images"], content["outputs"]
chosen = np.random.default_rng(4).integers(0, len(images), count)
said = {"bus errors": 0, "aborted": 0, "jobs": 0}

def source(first):
    """From image `first` on: in pieces of any size, as a camera or a disk gives them."""
    for start in range(first, count, 37):
        yield images[chosen[start : min(start + 37, count)]]

with simulated_board(build, "toy", stall=30) as address:
    board = WrapNetOverlay(build / "toy" / "board" / "toy.bit", device=connect(address), timeout=20)
    whole = board.run(images[chosen])
    assert (whole == outputs[chosen]).all()
    assert (np.concatenate(list(board.stream(source(0), False, batch))) == whole).all()

    start = board._accelerator._start
    def sometimes_outside(pair):
        said["jobs"] += 1
        good = dict(pair.addresses)
        if said["jobs"] % 7 == 0:
            pair.addresses["IN" if said["jobs"] % 2 else "OUT"] = 0x4000_0000
        start(pair)
        pair.addresses.update(good)
    board._accelerator._start = sometimes_outside
    got, done, begin = [], 0, time.monotonic()
    while done < count:
        before = said["jobs"]
        stream = board.stream(source(done), False, batch)
        try:
            for part in stream:
                got.append(part)
                done += len(part)
                if said["jobs"] - before == 5 and said["jobs"] % 3 == 0:
                    said["aborted"] += 1  # with a job in flight
                    break
        except errors.BusError:
            said["bus errors"] += 1
        stream.close()
    assert (np.concatenate(got) == whole).all()
    said["seconds"] = time.monotonic() - begin
    board._accelerator._start = start
    assert (board.run(images) == outputs).all()
print(json.dumps(said))
'''


def test_a_stream_with_stalls_bus_errors_and_resets_loses_and_repeats_no_image(
    build: Path, pynq_python: Path, repository: Path
) -> None:
    done = run(pynq_python, repository, "-c", STREAM, build, 3000, 64)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["bus errors"] >= 4 and said["aborted"] >= 2 and said["jobs"] > 3000 // 64, said
