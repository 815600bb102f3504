# SPDX-License-Identifier: BSD-3-Clause
"""Jobs on a made-up accelerator: protocol, results, timing, and what is said and done when something stops."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from host import registers
from host.accelerator import Accelerator
from host.errors import BusError, BusyError, DeviceError, MismatchError, StallError
from host.metadata import Metadata
from host.packing import Layout
from host.registers import OFFSETS

INPUT = Layout((2, 3, 1), 4, False, 3, 2, 2)
OUTPUT = Layout((3,), 7, True, 1, 1, 3)
HASH = 0x89ABCDEF
METADATA = Metadata("toy", INPUT, OUTPUT, ("a", "b", "c"), 100.0, "part", "00" * 28 + f"{HASH:08x}", "", "")
FILL, INTERVAL = 500, 40


class Memory:
    """Buffers by address; counts those in use, and those there ever were."""

    def __init__(self) -> None:
        self.buffers: dict[int, np.ndarray] = {}
        self.allocated = 0
        self.next = 0x1_0000_0000  # above 32 bits, so that both address words matter

    def allocate(self, size: int) -> np.ndarray:
        assert size % 8 == 0
        buffer = np.zeros(size, np.uint8).view(Buffer)
        buffer.memory, buffer.device_address = self, self.next
        buffer[:] = 0xEE
        self.buffers[self.next] = buffer
        self.next += 1 << 24
        self.allocated += 1
        return buffer


class Buffer(np.ndarray):
    memory: Memory
    device_address: int
    flushed = invalidated = False

    def flush(self) -> None:
        self.flushed = True

    def invalidate(self) -> None:
        self.invalidated = True

    def freebuffer(self) -> None:
        del self.memory.buffers[self.device_address]


class Board:
    """Registers of the shell. `fails` is called when a job starts: None runs it, otherwise it is the job's fault."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.words = dict.fromkeys(OFFSETS.values(), 0)
        self.set(IDENTITY=registers.IDENTITY, VERSION=registers.VERSION, DESIGN_HASH=HASH)
        self.busy = {"IN": False, "OUT": False}
        self.done = {"IN": False, "OUT": False}
        self.fault: Callable[[Board], None] | None = None
        self.stalling = ""
        self.resets = 0
        self.reset_works = True
        self.jobs: list[int] = []

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.words[OFFSETS[name]] = value

    def get(self, name: str) -> int:
        return self.words[OFFSETS[name]]

    def read(self, offset: int) -> int:
        for name in ("IN", "OUT"):
            if offset == OFFSETS[f"{name}_CONTROL"]:
                value = registers.DONE * self.done[name] | registers.IDLE * (not self.busy[name])
                self.done[name] = False
                return value
        if self.stalling:
            self.set(**{self.stalling: self.get(self.stalling) + 1})
        value = self.words[offset]
        return value - (value >> 31 << 32)  # remote boards answer with 32 signed bits

    def write(self, offset: int, value: int) -> None:
        assert type(value) is int and 0 <= value < 1 << 32
        for name in ("IN", "OUT"):
            if offset == OFFSETS[f"{name}_CONTROL"]:
                assert not self.busy[name], "started while it runs"
                self.busy[name] = True
                if name == "IN":
                    assert self.busy["OUT"], "the input may only start after the output"
                    self.job()
                return
        if offset == OFFSETS["ERROR"]:
            self.words[offset] &= ~value
        elif offset == OFFSETS["RESET"]:
            self.resets += 1
            self.stalling = ""
            if self.reset_works:
                self.busy = self.done = dict.fromkeys(("IN", "OUT"), False)
        else:
            self.words[offset] = value

    def job(self) -> None:
        frames = self.get("IN_FRAMES")
        assert frames == self.get("OUT_FRAMES")
        for name in ("IN_BEATS", "IN_WORDS", "OUT_WORDS", "OUT_BEATS", "FRAMES_OUT", "IN_STALLS", "OUT_STALLS"):
            self.set(**{name: 0})
        if self.fault:
            return self.fault(self)
        self.jobs.append(frames)
        source, target = (
            self.memory.buffers[self.get(f"{name}_ADDRESS_HIGH") << 32 | self.get(f"{name}_ADDRESS_LOW")]
            for name in ("IN", "OUT")
        )
        assert isinstance(source, Buffer) and source.flushed
        words = np.asarray(source)[: frames * 4].reshape(frames, 4)
        target[: frames * 3] = results(words).reshape(-1).astype(np.uint8) & 0x7F
        self.busy = dict.fromkeys(("IN", "OUT"), False)
        self.done = dict.fromkeys(("IN", "OUT"), True)
        last = FILL + INTERVAL * (frames - 1)
        self.set(
            FRAMES_OUT=frames,
            IN_WORDS=2 * frames,
            FIRST_FRAME_CYCLE=FILL,
            LAST_FRAME_CYCLE=last,
            CYCLES_LOW=last + 9,
            CYCLES_HIGH=0,
        )


def results(words: np.ndarray) -> np.ndarray:
    """Any function of the packed bytes [N, 4]: signed 7-bit values [N, 3]."""
    values = words[:, :3].astype(np.int32) - words[:, 3:].astype(np.int32)
    return (values + 64) % 128 - 64


def expected(images: np.ndarray) -> np.ndarray:
    pixels = images.reshape(len(images), 2, 3).astype(np.int32)
    words = pixels[..., 0] | pixels[..., 1] << 4 | pixels[..., 2] << 8
    return results(np.stack([words & 255, words >> 8], axis=-1).reshape(len(images), 4))


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def board(memory: Memory) -> Board:
    return Board(memory)


@pytest.fixture
def accelerator(memory: Memory, board: Board) -> Accelerator:
    return Accelerator(board, METADATA, memory.allocate, timeout=0.05)


def pixels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 16, (count, *INPUT.shape), dtype=np.uint8)


def test_results_and_timing(accelerator: Accelerator, memory: Memory) -> None:
    images = pixels(11)
    output, timing = accelerator.run(images)
    assert output.dtype == np.int32
    np.testing.assert_array_equal(output, expected(images))
    assert (timing.images, timing.fill_cycles, timing.interval_cycles) == (11, FILL, INTERVAL)
    assert timing.cycles == FILL + 10 * INTERVAL + 9
    assert min(timing.pack_seconds, timing.transfer_seconds, timing.wait_seconds, timing.unpack_seconds) > 0
    assert not memory.buffers and memory.allocated == 2


def test_one_image_has_no_interval(accelerator: Accelerator) -> None:
    assert np.isnan(accelerator.run(pixels(1))[1].interval_cycles)


def test_the_hundredth_call_gives_what_the_first_gave(accelerator: Accelerator, memory: Memory) -> None:
    images = pixels(5)
    first = accelerator.run(images)[0]
    for seed in range(1, 99):
        accelerator.run(pixels(1 + seed % 7, seed))
    np.testing.assert_array_equal(accelerator.run(images)[0], first)
    assert not memory.buffers


def test_large_batches_become_several_jobs(
    accelerator: Accelerator, board: Board, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host.job.LARGEST", 10 * INPUT.frame_bytes)
    images = pixels(25)
    output, timing = accelerator.run(images)
    np.testing.assert_array_equal(output, expected(images))
    assert board.jobs == [10, 10, 5] and memory.allocated == 4
    assert timing.images == 25 and timing.interval_cycles == INTERVAL


def stalls(counters: dict[str, int], stalling: str = "") -> Callable[[Board], None]:
    def fault(board: Board) -> None:
        board.set(**counters)
        board.stalling = stalling

    return fault


@pytest.mark.parametrize(
    "fault, stage, says",
    [
        (stalls({}), "input DMA", "read 0 of 2 beats and delivered 0 of 8 words"),
        (stalls({"IN_BEATS": 1, "IN_WORDS": 4}), "input DMA", "read 1 of 2 beats and delivered 4 of 8 words"),
        (stalls({"IN_BEATS": 2, "IN_WORDS": 5}, "IN_STALLS"), "accelerator", "took 5 of 8 words and gave 0 of 12"),
        (stalls({"IN_WORDS": 8, "OUT_WORDS": 7}), "accelerator", "took all 8 words and gave 7 of 12 words"),
        (stalls({"IN_WORDS": 5, "OUT_WORDS": 3}, "OUT_STALLS"), "output DMA", "waits at its input, it wrote 0 of 2"),
        (stalls({"IN_WORDS": 8, "OUT_WORDS": 12, "OUT_BEATS": 1}), "output DMA", "given all 12 words and wrote 1 of 2"),
    ],
)
def test_a_stall_names_the_stage(
    accelerator: Accelerator, board: Board, memory: Memory, fault: Callable, stage: str, says: str
) -> None:
    board.fault = fault
    with pytest.raises(StallError, match=says) as caught:
        accelerator.run(pixels(4))
    assert caught.value.stage == stage and f"the {stage} stopped" in str(caught.value)
    assert "no progress for 0.05 s" in str(caught.value) and "Frames out: 0 of 4" in str(caught.value)
    assert board.resets == 1 and not memory.buffers
    board.fault = None
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))


def test_a_slow_job_is_not_a_stall(memory: Memory, board: Board) -> None:
    now = 0.0
    polls = 0

    def fault(slow: Board) -> None:
        nonlocal polls
        polls = 0

    accelerator = Accelerator(board, METADATA, memory.allocate, timeout=0.05)
    original = board.read

    def read(offset: int) -> int:
        nonlocal polls, now
        if board.busy["OUT"] and offset == OFFSETS["OUT_CONTROL"]:
            polls += 1
            board.set(IN_WORDS=polls)  # it moves, far longer in all than the time-out
            if polls > 20:
                board.fault = None
                board.job()
        return original(offset)

    board.fault = fault
    board.read = read  # type: ignore[method-assign]
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))
    assert polls > 20


@pytest.mark.parametrize(
    "bits, says",
    [(1, "reading the images"), (2, "writing the results"), (3, "reading .*, writing"), (4, "address was refused")],
)
def test_bus_errors_are_told_at_once(
    accelerator: Accelerator, board: Board, memory: Memory, bits: int, says: str
) -> None:
    board.fault = lambda board: board.set(ERROR=bits)
    accelerator.timeout = 60
    with pytest.raises(BusError, match=says) as caught:
        accelerator.run(pixels(2))
    assert caught.value.status == bits and not memory.buffers
    board.fault = None
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))


def test_a_bus_error_of_a_job_that_ended_is_told_too(accelerator: Accelerator, board: Board) -> None:
    def fault(board: Board) -> None:
        board.set(ERROR=2)
        board.busy, board.done = dict.fromkeys(("IN", "OUT"), False), dict.fromkeys(("IN", "OUT"), True)

    board.fault = fault
    with pytest.raises(BusError):
        accelerator.run(pixels(2))


@pytest.mark.parametrize("frames, words", [(3, 8), (4, 7), (5, 8)])
def test_another_amount_than_asked_for_is_an_error(
    accelerator: Accelerator, board: Board, frames: int, words: int
) -> None:
    def fault(board: Board) -> None:
        board.busy, board.done = dict.fromkeys(("IN", "OUT"), False), dict.fromkeys(("IN", "OUT"), True)
        board.set(FRAMES_OUT=frames, IN_WORDS=words)

    board.fault = fault
    with pytest.raises(DeviceError, match=f"{frames} frames of 4 and {words} input words of 8, 4 frames were asked"):
        accelerator.run(pixels(4))


def test_an_accelerator_left_busy_is_reset(accelerator: Accelerator, board: Board) -> None:
    board.busy["IN"] = True
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))
    assert board.resets == 1


def test_an_accelerator_that_stays_busy(accelerator: Accelerator, board: Board, memory: Memory) -> None:
    board.busy["IN"] = True
    board.reset_works = False
    with pytest.raises(BusyError, match="does not become idle"):
        accelerator.run(pixels(4))
    assert not memory.buffers


@pytest.mark.parametrize(
    "values, error, says",
    [
        ({"IDENTITY": 0}, DeviceError, "reads 0x00000000, expected 0x50415257"),
        ({"VERSION": 2}, MismatchError, "version 2, this driver knows version 1"),
        ({"DESIGN_HASH": 0xFFFF0000}, MismatchError, "0xffff0000, the metadata of 'toy' describes 0x89abcdef"),
    ],
)
def test_another_design_on_the_board(
    accelerator: Accelerator, board: Board, values: dict[str, int], error: type[Exception], says: str
) -> None:
    board.set(**values)
    with pytest.raises(error, match=says):
        accelerator.run(pixels(1))


def test_an_interrupt_resets_and_frees(accelerator: Accelerator, board: Board, memory: Memory) -> None:
    def fault(board: Board) -> None:
        raise KeyboardInterrupt

    board.fault = fault
    with pytest.raises(KeyboardInterrupt):
        accelerator.run(pixels(1))
    assert board.resets == 1 and not memory.buffers


def test_buffers_stay_until_a_reset_is_over(
    accelerator: Accelerator, board: Board, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second Ctrl-C, in the reset, must not give memory away in which the DMAs still write."""
    original, in_use = board.write, []

    def write(offset: int, value: int) -> None:
        original(offset, value)
        if offset == OFFSETS["RESET"]:
            in_use.append(len(memory.buffers))
            if len(in_use) == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(board, "write", write)
    board.fault = lambda board: board.set(ERROR=1)
    with pytest.raises(KeyboardInterrupt):
        accelerator.run(pixels(1))
    assert len(memory.buffers) == 2
    board.fault = None
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))
    assert in_use == [2, 2] and not memory.buffers


def test_a_reset_from_outside_is_no_stage_that_stopped(accelerator: Accelerator, board: Board, memory: Memory) -> None:
    def fault(board: Board) -> None:
        board.busy = board.done = dict.fromkeys(("IN", "OUT"), False)

    board.fault = fault
    with pytest.raises(DeviceError, match="0 frames of 2 are out: the accelerator was reset from outside"):
        accelerator.run(pixels(2))
    assert board.resets == 1 and not memory.buffers


@pytest.mark.parametrize("total", [1, 8, 9, 16, 20, 800])
def test_jobs_give_what_one_run_gives(accelerator: Accelerator, board: Board, memory: Memory, total: int) -> None:
    images = pixels(total)
    shared = np.empty_like(images[:8])

    def batches() -> Iterator[np.ndarray]:
        for start in range(0, total, 8):
            part = images[start : start + 8]
            shared[: len(part)] = part
            yield shared[: len(part)]

    outputs, timings = zip(*accelerator.jobs(batches(), 8), strict=True)
    np.testing.assert_array_equal(np.concatenate(outputs), accelerator.run(images)[0])
    assert [timing.images for timing in timings] == board.jobs[:-1]
    assert memory.allocated == 4 + 2 and not memory.buffers and not board.resets


def test_no_batch_at_all(accelerator: Accelerator, memory: Memory) -> None:
    assert list(accelerator.jobs(iter(()), 8)) == []
    assert not memory.buffers


class Clock:
    """Time that passes only when somebody sleeps or works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("time.sleep", self.pass_)
        for name in ("time.monotonic", "time.perf_counter"):
            monkeypatch.setattr(name, lambda: self.now)

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def slow(board: Board, clock: Clock, seconds: float, events: list[str]) -> None:
    """Every job takes `seconds` of the clock."""
    original, ends = board.read, 0.0

    def job(slow: Board) -> None:
        nonlocal ends
        events.append("start")
        slow.fault = None
        Board.job(slow)
        slow.fault = job
        ends = clock.now + seconds

    def read(offset: int) -> int:
        if offset == OFFSETS["OUT_CONTROL"] and board.done["OUT"]:
            if clock.now < ends:
                return 0
            events.append("done")
        return original(offset)

    board.fault = job
    board.read = read  # type: ignore[method-assign]


def test_the_host_works_while_the_accelerator_does(
    accelerator: Accelerator, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    accelerator.timeout = 60
    clock, events = Clock(monkeypatch), []
    slow(board, clock, 1.0, events)

    def flush(buffer: Buffer) -> None:
        buffer.flushed = True
        events.append("packed")
        clock.pass_(0.2)

    monkeypatch.setattr(Buffer, "flush", flush)

    def source(count: int) -> Iterator[np.ndarray]:
        for _ in range(count):
            events.append("pull")
            clock.pass_(0.3)
            yield pixels(4)

    waits = []
    for _, timing in accelerator.jobs(source(10), 4):
        events.append("use")
        clock.pass_(0.4)
        waits.append(timing.wait_seconds)
    # The first job has no results to use beside it, the last no batch to pack.
    assert waits == pytest.approx([0.5, *[0.1] * 8, 0.6], abs=0.02)
    # One after the other it would be 10 * (0.5 + 1 + 0.4) = 19 seconds; a poll may come 10 ms late.
    assert clock.now == pytest.approx(0.5 + 10 * 1.0 + 0.4, abs=0.11)
    assert events == [
        *("pull", "packed", "start", "pull", "packed", "done", "start", "use"),
        *("pull", "packed", "done", "start", "use") * 8,
        *("done", "use"),
    ]


def test_a_source_is_never_two_jobs_ahead_of_its_results(accelerator: Accelerator) -> None:
    pulled = used = 0

    def source() -> Iterator[np.ndarray]:
        nonlocal pulled
        while True:
            assert pulled - used <= 1
            pulled += 1
            yield pixels(3, pulled)

    for output, _ in itertools.islice(accelerator.jobs(source(), 3), 1000):
        used += 1
        np.testing.assert_array_equal(output, expected(pixels(3, used)))
    assert pulled == 1001


def test_a_stream_that_is_closed_aborts_the_job_in_flight(
    accelerator: Accelerator, board: Board, memory: Memory
) -> None:
    jobs = accelerator.jobs((pixels(4, seed) for seed in range(9)), 4)
    np.testing.assert_array_equal(next(jobs)[0], expected(pixels(4, 0)))
    assert len(memory.buffers) == 4 and len(board.jobs) == 2
    jobs.close()
    assert board.resets == 1 and not memory.buffers
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))
    assert board.resets == 1

    jobs = accelerator.jobs([pixels(4)], 4)
    next(jobs)
    jobs.close()  # nothing is in flight
    assert board.resets == 1 and not memory.buffers


@pytest.mark.parametrize("bad", [1, 2, 5])
def test_a_failed_job_of_a_stream(accelerator: Accelerator, board: Board, memory: Memory, bad: int) -> None:
    """All jobs before it have given their results, and the next call starts afresh."""

    def fails(board: Board) -> None:
        board.fault = None
        if len(board.jobs) == bad:
            board.set(ERROR=1)
        else:
            Board.job(board)
            board.fault = fails

    board.fault = fails
    got = []
    with pytest.raises(BusError, match="reading the images"):
        for output, _ in accelerator.jobs((pixels(4, seed) for seed in range(9)), 4):
            got.append(output)
    for seed, output in enumerate(got):
        np.testing.assert_array_equal(output, expected(pixels(4, seed)))
    assert len(got) == bad and board.resets == 1 and not memory.buffers
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))


def test_batches_that_raise_leave_nothing_behind(accelerator: Accelerator, board: Board, memory: Memory) -> None:
    def source() -> Iterator[np.ndarray]:
        yield pixels(4)
        yield pixels(4)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(accelerator.jobs(source(), 4))
    assert board.resets == 1 and not memory.buffers


def test_a_board_that_cannot_free_its_buffers_hides_neither_result_nor_error(
    accelerator: Accelerator, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def freebuffer(buffer: Buffer) -> None:
        raise OSError("gone")

    monkeypatch.setattr(Buffer, "freebuffer", freebuffer)
    np.testing.assert_array_equal(accelerator.run(pixels(4))[0], expected(pixels(4)))
    board.fault = lambda board: board.set(ERROR=1)
    with pytest.raises(BusError):
        accelerator.run(pixels(4))
