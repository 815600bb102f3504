# SPDX-License-Identifier: BSD-3-Clause
"""The kernels without Python: under sanitizers, with damaged programs, and on other machines under qemu."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.cpu import library, reference
from host.cpu.plan import Plan
from host.cpu.program import program
from tests.host.cpu.plans import images, plans

LANES = st.sampled_from((8, 16, 32))
COUNTS = st.sampled_from((1, 3, 16, 32, 64, 65))
WORDS = (-(2**31), -1, 0, 1, 2, 3, 5, 64, 255, 1000, 65536, 2**26, 2**31 - 1)


class Runner:
    """The engine as a program of its own (kernels/main.cpp), started by `command`."""

    def __init__(self, folder: Path, *command: str | Path):
        self._command, self._folder = [str(part) for part in command], folder

    def run(self, code: bytes, pixels: np.ndarray, lanes: int, threads: int) -> subprocess.CompletedProcess[bytes]:
        (self._folder / "program").write_bytes(code)
        pixels.tofile(self._folder / "images")
        files = [str(self._folder / "program"), str(self._folder / "images")]
        command = [*self._command, *files, str(len(pixels)), str(lanes), str(threads)]
        return subprocess.run(command, capture_output=True, timeout=120)

    def check(self, plan: Plan, pixels: np.ndarray, lanes: int, threads: int) -> None:
        done = self.run(program(plan), pixels, lanes, threads)
        assert done.returncode == 0, done.stderr.decode()
        trace = reference.run(plan, pixels)
        expected = [trace.outputs, *(trace.accumulators[layer.name] for layer in plan.layers)]
        assert np.array_equal(np.frombuffer(done.stdout, np.int32), np.concatenate([part.ravel() for part in expected]))


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    checks = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-static-libasan", "-static-libubsan")
    isa = library.instruction_set(None)
    flags = ("-std=c++17", "-O0", "-g0", "-Wno-psabi", "-pthread", *checks, *isa.flags)
    yield Runner(tmp_path_factory.mktemp("asan"), library.compiled("main.cpp", library.find_compiler(), flags, "asan"))


def emulated(folder: Path, compiler: str, isa: str, emulator: str) -> Runner:
    for tool in (compiler, emulator):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    flags = next(i.flags for i in library.INSTRUCTION_SETS if i.name == isa)
    options = (*library.FLAGS, "-Werror", "-static", *flags)
    return Runner(folder, emulator, library.compiled("main.cpp", compiler, options, isa))


@pytest.fixture(scope="module")
def aarch64(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return emulated(tmp_path_factory.mktemp("aarch64"), "aarch64-linux-gnu-g++", "neon", "qemu-aarch64")


@pytest.fixture(scope="module")
def armv7(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return emulated(tmp_path_factory.mktemp("armv7"), "arm-linux-gnueabihf-g++", "neon32", "qemu-arm")


@settings(max_examples=60, deadline=None)
@given(plans(), COUNTS, LANES, st.integers(1, 2))
def test_nothing_is_read_or_written_outside_its_buffer(
    sanitized: Runner, plan: Plan, count: int, lanes: int, threads: int
) -> None:
    sanitized.check(plan, images(plan, count), lanes, threads)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), plans(), LANES)
def test_a_damaged_program_is_refused_or_runs_within_its_buffers(
    sanitized: Runner, data: st.DataObject, plan: Plan, lanes: int
) -> None:
    code = bytearray(program(plan))
    for _ in range(data.draw(st.integers(0, 3))):
        word = 4 * data.draw(st.integers(0, min(80, len(code) // 4 - 1)))
        code[word : word + 4] = data.draw(st.sampled_from(WORDS)).to_bytes(4, "little", signed=True)
    if data.draw(st.booleans()):
        del code[data.draw(st.integers(0, len(code) - 1)) :]
    done = sanitized.run(bytes(code), images(plan, 2), lanes, 1)
    assert done.returncode in (0, 2), done.stderr.decode()
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode()


@settings(max_examples=40, deadline=None)
@given(plans(), COUNTS, LANES, st.integers(1, 2))
def test_aarch64(aarch64: Runner, plan: Plan, count: int, lanes: int, threads: int) -> None:
    aarch64.check(plan, images(plan, count), lanes, threads)


@settings(max_examples=40, deadline=None)
@given(plans(), COUNTS, LANES, st.integers(1, 2))
def test_armv7_with_neon(armv7: Runner, plan: Plan, count: int, lanes: int, threads: int) -> None:
    armv7.check(plan, images(plan, count), lanes, threads)
