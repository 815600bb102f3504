# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board's library: jobs of many word widths, errors, limits, and what Python sees of them."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import InputError, ToolError
from fpga import design
from fpga.shell import build, registers
from fpga.shell.library import DECERR, SLVERR, Board
from tests.fpga.shell import standin

MEMORY = 1 << 20
BASE = 0x1000_0000
GUARD = 0xEE
# bytes and words of a frame, bytes and words of a result
WIDTHS = [(1, 40, 1, 10), (3, 11, 10, 3), (8, 16, 8, 2), (10, 7, 3, 5)]


class Fixture:
    """A board with its memory and the design in it."""

    def __init__(self, rtl: Path, cache: Path, sizes: tuple[int, int, int, int]) -> None:
        self.design = standin.write(rtl, *sizes)
        self.memory = bytearray(MEMORY)
        self.library = build.library(rtl, cache)
        self.board = Board(self.library, rtl, self.memory, BASE)

    def read(self, name: str) -> int:
        return self.board.read(registers.OFFSETS[name])

    def write(self, name: str, value: int) -> None:
        self.board.write(registers.OFFSETS[name], value)

    def start(self, way: str, address: int, frames: int) -> None:
        self.write(f"{way}_ADDRESS_LOW", address)
        self.write(f"{way}_ADDRESS_HIGH", 0)
        self.write(f"{way}_FRAMES", frames)
        self.write(f"{way}_CONTROL", registers.START)

    def begin(self, source: int, target: int, count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
        size = self.design.input.bytes_per_frame
        frames = np.random.default_rng(seed).integers(0, 256, (count, size), dtype=np.uint8)
        self.memory[source : source + frames.size] = frames.tobytes()
        expected = standin.answer(frames, self.design)
        self.memory[target - 8 : target + expected.size + 8] = bytes([GUARD]) * (expected.size + 16)
        self.start("OUT", BASE + target, count)
        self.start("IN", BASE + source, count)
        return expected

    def check(self, target: int, expected: npt.NDArray[np.uint8]) -> None:
        end = target + expected.size
        assert self.memory[target:end] == expected.tobytes()
        assert self.memory[target - 8 : target] == bytes([GUARD]) * 8
        assert self.memory[end : end + 8] == bytes([GUARD]) * 8
        assert self.board.broken_rule is None

    def job(self, source: int, target: int, count: int, seed: int = 0) -> None:
        self.check(target, self.begin(source, target, count, seed))
        assert self.read("ERROR") == 0
        for way in ("OUT", "IN"):
            assert self.read(f"{way}_CONTROL") == registers.DONE | registers.IDLE | registers.READY
            assert self.read(f"{way}_CONTROL") == registers.IDLE | registers.READY


@pytest.fixture(scope="module")
def cache(repository: Path) -> Path:
    return repository / "build" / "verilator"


@pytest.fixture(scope="module", params=WIDTHS, ids=str)
def any_board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Fixture:
    return Fixture(tmp_path_factory.mktemp("rtl"), cache, request.param)


@pytest.fixture
def board(tmp_path: Path, cache: Path) -> Fixture:
    """A new board of the second width."""
    return Fixture(tmp_path, cache, WIDTHS[1])


@given(
    count=st.integers(1, 60),
    source=st.integers(0, 1023),
    target=st.integers(1, 1023),
    percent=st.sampled_from([0, 0, 25, 60, 90]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_any_job_is_right(any_board: Fixture, count: int, source: int, target: int, percent: int, seed: int) -> None:
    any_board.board.set_stall(seed, percent)
    any_board.job(8 * source, 0x40000 + 8 * target, count, seed)
    words = any_board.design.input.words_per_frame * count
    assert any_board.read("IN_WORDS") == words
    assert any_board.read("FRAMES_OUT") == count


def test_registers_name_the_design(board: Fixture, tmp_path: Path) -> None:
    assert board.read("IDENTITY") == registers.IDENTITY
    assert board.read("VERSION") == registers.VERSION
    assert board.read("DESIGN_HASH") == int(design.digest(tmp_path), 16) & 0xFFFFFFFF
    assert board.read("CLOCK_MHZ") == round(board.design.clock_mhz)


def test_another_memory_file_is_another_design(board: Fixture, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "seed.hex").write_text("00000002\n")
    assert build.library(tmp_path, cache) != board.library


def test_interval_comes_from_the_counters(board: Fixture) -> None:
    count = 100
    board.job(0, 0x40000, count)
    interval = (board.read("LAST_FRAME_CYCLE") - board.read("FIRST_FRAME_CYCLE")) / (count - 1)
    assert board.design.bound <= interval <= 1.2 * board.design.bound
    assert board.read("CYCLES_LOW") > board.read("LAST_FRAME_CYCLE")


def test_waiting_for_the_input_does_not_count(board: Fixture) -> None:
    board.job(0, 0x40000, 1)
    usual = board.read("CYCLES_LOW")
    board.start("OUT", BASE + 0x40000, 1)
    board.board.run(3000)
    board.start("IN", BASE, 1)
    assert board.read("CYCLES_LOW") == usual


def test_address_outside_the_memory_is_a_bus_error(board: Fixture) -> None:
    for way, bit in (("IN", registers.READ_ERROR), ("OUT", registers.WRITE_ERROR)):
        other = {"IN": "OUT", "OUT": "IN"}[way]
        for address in (BASE + MEMORY - 8, BASE - 64, 0):
            board.start(other, BASE, 20) if other == "OUT" else None
            board.start(way, address, 20)
            board.start(other, BASE, 20) if other == "IN" else None
            assert board.read("ERROR") & bit
            assert board.read("OUT_CONTROL") & registers.IDLE
            board.write("ERROR", 7)
            board.job(0x1000, 0x40000, 2)


def test_fault_in_the_memory(board: Fixture) -> None:
    board.board.set_fault(BASE + 0x1040, 8)
    board.begin(0x1000, 0x40000, 5)
    assert board.read("ERROR") == registers.READ_ERROR
    board.board.set_fault(0, 0)
    board.write("ERROR", 7)
    board.job(0x1000, 0x40000, 5)


@pytest.mark.parametrize("response", [SLVERR, DECERR])
def test_errors_on_chosen_transfers(board: Fixture, response: int) -> None:
    """The 4th and 5th beat read, the 3rd burst written: bit and count say so, and the results before them are right."""
    for way, bit, after, count in (("IN", registers.READ_ERROR, 3, 2), ("OUT", registers.WRITE_ERROR, 2, 1)):
        for stall in (0, 50):
            board.board.set_stall(stall, stall)
            before = board.board.errors
            board.board.set_errors(way, after, count, response)
            expected = board.begin(0x1000, 0x40000, 20)
            assert board.read("ERROR") == bit
            assert 1 <= board.board.errors - before <= count
            if way == "OUT":
                assert board.memory[0x40000 : 0x40000 + 3 * 128] == expected.tobytes()[: 3 * 128]
            board.board.set_errors(way, 0, 0)
            board.write("ERROR", 7)
            board.job(0x1000, 0x40000, 2)


def test_job_in_steps(board: Fixture) -> None:
    """With a limit of 0 a start returns at once, and `run` carries the job on."""
    board.board.set_limit(0)
    expected = board.begin(0, 0x40000, 50)
    assert board.read("OUT_CONTROL") & registers.START
    steps = 0
    while board.board.run(100) == 100:
        steps += 1
        assert steps < 1000
    assert steps > 3
    board.check(0x40000, expected)


def test_reset_in_the_middle(board: Fixture) -> None:
    board.board.set_limit(60)
    board.begin(0, 0x40000, 50)
    assert board.read("IN_CONTROL") & registers.START
    board.write("RESET", 1)
    assert board.read("RESET") == 0
    assert board.read("IN_CONTROL") == registers.IDLE | registers.READY
    board.board.set_limit(1 << 40)
    board.job(0x800, 0x50000, 7)


def test_a_job_that_reset_ended_is_never_done(board: Fixture) -> None:
    """Not even for the one cycle between its end and the reset of the done bits: another program may wait for it."""
    board.board.set_limit(0)
    cycles = 1
    board.begin(0, 0x40000, 3)
    while board.board.run(cycles) == cycles:
        board.board.poke(registers.OFFSETS["RESET"], 1)
        while board.read("RESET"):
            assert not board.read("OUT_CONTROL") & registers.DONE, cycles
        assert board.read("OUT_CONTROL") == registers.IDLE | registers.READY
        cycles += 1
        board.begin(0, 0x40000, 3)
    assert cycles > 40


def test_output_that_waits_for_nothing_does_not_hang(board: Fixture) -> None:
    board.start("OUT", BASE + 0x40000, 3)
    assert board.board.cycles < 10_000
    assert board.read("OUT_CONTROL") & registers.START


def test_two_boards_share_nothing(board: Fixture, tmp_path: Path) -> None:
    memory = bytearray(MEMORY)
    with Board(board.library, tmp_path, memory, BASE) as other:
        board.job(0, 0x40000, 3)
        assert other.read(registers.OFFSETS["FRAMES_OUT"]) == 0
    assert not any(memory)
    with pytest.raises(ValueError, match="closed"):
        other.read(0)


def test_current_directory_stays(board: Fixture, tmp_path: Path) -> None:
    before = os.getcwd()
    Board(board.library, tmp_path, bytearray(64)).close()
    assert os.getcwd() == before


def test_missing_folder_and_library(board: Fixture, tmp_path: Path) -> None:
    before = os.getcwd()
    with pytest.raises(OSError, match="memory files"):
        Board(board.library, tmp_path / "nowhere", bytearray(64))
    with pytest.raises(OSError, match="absent"):
        Board(tmp_path / "absent.so", tmp_path, bytearray(64))
    assert os.getcwd() == before


def test_unusable_design(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.json does not exist"):
        build.library(tmp_path, cache)
    standin.write(tmp_path, 1, 1, 1, 1)
    (tmp_path / "accelerator.sv").write_text("module accelerator; nonsense\n")
    with pytest.raises(ToolError, match=r"accelerator\.sv"):
        build.library(tmp_path, cache)


def test_hash_word() -> None:
    assert build.hash_word("f" * 56 + "00000001") == 1
