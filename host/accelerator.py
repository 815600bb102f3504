# SPDX-License-Identifier: BSD-3-Clause
"""Jobs of the accelerator: registers, waiting, and what is said when one stops. Knows nothing of pynq."""

import contextlib
import itertools
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from host import packing, registers
from host.diagnosis import PROGRESS, stopped_stage
from host.errors import BusError, BusyError, DeviceError, MismatchError, StallError
from host.job import Pair, Results, Timing, frames_of_a_job, whole_words
from host.metadata import Metadata

OFFSETS = registers.OFFSETS


class Registers(Protocol):
    """32-bit registers by byte offset, as pynq's MMIO gives them."""

    def read(self, offset: int) -> int:
        """The word at `offset`."""

    def write(self, offset: int, value: int) -> None:
        """Write the word at `offset`."""


class Accelerator:
    """Runs jobs through `mmio`, with buffers from `allocate(bytes)` (pynq's, uint8, one dimension).

    `timeout` is the time in seconds without any progress after which a job counts as stopped.
    """

    def __init__(
        self, mmio: Registers, metadata: Metadata, allocate: Callable[[int], Any], timeout: float = 10.0
    ) -> None:
        self.metadata = metadata
        self.timeout = timeout
        self._mmio = mmio
        self._allocate = allocate
        self._in_flight = False
        self._stranded = contextlib.ExitStack()  # frees buffers of jobs that failed, once a reset is over

    def identify(self) -> None:
        """Check that the board holds the design of the metadata. Raises DeviceError or MismatchError."""
        identity = self._read("IDENTITY")
        if identity != registers.IDENTITY:
            raise DeviceError(
                f"the design on the board does not identify itself: register 0x{OFFSETS['IDENTITY']:03x} reads "
                f"0x{identity:08x}, expected 0x{registers.IDENTITY:08x} ('WRAP'); load the bitstream again"
            )
        version = self._read("VERSION")
        if version != registers.VERSION:
            raise MismatchError(
                f"the design's register map is version {version}, this driver knows version {registers.VERSION}; "
                "use the driver that came with the bitstream"
            )
        found = self._read("DESIGN_HASH")
        if found != self.metadata.short_hash:
            raise MismatchError(
                f"the design on the board is 0x{found:08x}, the metadata of {self.metadata.model!r} describes "
                f"0x{self.metadata.short_hash:08x}: another bitstream was loaded; load this one again"
            )

    def run(self, images: packing.Bytes) -> tuple[Results, Timing]:
        """Results int32 [N, *output shape] of checked images uint8 [N, H, W, C], in jobs of at most 16 MiB a buffer.

        Raises what `jobs` raises.
        """
        step = frames_of_a_job(self.metadata, len(images))
        parts = [images[start : start + step] for start in range(0, len(images), step)]
        with contextlib.closing(self.jobs(parts, step, pairs=min(2, len(parts)))) as jobs:
            outputs, timings = zip(*jobs, strict=True)
        return np.concatenate(outputs), _sum(timings)

    def jobs(
        self, batches: Iterable[packing.Bytes], frames: int, pairs: int = 2
    ) -> Generator[tuple[Results, Timing], None, None]:
        """Results and timing of each batch, in order; a batch is 1 to `frames` checked images uint8 [N, H, W, C].

        The buffers are allocated once. While one job runs, the results of the job before it are unpacked and used by
        the caller, and the next batch is asked for and packed: that takes two `pairs`; one suffices for one batch.
        `batches` may give the same array again and again. Raises BusyError, StallError, BusError or DeviceError. Then,
        or if the iterator is closed, a job that still runs is aborted, so that the next call starts afresh.
        """
        self.identify()
        running: Pair | None = None
        with self._pairs(frames, pairs) as memory:
            for images, pair in zip(batches, itertools.cycle(memory), strict=False):
                pair.pack(images)
                ended = self._wait(running) if running else None
                self._start(pair)
                if running and ended:
                    yield running.unpack(*ended)
                running = pair
            if running:
                yield running.unpack(*self._wait(running))

    def reset(self) -> None:
        """Abort both DMAs and reset the accelerator. Raises BusyError if it does not become idle within a second."""
        self._write("RESET", 1)
        end = time.monotonic() + 1.0
        while self._read("RESET") & 1 or not self._idle():
            if time.monotonic() > end:
                raise BusyError(
                    "the accelerator does not become idle after a reset: "
                    f"input DMA 0x{self._read('IN_CONTROL'):x}, output DMA 0x{self._read('OUT_CONTROL'):x}; "
                    "load the bitstream again"
                )
            time.sleep(0.001)
        self._in_flight = False
        self._stranded.close()

    @contextlib.contextmanager
    def _pairs(self, frames: int, count: int) -> Iterator[list[Pair]]:
        """`count` pairs of buffers for up to `frames` images each. They are freed when no job is in flight any more."""
        if self._in_flight:
            self.reset()
        sizes = [whole_words(frames * end.frame_bytes) for end in (self.metadata.input, self.metadata.output)]
        with contextlib.ExitStack() as stack:
            pairs = [Pair(self.metadata, *(self._buffer(stack, size) for size in sizes)) for _ in range(count)]
            try:
                yield pairs
            except BaseException:
                if self._in_flight:
                    # Buffers go when the DMAs are at rest; a dead bus or a second interrupt can put that off.
                    self._stranded.enter_context(stack.pop_all())
                    # The first error is the one worth telling.
                    with contextlib.suppress(Exception):
                        self.reset()
                raise

    def _buffer(self, stack: contextlib.ExitStack, size: int) -> Any:
        buffer = self._allocate(size)

        def free() -> None:
            # A board that cannot be told any more has nothing to free; the caller has its results or a better error.
            with contextlib.suppress(Exception):
                buffer.freebuffer()

        stack.callback(free)
        return buffer

    def _start(self, pair: Pair) -> None:
        if not self._idle():
            self.reset()
        self._in_flight = True
        self._write("ERROR", registers.READ_ERROR | registers.WRITE_ERROR | registers.JOB_REFUSED)
        for name in ("OUT", "IN"):
            self._write(f"{name}_ADDRESS_LOW", pair.addresses[name] & 0xFFFFFFFF)
            self._write(f"{name}_ADDRESS_HIGH", pair.addresses[name] >> 32)
            self._write(f"{name}_FRAMES", pair.frames)
            self._write(f"{name}_CONTROL", registers.START)

    def _wait(self, pair: Pair) -> tuple[dict[str, int], float]:
        """Wait for the end of the job; its counters, and the seconds that it took from now.

        Polls until the output DMA is done; StallError after `timeout` seconds without progress, BusError at once.
        """
        begin = time.perf_counter()
        pause = 50e-6
        progress, since = self._counters(PROGRESS), time.monotonic()
        while not self._read("OUT_CONTROL") & registers.DONE:
            self._raise_bus_error()
            now = self._counters(PROGRESS)
            if now != progress:
                progress, since = now, time.monotonic()
            elif time.monotonic() - since > self.timeout:
                self._raise_stall(pair.frames)
            time.sleep(pause)
            pause = min(2 * pause, 0.01)
        counters = self._finish(pair.frames)
        self._in_flight = False
        return counters, time.perf_counter() - begin

    def _finish(self, frames: int) -> dict[str, int]:
        self._raise_bus_error()
        counters = self._counters(
            (*PROGRESS, "CYCLES_LOW", "CYCLES_HIGH", "FIRST_FRAME_CYCLE", "LAST_FRAME_CYCLE", "OUT_FRAMES")
        )
        words = frames * self.metadata.input.words_per_frame
        if counters["FRAMES_OUT"] != frames or counters["OUT_FRAMES"] != frames or counters["IN_WORDS"] != words:
            raise DeviceError(
                f"the accelerator says it is done after {counters['FRAMES_OUT']} frames of {counters['OUT_FRAMES']} "
                f"and {counters['IN_WORDS']} input words of {words}, {frames} frames were asked for: "
                "does another program use it?"
            )
        return counters

    def _raise_bus_error(self) -> None:
        status = self._read("ERROR")
        if status:
            causes = {
                registers.READ_ERROR: "reading the images was answered with an error",
                registers.WRITE_ERROR: "writing the results was answered with an error",
                registers.JOB_REFUSED: "a buffer's address was refused",
            }
            said = [text for bit, text in causes.items() if status & bit] or ["unknown cause"]
            raise BusError(f"AXI error, status 0x{status:x}: {', '.join(said)}", status)

    def _raise_stall(self, frames: int) -> None:
        names = (*PROGRESS, "IN_STALLS", "OUT_STALLS")
        earlier = self._counters(names)
        time.sleep(0.01)
        status = self._read("OUT_CONTROL")
        later = self._counters(names)
        if status & registers.IDLE and not (status | self._read("OUT_CONTROL")) & registers.DONE:
            raise DeviceError(
                f"the output DMA is idle and the job is not done, {later['FRAMES_OUT']} frames of {frames} are out: "
                "the accelerator was reset from outside; does another program use it?"
            )
        stage, reason = stopped_stage(earlier, later, self.metadata, frames)
        raise StallError(
            f"no progress for {self.timeout:g} s: the {stage} stopped: {reason}. "
            f"Frames out: {later['FRAMES_OUT']} of {frames}. The accelerator was reset; if it happens again, "
            "load the bitstream again",
            stage,
            later,
        )

    def _idle(self) -> bool:
        # Both are read always: reading clears the done flag of an earlier job.
        into, out = self._read("IN_CONTROL"), self._read("OUT_CONTROL")
        return bool(into & out & registers.IDLE)

    def _counters(self, names: tuple[str, ...]) -> dict[str, int]:
        return {name: self._read(name) for name in names}

    def _read(self, name: str) -> int:
        return int(self._mmio.read(OFFSETS[name])) & 0xFFFFFFFF

    def _write(self, name: str, value: int) -> None:
        self._mmio.write(OFFSETS[name], int(value) & 0xFFFFFFFF)


def _sum(timings: Sequence[Timing]) -> Timing:
    """One call's timing from its jobs': the fill is the first job's, the interval the longest job's."""
    longest = max(timings, key=lambda timing: timing.images)
    return Timing(
        images=sum(t.images for t in timings),
        pack_seconds=sum(t.pack_seconds for t in timings),
        transfer_seconds=sum(t.transfer_seconds for t in timings),
        wait_seconds=sum(t.wait_seconds for t in timings),
        unpack_seconds=sum(t.unpack_seconds for t in timings),
        cycles=sum(t.cycles for t in timings),
        fill_cycles=timings[0].fill_cycles,
        interval_cycles=longest.interval_cycles,
    )
