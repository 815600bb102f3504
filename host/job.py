# SPDX-License-Identifier: BSD-3-Clause
"""One job's memory: images packed for the accelerator, results unpacked, and where the time went."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from host import packing
from host.errors import RangeError
from host.metadata import Metadata

BUS_BYTES = 8
LARGEST = 16 << 20
"""Bytes of a job's buffer at most, unless a single image needs more."""

Results = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Timing:
    """Where the time of one call went. Seconds are wall time of the host, cycles are counted by the accelerator.

    `fill_cycles`: from the start to the end of the first result. `interval_cycles`: between two results of the
    steady state, nan if no job had two frames. `wait_seconds` is what the host waited for the accelerator with nothing
    else to do; on the simulated board that is the speed of the simulator and says nothing about hardware.
    """

    images: int
    pack_seconds: float
    transfer_seconds: float
    wait_seconds: float
    unpack_seconds: float
    cycles: int
    fill_cycles: int
    interval_cycles: float


def frames_of_a_job(metadata: Metadata, wanted: int) -> int:
    """`wanted` images, or as many as fit into 16 MiB a buffer, but one at least. Raises RangeError below 1."""
    if wanted < 1:
        raise RangeError(f"{wanted} images a batch, expected at least 1")
    return max(1, min(wanted, LARGEST // max(metadata.input.frame_bytes, metadata.output.frame_bytes)))


def whole_words(size: int) -> int:
    """`size` bytes rounded up to the bus' words."""
    return -(-size // BUS_BYTES) * BUS_BYTES


class Pair:
    """Two buffers of the board, `into` for images and `out` for results, used by one job after the other."""

    def __init__(self, metadata: Metadata, into: Any, out: Any) -> None:
        self._metadata = metadata
        self._into, self._out = into, out
        self.addresses = {"IN": int(into.device_address), "OUT": int(out.device_address)}
        self.frames = 0
        self._pack_seconds = self._flush_seconds = 0.0

    def pack(self, images: packing.Bytes) -> None:
        """Make this the memory of a job of checked images uint8 [N, H, W, C]: pack them and hand them to the board."""
        begin = time.perf_counter()
        self.frames = len(images)
        size = self.frames * self._metadata.input.frame_bytes
        memory = np.asarray(self._into)
        packing.pack(images, self._metadata.input, memory[:size])
        memory[size : whole_words(size)] = 0
        packed = time.perf_counter()
        self._into.flush()  # whole buffers: slices of remote ones misbehave
        self._pack_seconds, self._flush_seconds = packed - begin, time.perf_counter() - packed

    def unpack(self, counters: Mapping[str, int], wait_seconds: float) -> tuple[Results, Timing]:
        """Results int32 [N, *output shape] of the job that ended with `counters`, which the host waited for so long."""
        begin = time.perf_counter()
        self._out.invalidate()
        fetched = time.perf_counter()
        layout = self._metadata.output
        results = packing.unpack(np.asarray(self._out)[: self.frames * layout.frame_bytes], layout)
        unpacked = time.perf_counter()
        first, last = counters["FIRST_FRAME_CYCLE"], counters["LAST_FRAME_CYCLE"]
        return results, Timing(
            images=self.frames,
            pack_seconds=self._pack_seconds,
            transfer_seconds=self._flush_seconds + fetched - begin,
            wait_seconds=wait_seconds,
            unpack_seconds=unpacked - fetched,
            cycles=counters["CYCLES_HIGH"] << 32 | counters["CYCLES_LOW"],
            fill_cycles=first,
            interval_cycles=((last - first) & 0xFFFFFFFF) / (self.frames - 1) if self.frames > 1 else float("nan"),
        )
