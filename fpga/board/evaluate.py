# SPDX-License-Identifier: BSD-3-Clause
"""The chain's board stage: a simulated board in a process of its own, the driver in another."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from chain import record
from chain.cli import model_name
from chain.errors import InputError, ToolError
from chain.files import atomic
from fpga import design
from fpga.board import designs

GOLDEN_IMAGES = 16
LEAST_IMAGES, CYCLES = 200, 10_000_000
"""Images without a given number: at least so many, and as many more as so many simulated cycles carry."""
START_SECONDS = 120

ROOT = Path(__file__).resolve().parents[2]
_GREETING = "listening on "


def evaluate(model: str, build: Path, images: int | None, stall: int = 0) -> int:
    """Run the reference images of a model through the driver on a simulated board and compare every output.

    Writes <build>/<model>/stages/board.json, seconds/board.json and the golden vectors beside the bitstream.
    Returns 0, or 1 if an output differs; raises InputError if a file of the model is missing or the board was built of
    another rtl/ than there is.
    """
    name = model_name(model)
    folder = build.absolute() / name
    bitfile, reference = folder / "board" / f"{name}.bit", folder / "reference.npz"
    for path, step in ((reference, "export"), (bitfile, "shell")):
        if not path.is_file():
            raise InputError(f"{path} does not exist: make it first (make {step} MODEL={model})")
    require_current(folder / "rtl", bitfile, f"make shell MODEL={model}")
    outcome = folder / "stages" / "board.json"
    outcome.unlink(missing_ok=True)  # an earlier result must not stand for a driver that stops
    begin = time.monotonic()
    write_golden(reference, bitfile.with_suffix(".golden.npz"))
    with simulated_board(build, name, stall) as address:
        command = [sys.executable, "-m", "host", "evaluate", str(bitfile), "--device", address]
        command += ["--images", str(reference), "--timeout", "60"]
        command += ["--count", str(_affordable(bitfile) if images is None else images)]
        # Ctrl-C is for this process alone: it ends the driver and the board, whose start-up must not see it.
        with subprocess.Popen(command, cwd=ROOT, process_group=0) as driver:
            status = watch(driver, address)
    if status not in (0, 1) or not outcome.is_file():
        raise ToolError(f"the driver stopped with status {status} (see above); repeat: {' '.join(command)}")
    record.write(folder, "board", time.monotonic() - begin)
    return status


def watch(driver: subprocess.Popen[bytes], address: str, every: float = 30.0, patience: float = 60.0) -> int:
    """Wait for the driver, whose calls have no deadline; its status. `every` so many seconds ask the server for a file.

    The driver is killed, and ToolError raised, if the server takes longer than `patience` seconds to answer. A job of
    any length leaves it time to.
    """
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return driver.wait(every)
            _require_answer(address, patience)
    finally:
        driver.kill()


def _require_answer(address: str, patience: float) -> None:
    import grpc
    from pynq.remote import remote_device_pb2, remote_device_pb2_grpc

    request = remote_device_pb2.ExistsFileRequest(file_path="/proc/version")
    with grpc.insecure_channel(address) as channel:
        try:
            remote_device_pb2_grpc.RemoteDeviceStub(channel).existsfile(request, timeout=patience)
        except grpc.RpcError as error:
            raise ToolError(
                f"the simulated board at {address} does not answer any more ({error.code().name} after at most "
                f"{patience:g} s), so the driver was stopped; run the step again"
            ) from None


def write_golden(reference: Path, golden: Path) -> None:
    """The first images and outputs of the reference, for the driver's self-test."""
    with np.load(reference, allow_pickle=False) as content:
        images, outputs = content["images"][:GOLDEN_IMAGES], content["outputs"][:GOLDEN_IMAGES]
    with atomic(golden) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, images=images, outputs=outputs)


def _affordable(bitfile: Path) -> int:
    bound = json.loads(bitfile.with_suffix(".json").read_text(encoding="utf-8"))["bound"]
    return max(LEAST_IMAGES, CYCLES // int(bound))


def require_current(rtl: Path, bitfile: Path, again: str) -> None:
    """Raise InputError if the simulated board of `bitfile` was built of another design than `rtl` holds."""
    made = designs.find(bitfile.parents[2], bitfile.stem)[0]
    if (rtl / design.MANIFEST).is_file() and design.digest(rtl) != made.hash:
        raise InputError(f"{bitfile} was built of another design than {rtl} holds: build it again ({again})")


@contextlib.contextmanager
def simulated_board(build: Path, model: str | None = None, stall: int = 0, port: int = 0) -> Iterator[str]:
    """A server in a process of its own, on a free port; gives its address. It ends with the context, or with us."""
    command = [sys.executable, "-m", "fpga.board", "--build", str(build.absolute()), "--port", str(port)]
    command += ["--stall", str(stall), "--until-stdin-closes", *(["--model", model] if model else [])]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        process_group=0,
    ) as server:
        assert server.stdin and server.stdout
        try:
            # Importing takes seconds; a server that says nothing for so long has stopped.
            ready, _, _ = select.select([server.stdout], [], [], START_SECONDS)
            line = server.stdout.readline() if ready else ""
            if not line.startswith(_GREETING):
                if not ready:
                    server.kill()
                server.stdin.close()
                raise ToolError(f"the simulated board did not start (status {server.wait()}): {' '.join(command)}")
            yield line.removeprefix(_GREETING).strip()
        finally:
            server.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            if server.poll() is None:
                server.kill()
