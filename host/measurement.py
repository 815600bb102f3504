# SPDX-License-Identifier: BSD-3-Clause
"""What `bench` found, as it is written to a file: medians, their spread, and where and with what they were measured."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from host import files, manifest
from host.board import Board

FORMAT = 1
FOLDER = "measurements"
SPREAD = "interquartile range"


@dataclass(frozen=True)
class Spread:
    """Repetitions of one quantity: their median, first and third quartile (interpolated linearly)."""

    median: float
    q1: float
    q3: float

    @property
    def iqr(self) -> float:
        """The interquartile range: half of the repetitions lie in it."""
        return self.q3 - self.q1


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value.

    >>> spread([1, 2, 3, 4, 9])
    Spread(median=3.0, q1=2.0, q3=4.0)
    """
    q1, median, q3 = (float(value) for value in np.percentile(np.asarray(values, float), [25, 50, 75]))
    return Spread(median, q1, q3)


@dataclass(frozen=True)
class HostTimes:
    """Wall time of one call, in seconds: parts of it, and all of it (`call`: the fabric's time and waiting included).

    `pack` checks and packs the images, `transfer` brings the DMA buffers to the accelerator and back (on the board
    itself: its caches; over a network: the network), `unpack` makes integers of the results. In a call of several jobs
    (of 16 MiB) the host's work and the fabric's overlap.
    """

    pack: Spread
    transfer: Spread
    unpack: Spread
    call: Spread


@dataclass(frozen=True)
class Batch:
    """One batch size. Cycles are the accelerator's own count; `host_seconds` is None on the simulated board.

    `fill_cycles`: latency of the first image. `interval_cycles`: distance of two images in the steady state, None for
    a single image. `cycles`: the whole batch, filling included. `skipped` says why the rest is None.
    """

    images: int
    fill_cycles: Spread | None = None
    interval_cycles: Spread | None = None
    cycles: Spread | None = None
    host_seconds: HostTimes | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class Rails:
    """Power of the board's own sensors, in watts: mean while it ran, mean at rest before, and each rail while it ran.

    `of` says what is summed. `samples` is the number of readings while it ran.
    """

    watts: float
    idle_watts: float
    samples: int
    of: str
    by_rail: dict[str, float]
    joules_per_image: float


@dataclass(frozen=True)
class Meter:
    """The user's own reading, in watts, and what follows from it. Nothing of it was measured by `bench`."""

    watts: float
    joules_per_image: float


@dataclass(frozen=True)
class Energy:
    """What was drawn while calls of `batch` images followed each other: `images` of them in `seconds` of wall time.

    Host and fabric together, as `seconds` is the whole time. `note` says in words what there is.
    """

    batch: int
    images: int
    seconds: float
    rails: Rails | None
    meter: Meter | None
    note: str


@dataclass(frozen=True)
class Measurement:
    """One run of `bench`. `images` says what the images were; `measured` is UTC by the clock of the driver's computer.

    `driver` are the versions of what drove the board. `energy` is None where nothing ran for it.
    """

    model: str
    design_hash: str
    simulated: bool
    clock_mhz: float
    measured: str
    board: Board
    driver: dict[str, str]
    repetitions: int
    warm_up: int
    images: str
    batches: tuple[Batch, ...]
    energy: Energy | None

    def fps(self, batch: Batch) -> float | None:
        """Images a second of the fabric in the steady state: clock / interval."""
        return None if batch.interval_cycles is None else self.clock_mhz * 1e6 / batch.interval_cycles.median

    def batch_fps(self, batch: Batch) -> float | None:
        """Images a second of the fabric over the whole batch, filling included."""
        return None if batch.cycles is None else batch.images * self.clock_mhz * 1e6 / batch.cycles.median

    def call_fps(self, batch: Batch) -> float | None:
        """Images a second of a whole call, host included; None on the simulated board."""
        return None if batch.host_seconds is None else batch.images / batch.host_seconds.call.median

    def latency_us(self, batch: Batch) -> float | None:
        """Latency of the first image in the fabric: fill / clock."""
        return None if batch.fill_cycles is None else batch.fill_cycles.median / self.clock_mhz

    def as_json(self) -> dict[str, Any]:
        """The file's content, with the figures that follow from the others beside them."""
        batches = [
            {"images": batch.images, "skipped": batch.skipped}
            if batch.skipped is not None
            else {
                **{key: value for key, value in asdict(batch).items() if key != "skipped"},
                "latency_us": self.latency_us(batch),
                "fps": self.fps(batch),
                "batch_fps": self.batch_fps(batch),
                "call_fps": self.call_fps(batch),
            }
            for batch in self.batches
        ]
        return {"format": FORMAT, **asdict(self), "spread": SPREAD, "batches": batches}


def save(measurement: Measurement, path: Path) -> None:
    """Write it as JSON to `path`, whole or not at all; its folder is made if it is missing."""
    files.write(path, (json.dumps(measurement.as_json(), indent=2, allow_nan=False) + "\n").encode())


def default_path(bitfile: Path, board: str) -> Path:
    """measurements/<board>.json, where the report reads it if `bitfile` lies below build/<model>/; else beside it."""
    folder = bitfile.parent
    if not (folder / manifest.NAME).exists():
        if folder.name == "board":
            folder = folder.parent
        elif folder.parent.name == "bitstream":
            folder = folder.parents[1]
    return folder / FOLDER / f"{re.sub(r'[^A-Za-z0-9.-]', '_', board).strip('.') or 'board'}.json"
