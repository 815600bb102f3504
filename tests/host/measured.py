# SPDX-License-Identifier: BSD-3-Clause
"""A made-up overlay that `bench` measures: its times and cycles are scripted, so that every figure can be reckoned."""

import itertools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from host.board import Board
from host.errors import BoardMemoryError, MissingFileError
from host.metadata import Metadata
from host.packing import Layout
from host.sensors import Power

INPUT, OUTPUT = Layout((2, 3, 1), 4, False, 3, 2, 2), Layout((3,), 7, True, 1, 1, 3)
HASH = "ab" * 32
METADATA = Metadata("toy", INPUT, OUTPUT, ("a", "b", "c"), 100.0, "part", HASH, "", "")
FILL, INTERVAL = 500, 40
NO_SENSOR = Power(None, "Pynq-Z2 has no power sensor that Linux knows of: measure at its supply")


class Overlay:
    """Call n packs for n ms and transfers for 10 * n ms; its first image takes FILL + n cycles."""

    metadata = METADATA
    clock_mhz = 100.0

    def __init__(self, simulated: bool = False, golden: bool = True, memory: int = 1 << 30) -> None:
        self.simulated = simulated
        self.calls: list[int] = []
        self.wrong_at: int | None = None
        self.readings: Iterator[Power] = itertools.repeat(NO_SENSOR)
        self.during: Callable[[], None] = lambda: None
        self._golden = golden
        self._memory = memory

    def golden_vectors(self) -> tuple[np.ndarray, np.ndarray]:
        if not self._golden:
            raise MissingFileError("toy.golden.npz: missing")
        images = np.random.default_rng(1).integers(0, 16, (7, *INPUT.shape), dtype=np.uint8)
        return images, self._results(images)

    def run_timed(self, images: np.ndarray) -> tuple[np.ndarray, Any]:
        self.during()
        count = len(images)
        if count * INPUT.frame_bytes > self._memory:
            raise BoardMemoryError(f"the board has no memory for a buffer of {count * INPUT.frame_bytes} bytes")
        self.calls.append(count)
        call = len(self.calls)
        results = self._results(images)
        if self.wrong_at == call:
            results[-1, 1] += 1
        return results, SimpleNamespace(
            images=count,
            pack_seconds=1e-3 * call,
            transfer_seconds=1e-2 * call,
            unpack_seconds=1e-4,
            cycles=FILL + call + INTERVAL * (count - 1) + 9,
            fill_cycles=FILL + call,
            interval_cycles=float(INTERVAL) if count > 1 else float("nan"),
        )

    def power(self) -> Power:
        return next(self.readings)

    @property
    def board(self) -> Board:
        if self.simulated:
            return Board("wrapnet-simulated", None, None, True)
        return Board("Pynq-Z2", "Release 2022_09_20 5a02a07", "PynqLinux 22.04, Linux 5.15", False)

    def _results(self, images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), 2, 3).astype(np.int32).sum(axis=1)
