# SPDX-License-Identifier: BSD-3-Clause
"""One job of the accelerator: buffers, registers, waiting, and what is said when it stops. Knows nothing of pynq."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from host import packing, registers
from host.diagnosis import PROGRESS, stopped_stage
from host.errors import BusError, BusyError, DeviceError, MismatchError, StallError
from host.metadata import Metadata

OFFSETS = registers.OFFSETS

_JOB_BYTES = 16 << 20
_BUS_BYTES = 8


class Registers(Protocol):
    """32-bit registers by byte offset, as pynq's MMIO gives them."""

    def read(self, offset: int) -> int:
        """The word at `offset`."""

    def write(self, offset: int, value: int) -> None:
        """Write the word at `offset`."""


@dataclass(frozen=True)
class Timing:
    """Where the time of one call went. Seconds are wall time of the host, cycles are counted by the accelerator.

    `fill_cycles`: from the start to the end of the first result. `interval_cycles`: between two results of the
    steady state, nan if no job had two frames. `wait_seconds` is what the host waited for the accelerator; on the
    simulated board that is the speed of the simulator and says nothing about hardware.
    """

    images: int
    pack_seconds: float
    transfer_seconds: float
    wait_seconds: float
    unpack_seconds: float
    cycles: int
    fill_cycles: int
    interval_cycles: float


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
        self._stranded: list[Any] = []  # buffers of jobs that failed, until the next reset is over

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

    def run(self, images: packing.Bytes) -> tuple[npt.NDArray[np.int32], Timing]:
        """Results int32 [N, *output shape] of checked images uint8 [N, H, W, C], in jobs of at most 16 MiB a buffer.

        Raises BusyError, StallError or BusError; the accelerator is reset then, so that the next call starts afresh.
        """
        self.identify()
        source, result = self.metadata.input, self.metadata.output
        step = max(1, min(len(images), _JOB_BYTES // max(source.frame_bytes, result.frame_bytes)))
        outputs, timings = [], []
        for start in range(0, len(images), step):
            output, timing = self._job(images[start : start + step])
            outputs.append(output)
            timings.append(timing)
        return np.concatenate(outputs), _sum(timings)

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
        while self._stranded:
            self._stranded.pop().freebuffer()

    def _job(self, images: packing.Bytes) -> tuple[npt.NDArray[np.int32], Timing]:
        source, result = self.metadata.input, self.metadata.output
        frames = len(images)
        if self._stranded or not self._idle():
            self.reset()
        with contextlib.ExitStack() as stack:
            into = self._buffer(stack, frames * source.frame_bytes)
            out = self._buffer(stack, frames * result.frame_bytes)
            begin = time.perf_counter()
            memory = np.asarray(into)
            packing.pack(images, source, memory[: frames * source.frame_bytes])
            memory[frames * source.frame_bytes :] = 0
            packed = time.perf_counter()
            into.flush()
            flushed = time.perf_counter()
            try:
                self._start(into, out, frames)
                self._wait(frames)
                counters = self._finish(frames)
            except BaseException:
                # Buffers go when the DMAs are at rest; a dead bus or a second interrupt can put that off.
                stack.pop_all()
                self._stranded += [into, out]
                # The first error is the one worth telling.
                with contextlib.suppress(Exception):
                    self.reset()
                raise
            waited = time.perf_counter()
            out.invalidate()
            fetched = time.perf_counter()
            output = packing.unpack(np.array(out, np.uint8, subok=False)[: frames * result.frame_bytes], result)
            unpacked = time.perf_counter()
        first, last = counters["FIRST_FRAME_CYCLE"], counters["LAST_FRAME_CYCLE"]
        return output, Timing(
            images=frames,
            pack_seconds=packed - begin,
            transfer_seconds=(flushed - packed) + (fetched - waited),
            wait_seconds=waited - flushed,
            unpack_seconds=unpacked - fetched,
            cycles=counters["CYCLES_HIGH"] << 32 | counters["CYCLES_LOW"],
            fill_cycles=first,
            interval_cycles=((last - first) & 0xFFFFFFFF) / (frames - 1) if frames > 1 else float("nan"),
        )

    def _buffer(self, stack: contextlib.ExitStack, size: int) -> Any:
        # Whole buffers, whole bus words: slices of remote buffers misbehave.
        buffer = self._allocate(-(-size // _BUS_BYTES) * _BUS_BYTES)
        stack.callback(buffer.freebuffer)
        return buffer

    def _start(self, into: Any, out: Any, frames: int) -> None:
        self._write("ERROR", registers.READ_ERROR | registers.WRITE_ERROR | registers.JOB_REFUSED)
        for name, buffer in (("OUT", out), ("IN", into)):
            address = int(buffer.device_address)
            self._write(f"{name}_ADDRESS_LOW", address & 0xFFFFFFFF)
            self._write(f"{name}_ADDRESS_HIGH", address >> 32)
            self._write(f"{name}_FRAMES", frames)
            self._write(f"{name}_CONTROL", registers.START)

    def _wait(self, frames: int) -> None:
        """Poll until the output DMA is done; StallError after `timeout` seconds without progress, BusError at once."""
        pause = 50e-6
        progress, since = self._counters(PROGRESS), time.monotonic()
        while not self._read("OUT_CONTROL") & registers.DONE:
            self._raise_bus_error()
            now = self._counters(PROGRESS)
            if now != progress:
                progress, since = now, time.monotonic()
            elif time.monotonic() - since > self.timeout:
                self._raise_stall(frames)
            time.sleep(pause)
            pause = min(2 * pause, 0.01)

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


def _sum(timings: list[Timing]) -> Timing:
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
