# SPDX-License-Identifier: BSD-3-Clause
"""Measure an accelerator: speed by batch size, each part by itself, and the energy of an image.

Cycles come from the accelerator's counters, seconds from the host's clock; the two are never mixed. Every result is
compared with the expected one, so that no speed is told of an accelerator that errs.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from host.board import versions
from host.errors import BoardMemoryError, HostMemoryError, MissingFileError, RangeError, SelfTestError
from host.measurement import Batch, Energy, HostTimes, Measurement, Meter, Rails, spread
from host.sensors import Power

if TYPE_CHECKING:
    from host.driver import Driver
    from host.throughput import Throughput

BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
REPETITIONS, WARM_UP = 20, 3
SIMULATED_BATCHES = (1, 2, 5, 10, 20, 50, 100)
SIMULATED_REPETITIONS, SIMULATED_WARM_UP = 3, 1
"""On the simulated board, where a batch of 10,000 takes minutes, and a repetition counts the same cycles again."""
ENERGY_SECONDS = 5.0

_IDLE_SECONDS = 1.0
_SAMPLE_SECONDS = 0.1
_MOST_BYTES = 256 << 20
_MEMORY = Path("/proc/meminfo")

Pixels = npt.NDArray[np.uint8]
Results = npt.NDArray[np.int32]


def measure(
    overlay: "Driver",
    batches: Sequence[int] | None = None,
    repetitions: int | None = None,
    warm_up: int | None = None,
    watts: float | None = None,
    energy_seconds: float = ENERGY_SECONDS,
    say: Callable[[str], None] = lambda text: None,
) -> Measurement:
    """Run each batch size `warm_up` times, then `repetitions` times measured; then the largest for its energy.

    `watts` is the user's own reading of a meter, `say` is told of the progress. A batch that does not fit the memory of
    host or board is `skipped` in the result. Raises RangeError about the arguments, SelfTestError if a result is wrong,
    and whatever a run raises.
    """
    batches = tuple(sorted({*(batches or (SIMULATED_BATCHES if overlay.simulated else BATCHES))}))
    repetitions = (SIMULATED_REPETITIONS if overlay.simulated else REPETITIONS) if repetitions is None else repetitions
    warm_up = (SIMULATED_WARM_UP if overlay.simulated else WARM_UP) if warm_up is None else warm_up
    _check(batches, repetitions, warm_up, watts, energy_seconds, overlay.simulated)
    source = _Images(overlay)
    rows = []
    for number, images in enumerate(batches, 1):
        say(f"batch of {images:,} ({number} of {len(batches)}), {warm_up} + {repetitions} times")
        rows.append(_batch(overlay, source, images, repetitions, warm_up))
    fitting = [row.images for row in rows if row.skipped is None]
    energy = None
    if fitting and not overlay.simulated:
        energy = _energy(overlay, source, fitting[-1], energy_seconds, watts, say)
    return Measurement(
        model=overlay.metadata.model,
        design_hash=overlay.metadata.design_hash,
        simulated=overlay.simulated,
        clock_mhz=overlay.clock_mhz,
        measured=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        board=overlay.board,
        driver=versions(),
        repetitions=repetitions,
        warm_up=warm_up,
        images=source.of,
        batches=tuple(rows),
        energy=energy,
    )


def _check(
    batches: tuple[int, ...], repetitions: int, warm_up: int, watts: float | None, seconds: float, simulated: bool
) -> None:
    if batches[0] < 1:
        raise RangeError(f"a batch of {batches[0]} images was asked for, expected at least 1")
    if repetitions < 1 or warm_up < 0:
        raise RangeError(f"{repetitions} repetitions after {warm_up}, expected at least 1 after at least 0")
    if not 0 < seconds < math.inf:
        raise RangeError(f"{seconds} seconds for the energy, expected more than 0")
    if watts is not None and not 0 < watts < math.inf:
        raise RangeError(f"a reading of {watts} W, expected more than 0")
    if watts is not None and simulated:
        raise RangeError(f"a reading of {watts} W for a simulated board: there is nothing that a meter could measure")


class _Images:
    """Batches of any size of the golden images one after another; of random pixels where there are none."""

    def __init__(self, overlay: "Driver") -> None:
        self._frame = math.prod(overlay.metadata.input.shape) + 3 * 4 * math.prod(overlay.metadata.output.shape)
        try:
            self._images, self._expected = overlay.golden_vectors()
            self.of = "golden"
        except MissingFileError:
            source = overlay.metadata.input
            random = np.random.default_rng(0)
            self._images = random.integers(0, 1 << source.bits, (64, *source.shape), dtype=np.uint8)
            self._expected, _ = overlay.run_timed(self._images)
            self.of = "random"

    def batch(self, count: int) -> tuple[Pixels, Results]:
        """`count` images and what they must give. Raises HostMemoryError before Linux would end the process for it."""
        needed, there = count * self._frame, min(_MOST_BYTES, _available() // 2)
        if needed > there:
            raise HostMemoryError(f"needs {needed >> 20} MiB of the host's memory, {there >> 20} MiB may be taken")
        index = np.arange(count) % len(self._images)
        return self._images[index], self._expected[index]


def _available() -> int:
    """Bytes that the host has left; as good as endless where it does not tell."""
    try:
        lines = _MEMORY.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return 1 << 62


def _batch(overlay: "Driver", source: _Images, count: int, repetitions: int, warm_up: int) -> Batch:
    try:
        images, expected = source.batch(count)
        for _ in range(warm_up):
            _call(overlay, images, expected)
        calls = [_call(overlay, images, expected) for _ in range(repetitions)]
    except (MemoryError, HostMemoryError, BoardMemoryError) as error:
        return Batch(count, skipped=str(error) or "the host has no memory for it")
    speeds = [speed for speed, _ in calls]
    host = None
    if not overlay.simulated:
        host = HostTimes(
            pack=spread([speed.pack_seconds for speed in speeds]),
            transfer=spread([speed.transfer_seconds for speed in speeds]),
            unpack=spread([speed.unpack_seconds for speed in speeds]),
            call=spread([seconds for _, seconds in calls]),
        )
    intervals = [speed.interval_cycles for speed in speeds]
    return Batch(
        images=count,
        fill_cycles=spread([speed.fill_cycles for speed in speeds]),
        interval_cycles=None if any(map(math.isnan, intervals)) else spread(intervals),
        cycles=spread([speed.cycles for speed in speeds]),
        host_seconds=host,
    )


def _call(overlay: "Driver", images: Pixels, expected: Results) -> "tuple[Throughput, float]":
    """One call's parts and its seconds in all. Raises SelfTestError if a result is not the expected one."""
    begin = time.perf_counter()
    got, speed = overlay.run_timed(images)
    seconds = time.perf_counter() - begin
    if not np.array_equal(got, expected):
        image = int(np.argwhere((got != expected).any(axis=1))[0, 0])
        raise SelfTestError(
            f"in a batch of {len(images)}, image {image} gives {got[image].tolist()}, "
            f"expected {expected[image].tolist()}: there is no speed to tell of wrong results"
        )
    return speed, seconds


def _energy(
    overlay: "Driver", source: _Images, count: int, least: float, watts: float | None, say: Callable[[str], None]
) -> Energy:
    """Calls of `count` images without a pause, for `least` seconds; power is sampled before and while they run."""
    images, expected = source.batch(count)
    now = overlay.power()
    rails = None
    if now.watts is None:
        say(f"energy: batches of {count:,} for {least:g} s (without a sensor: read a meter now, then --watts)")
        total, seconds = _run_for(overlay, images, expected, least)
    else:
        say(f"energy: at rest for {_IDLE_SECONDS:g} s, then batches of {count:,} for {least:g} s")
        with _Sampler(overlay) as idle:
            time.sleep(_IDLE_SECONDS)
        with _Sampler(overlay) as busy:
            total, seconds = _run_for(overlay, images, expected, least)
        drawn = busy.mean()
        rails = Rails(
            watts=drawn,
            idle_watts=idle.mean(),
            samples=len(busy.readings),
            of=now.note,
            by_rail={rail: float(np.mean([power.rails[rail] for power in busy.readings])) for rail in now.rails},
            joules_per_image=drawn * seconds / total,
        )
    meter = None if watts is None else Meter(watts, watts * seconds / total)
    return Energy(count, total, seconds, rails, meter, now.note)


def _run_for(overlay: "Driver", images: Pixels, expected: Results, least: float) -> tuple[int, float]:
    """Images that were run, and the seconds of it: at least `least`, at least one call."""
    total, begin = 0, time.perf_counter()
    while True:
        _call(overlay, images, expected)
        total += len(images)
        seconds = time.perf_counter() - begin
        if seconds >= least:
            return total, seconds


class _Sampler:
    """Reads the board's power in a thread while the context lasts: at its begin, every 0.1 s, and at its end."""

    def __init__(self, overlay: "Driver") -> None:
        self.readings: list[Power] = []
        self._overlay = overlay
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._error: BaseException | None = None

    def __enter__(self) -> "_Sampler":
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._done.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def mean(self) -> float:
        """Watts."""
        return float(np.mean([power.watts for power in self.readings]))

    def _sample(self) -> None:
        try:
            while True:
                ended = self._done.wait(_SAMPLE_SECONDS if self.readings else 0)
                self.readings.append(self._overlay.power())
                if ended:
                    return
        except BaseException as error:
            self._error = error
