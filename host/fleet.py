# SPDX-License-Identifier: BSD-3-Clause
"""Several boards in the network, one job: batches are shared out, and a board that fails leaves its batch to others."""

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host import metadata as files
from host import packing
from host.errors import FleetError, HostError, RangeError
from host.items import Items
from host.job import frames_of_a_job
from host.overlay import WrapNetOverlay, host_and_port, reach
from host.throughput import Throughput

_AHEAD = 4

_Outcome = tuple[npt.NDArray[np.int32], Throughput]


@dataclass(frozen=True)
class _Batch:
    """Images [N, H, W, C], `number` counts the batches of a call, `first` the images before this one."""

    number: int
    first: int
    images: packing.Bytes

    def __str__(self) -> str:
        return f"images {self.first} to {self.first + len(self.images) - 1}"


class Fleet:
    """The design of `bitfile` on the boards at `devices` ("host[:port]" each, all different), loaded at the same time.

    `timeout` is each board's, see WrapNetOverlay. A board that cannot be reached, fails, or hangs for that long is
    lost: it is used no more, and `lost` says why, by address. Raises FleetError if that leaves none, DeviceError or
    RangeError about the addresses, and what WrapNetOverlay raises about the files.

    While a call runs, each board has a thread; a fleet itself is for one thread.
    """

    stage = "board"

    def __init__(self, bitfile: str | Path, devices: Sequence[str], timeout: float = 10.0) -> None:
        self.metadata = files.load(bitfile)
        self.lost: dict[str, str] = {}
        self._boards: dict[str, WrapNetOverlay] = {}
        if isinstance(devices, str) or not devices:
            raise RangeError(f"devices is {devices!r}, expected a list of addresses, at least one")
        if len({host_and_port(address) for address in devices}) < len(devices):
            raise RangeError(f"devices are {', '.join(devices)}, expected each board once")

        def load(address: str) -> WrapNetOverlay:
            return WrapNetOverlay(bitfile, reach(address), timeout)

        with ThreadPoolExecutor(len(devices)) as pool:
            loading = {address: pool.submit(load, address) for address in devices}
        for address, future in loading.items():
            try:
                self._boards[address] = future.result()
            except HostError as error:
                self.lost[address] = str(error)
        self._require_boards(0)

    @property
    def boards(self) -> tuple[str, ...]:
        """Addresses of the boards that work."""
        return tuple(self._boards)

    @property
    def simulated(self) -> bool:
        """Whether any of the boards is simulated."""
        return any(board.simulated for board in self._boards.values())

    def run(self, images: npt.NDArray[np.uint8], labels: bool = False, batch: int = 256) -> npt.NDArray[np.int32]:
        """What WrapNetOverlay.run gives, `batch` images on a board at a time.

        Raises ShapeError, DtypeError, RangeError or EmptyError about the images, and FleetError.
        """
        outputs = np.concatenate([outputs for outputs, _ in self.run_batches(images, batch)])
        return self.metadata.predictions(outputs) if labels else outputs

    def run_batches(self, images: npt.NDArray[np.uint8], batch: int) -> Iterator[_Outcome]:
        """Results and speed of every `batch` images, in order, as WrapNetOverlay.run_batches gives them."""
        checked = packing.check_images(images, self.metadata.input)
        size = frames_of_a_job(self.metadata, batch)
        return self._share((checked[start : start + size] for start in range(0, len(checked), size)), math.inf)

    def stream(self, source: Iterable[npt.NDArray[np.uint8]], labels: bool = True, batch: int = 256) -> Iterator[Any]:
        """What WrapNetOverlay.stream gives, in order; each board has one batch of `batch` images at a time.

        At most four batches a board are between the source and the caller. The boards work on in the meantime.
        """
        items = Items(source, self.metadata.input, frames_of_a_job(self.metadata, batch))
        copies = (images.copy() for images in items.batches())
        outcomes = self._share(copies, _AHEAD * len(self._boards))
        return items.joined(outcomes, lambda outcome: self.metadata.predictions(outcome[0]) if labels else outcome[0])

    def _share(self, parts: Iterable[packing.Bytes], ahead: float) -> Generator[_Outcome, None, None]:
        """The outcome of each part, in order. At most `ahead` of them are taken and not yet given."""
        self._require_boards(0)
        fresh = _numbered(parts)
        returned: list[_Batch] = []
        running: dict[Future[_Outcome], tuple[str, _Batch]] = {}
        ready: dict[int, _Outcome] = {}
        given = images = 0
        with ThreadPoolExecutor(len(self._boards)) as pool:
            while True:
                idle = [address for address in self._boards if all(address != busy for busy, _ in running.values())]
                for address in idle:
                    room = len(running) + len(ready) + len(returned) < ahead
                    batch = returned.pop(0) if returned else next(fresh, None) if room else None
                    if batch:
                        running[pool.submit(self._boards[address].run_timed, batch.images)] = address, batch
                ended, _ = wait(running, 0 if given in ready else None, FIRST_COMPLETED)
                for future in ended:
                    address, batch = running.pop(future)
                    try:
                        ready[batch.number] = future.result()
                    except HostError as error:
                        self.lost[address] = f"{error} (at {batch})"
                        del self._boards[address]
                        returned = sorted([*returned, batch], key=lambda batch: batch.number)
                if given in ready:
                    outcome = ready.pop(given)
                    given, images = given + 1, images + len(outcome[0])
                    yield outcome
                elif not running:
                    if not returned:
                        return
                    self._require_boards(images)

    def _require_boards(self, images: int) -> None:
        if not self._boards:
            reasons = "".join(f"\n  {address}: {reason}" for address, reason in self.lost.items())
            text = f"no board of the fleet is left, after the results of {images} images:{reasons}"
            raise FleetError(text, images, dict(self.lost))


def _numbered(parts: Iterable[packing.Bytes]) -> Iterator[_Batch]:
    first = 0
    for number, images in enumerate(parts):
        yield _Batch(number, first, images)
        first += len(images)
