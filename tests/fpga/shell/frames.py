# SPDX-License-Identifier: BSD-3-Clause
"""Numbered frames through the shell, by the real driver, on a bus that pauses, answers with errors and is reset.

`Traffic.run` gives frame after frame to the driver (host/accelerator.py) in jobs of many frames, and runs those of a
failed job again. It keeps account: every frame must come out exactly once in a job that the driver calls good, with
its own result, in its place; a job with a bus error in it must never be called good; no byte outside of the result
buffer may change, not even by a job that failed, and none inside it become anything but its right result.

All that happens follows from the seed: the driver's clock is the board's, so that its waiting is simulated, too.
"""

import contextlib
import json
import math
import random
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from fpga import design
from fpga.shell import metadata, registers
from fpga.shell.library import CHANNELS, DECERR, SLVERR, Board
from host import accelerator
from host import metadata as driver_metadata
from host.errors import BusError, DeviceError, HostError, StallError

FRAME_BYTES, RESULT_BYTES = 6, 9  # words of 3 bytes
FACTOR = 0x5851F42D4C95  # as in frames.sv
MARK = 0xC0FFEE
CLOCK_HZ = 100e6
BASE = 0x1000_0000
MEMORY = 1 << 16
MOST_FRAMES = 2000
TIMEOUT_SECONDS = 0.2  # of simulated time: twenty looks at a job that stands still

Bytes = npt.NDArray[np.uint8]


class Lost(AssertionError):
    """The account does not come out even: the text says in which job, and how to repeat it."""


class Interrupt(BaseException):
    """The program is interrupted while it waits for a job, as by Ctrl-C."""


def write(folder: Path) -> design.Design:
    """Fill `folder` with frames.sv and its manifest, as the stitcher does for a network."""
    folder.mkdir(parents=True, exist_ok=True)
    text = Path(__file__).with_name("frames.sv").read_text(encoding="utf-8")
    (folder / "accelerator.sv").write_text(text, encoding="utf-8")
    made = design.Design(
        model="frames",
        top="accelerator",
        files=("accelerator.sv",),
        memories=(),
        input=design.Stream.of((1, 2, 3), 8, False, 3),
        output=design.Stream.of((RESULT_BYTES,), 8, True, 3),
        taps=(),
        layers=(),
        edges=(),
        bound=3,
        clock_mhz=CLOCK_HZ / 1e6,
        part="xc7z020clg400-1",
        classes=tuple(str(i) for i in range(RESULT_BYTES)),
    )
    made.save(folder)
    return made


def frames(numbers: npt.NDArray[np.int64], attempt: int) -> Bytes:
    """uint8 [N, 1, 2, 3]: the number in four bytes, then the attempt, so that an earlier one's result is not taken."""
    values = numbers.astype("<u8") | np.uint64((attempt & 0xFFFF) << 32)
    return values.view(np.uint8).reshape(-1, 8)[:, :FRAME_BYTES].reshape(-1, 1, 2, 3)


def results(images: Bytes) -> Bytes:
    """What frames.sv makes of `images`: uint8 [N, 9]."""
    values = np.zeros((len(images), 8), np.uint8)
    values[:, :FRAME_BYTES] = images.reshape(-1, FRAME_BYTES)
    products = values.view("<u8").reshape(-1) * np.uint64(FACTOR)  # modulo 2^64, of which the lower 48 bits count
    low, high = products & np.uint64(0xFFFFFF), products >> np.uint64(24) & np.uint64(0xFFFFFF)
    words = np.stack([low, high, low ^ high ^ np.uint64(MARK)], axis=1).astype("<u4")
    return words.view(np.uint8).reshape(-1, 3, 4)[:, :, :3].reshape(-1, RESULT_BYTES)


@dataclass(frozen=True)
class Trouble:
    """What happens to one job.

    `stalls` are the percentages of CHANNELS. `errors` are (way, good transfers before, errors, response). `event`
    comes at cycle `at` of the job: "interrupt" ends the driver's waiting, "reset" is another program's write to RESET.
    `pace`: most cycles that pass while the driver sleeps.
    """

    stalls: tuple[int, ...]
    errors: tuple[tuple[str, int, int, int], ...]
    event: str | None
    at: int
    pace: int


def trouble(chance: random.Random, count: int, often: float) -> Trouble:
    """Trouble for a job of `count` frames; a bus error and an event come with the chance `often` each."""
    stalls = tuple(chance.choice((0, 0, 0, 10, 40, 90)) for _ in CHANNELS)
    beats = {
        "IN": -(-count * FRAME_BYTES // 8) / (1 - stalls[1] / 100),
        "OUT": -(-count * RESULT_BYTES // 8) / (1 - stalls[3] / 100),
    }
    length = 60 + max(4 * count, *(math.ceil(cycles) for cycles in beats.values()))
    errors = []
    if chance.random() < often:
        for way in chance.choice((("IN",), ("OUT",), ("IN", "OUT"))):
            transfers = (
                -(-count * FRAME_BYTES // 8) if way == "IN" else -(-count * RESULT_BYTES // 128)
            )  # beats, bursts
            response = chance.choice((SLVERR, DECERR))
            errors.append((way, chance.randrange(transfers), chance.choice((1, 1, 3, 1 << 40)), response))
    event = chance.choice(("interrupt", "reset")) if chance.random() < often else None
    pace = chance.choice((8 * length, 8 * length, chance.randrange(20, 2000)))
    return Trouble(stalls, tuple(errors), event, chance.randrange(length), pace)


class Bus:
    """The board's registers as the driver gets them, and the clock it looks at. Time passes at every access."""

    def __init__(self, board: Board, memory: bytearray, chance: random.Random) -> None:
        self.board = board
        self.memory = memory
        self.before = b""  # the memory as it was when the job's first DMA was started
        self.errors_before = 0  # error answers until then
        self.happened: str | None = None  # the event that came
        self._chance = chance
        self._trouble: Trouble | None = None
        self._due: int | None = None
        self._slept = 0.0

    def arm(self, trouble: Trouble | None) -> None:
        """Let this trouble happen from the next start on; None: no more."""
        self._trouble, self._due, self.happened = trouble, None, None
        self.before, self.errors_before = b"", self.board.errors

    def read(self, offset: int) -> int:
        self._pass(self._chance.randrange(4))
        return self.board.read(offset)

    def write(self, offset: int, value: int) -> None:
        self._pass(self._chance.randrange(4))
        if offset == registers.OFFSETS["OUT_CONTROL"] and self._trouble and not self.before:
            self.before, self.errors_before = bytes(self.memory), self.board.errors
            for way, after, count, response in self._trouble.errors:
                self.board.set_errors(way, after, count, response)
            if self._trouble.event:
                self._due = self.board.cycles + self._trouble.at
        self.board.poke(offset, value)

    def monotonic(self) -> float:
        return self.board.cycles / CLOCK_HZ + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        self._pass(self._trouble.pace if self._trouble else 1000)

    def _pass(self, cycles: int) -> None:
        if self._due is None:
            self.board.run(cycles)
            return
        self.board.run(max(0, min(cycles, self._due - self.board.cycles)))
        if self.board.cycles >= self._due:
            assert self._trouble
            self._due, self.happened = None, self._trouble.event
            if self.happened == "interrupt":
                raise Interrupt
            self.board.poke(registers.OFFSETS["RESET"], 1)


class Buffer(np.ndarray[Any, np.dtype[np.uint8]]):
    """A piece of the shared memory with what the driver wants of pynq's buffers."""

    device_address = 0
    traffic: "Traffic"

    def flush(self) -> None: ...

    def invalidate(self) -> None: ...

    def freebuffer(self) -> None:
        self.traffic.free(self.device_address - BASE, len(self))


class Traffic:
    """Frames on their way through one board, and the account of them. `often`: chance of each kind of trouble."""

    def __init__(self, rtl: Path, library: Path, seed: int, often: float, most_frames: int = MOST_FRAMES) -> None:
        self.seen: Counter[str] = Counter()
        self._seed, self._often, self._most = seed, often, most_frames
        self._chance = random.Random(seed)
        self._memory = bytearray(self._chance.randbytes(MEMORY))
        self._board = Board(library, rtl, self._memory, BASE)
        self._bus = Bus(self._board, self._memory, self._chance)
        described = metadata.describe(design.load(rtl), design.digest(rtl), "0" * 64, "0" * 64)
        self._driver = accelerator.Accelerator(
            self._bus,
            driver_metadata.parse(json.dumps(described).encode(), Path("frames.json")),
            self._allocate,
            TIMEOUT_SECONDS,
        )
        self._places: list[tuple[int, int]] = []  # of the job's two buffers: start and size
        self._held: list[tuple[int, int]] = []  # of all buffers that the driver has not given back
        self._after = bytearray(self._memory)  # the memory as the last job left it

    @property
    def cycles(self) -> int:
        return self._board.cycles

    def run(self, count: int) -> None:
        """Bring frames 0 .. count - 1 through, each once. Raises Lost; `seen` counts what happened on the way."""
        done = np.zeros(count, np.int64)
        failed: list[npt.NDArray[np.int64]] = []
        fresh = 0
        with self._simulated_time():
            while fresh < count or failed:
                if failed and (fresh == count or self._chance.random() < 0.5):
                    numbers = failed.pop(self._chance.randrange(len(failed)))
                else:
                    size = self._chance.choice((1, 2, 7, 30, self._most // 4, self._most, self._most))
                    numbers = np.arange(fresh, min(count, fresh + self._chance.randint(1, size)))
                    fresh = int(numbers[-1]) + 1
                self.seen["jobs"] += 1
                if self._job(numbers):
                    done[numbers] += 1
                else:
                    failed.append(numbers)
        wrong = np.flatnonzero(done != 1)
        if len(wrong):
            raise self._lost(f"{len(wrong)} frames, the first {wrong[0]}, came out {done[wrong[0]]} times, not once")

    def stopped(self, channel: str, count: int) -> StallError:
        """What the driver says of a job of `count` frames while `channel` (library.CHANNELS) has stopped."""
        self._places.clear()
        self._board.set_stall(0, 0)
        self._board.set_channel_stall(channel, 100)
        self._bus.arm(Trouble((), (), None, 0, 1000))
        try:
            with self._simulated_time():
                self._driver.run(frames(np.arange(count), 0))
        except StallError as error:
            return error
        finally:
            self._board.set_channel_stall(channel, 0)
            self._bus.arm(None)
            self._after = bytearray(self._memory)
        raise self._lost(f"a job went well although {channel} had stopped")

    def _job(self, numbers: npt.NDArray[np.int64]) -> bool:
        """One job of these frames; whether it was good."""
        images = frames(numbers, self.seen["jobs"])
        expected = results(images)
        self._places.clear()
        happens = trouble(self._chance, len(numbers), self._often)
        self._board.set_stall(self._chance.getrandbits(32), 0)
        for channel, percent in zip(CHANNELS, happens.stalls, strict=True):
            self._board.set_channel_stall(channel, percent)
        self._bus.arm(happens)
        ended, output = "good", None
        try:
            output, _ = self._driver.run(images)
        except (BusError, StallError, DeviceError) as error:
            ended = type(error).__name__
        except HostError as error:
            raise self._lost(f"the driver gives up: {error}") from error
        except Interrupt:
            ended = "Interrupt"
        errors = self._board.errors - self._bus.errors_before
        event = self._bus.happened
        self._check_memory(expected, ended == "good")
        self._after = bytearray(self._memory)
        self._bus.arm(None)
        for way in ("IN", "OUT"):
            self._board.set_errors(way, 0, 0)
        self.seen[ended] += 1
        self.seen["bus errors"] += errors
        if event:
            self.seen[event] += 1
        # What may come of what happened: an interrupt ends the job; an error must be told, unless a reset came before.
        possible = {"Interrupt"} if event == "interrupt" else {"BusError"} if errors else {"good"}
        if event == "reset":
            possible |= {"StallError", "DeviceError"}
        if ended not in possible:
            raise self._lost(f"the job of {len(numbers)} frames ended as {ended}, with {errors} bus errors and {event}")
        if output is not None and not np.array_equal(output.astype(np.uint8), expected):
            raise self._lost(
                f"the driver calls the job good, but {self._first_wrong(output.astype(np.uint8), expected)}"
            )
        return output is not None

    def _allocate(self, size: int) -> Buffer:
        """A place that no other buffer has; any two are apart by guard bytes."""
        if not self._places:
            self._check_memory_since()
        while True:
            start = 8 * self._chance.randrange((MEMORY - size) // 8)
            if all(start >= other + length + 8 or start + size + 8 <= other for other, length in self._held):
                break
        self._places.append((start, size))
        self._held.append((start, size))
        buffer = np.frombuffer(self._memory, np.uint8, size, start).view(Buffer)
        buffer.device_address, buffer.traffic = BASE + start, self
        return buffer

    def _check_memory(self, expected: Bytes, good: bool) -> None:
        if not self._bus.before:
            return  # ended before anything was started
        (_, _), (start, _) = self._places
        before = np.frombuffer(self._bus.before, np.uint8)
        now = np.frombuffer(self._memory, np.uint8)
        right = before.copy()
        right[start : start + expected.size] = expected.reshape(-1)
        wrong = now != right
        if not good:
            wrong &= now != before
        if wrong.any():
            first = int(np.argmax(wrong))
            raise self._lost(
                f"byte {first} of the memory became 0x{now[first]:02x} (results: {start} .. {start + expected.size}, "
                f"expected 0x{right[first]:02x})"
            )
        if self._board.broken_rule:
            raise self._lost(f"the shell broke a rule of AXI4: {self._board.broken_rule}")

    def free(self, start: int, size: int) -> None:
        """From now on no byte of this buffer may change."""
        self._held.remove((start, size))
        self._after[start : start + size] = self._memory[start : start + size]

    def _check_memory_since(self) -> None:
        """Nothing changed since the last job, but in buffers that its end could not free."""
        now, after = bytearray(self._memory), bytearray(self._after)
        for start, size in self._held:
            now[start : start + size] = after[start : start + size] = bytes(size)
        if now != after:
            raise self._lost("memory that the driver had given back changed after the last job's end")

    @staticmethod
    def _first_wrong(output: Bytes, expected: Bytes) -> str:
        wrong = np.flatnonzero((output != expected).any(axis=1))
        return f"{len(wrong)} results are not their frames', the first at {wrong[0]}"

    def _lost(self, text: str) -> Lost:
        happened = ", ".join(f"{name}: {count}" for name, count in sorted(self.seen.items()))
        return Lost(f"seed {self._seed}, job {self.seen['jobs']}, cycle {self.cycles}: {text} ({happened})")

    @contextlib.contextmanager
    def _simulated_time(self) -> Iterator[None]:
        clock = types.SimpleNamespace(
            monotonic=self._bus.monotonic, perf_counter=self._bus.monotonic, sleep=self._bus.sleep
        )
        with mock.patch.object(accelerator, "time", clock):
            yield
