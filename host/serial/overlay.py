# SPDX-License-Identifier: BSD-3-Clause
"""The accelerator as a user sees it on a board with a serial line: SerialOverlay, with WrapNetOverlay's interface."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from host import metadata as files
from host import packing, sensors
from host.board import SIMULATED, Board
from host.driver import Driver
from host.errors import RangeError
from host.serial import messages
from host.serial.accelerator import Accelerator
from host.serial.link import Link, LinkErrors
from host.serial.port import Port
from host.serial.throughput import LinkThroughput

_REPEAT = 16
"""How often the first image of a timed call runs back to back: fifteen intervals."""

_SECONDS, _SIMULATED_SECONDS = 1.0, 10.0
"""Time-out: a board answers in milliseconds, a simulated one takes a while for each."""


class SerialOverlay(Driver):
    """The accelerator whose metadata is at `path` (.json, or .bit beside it), on the board at `port` (/dev/ttyUSB0).

    The board must have been given its bitstream. `timeout`: seconds without an answer, beyond what the line needs,
    after which a request counts as lost (None: 1; 10 on the simulated board). `retries`: how often a request that was
    lost or damaged is repeated. Raises MissingFileError, MetadataError or MismatchError about the files; DeviceError
    (LinkError if nothing answers), BusyError or MismatchError about the board. The port is this overlay's until
    `close`.
    """

    stage = "serial"

    def __init__(self, path: str | Path, port: str, timeout: float | None = None, retries: int = 3):
        self.metadata, baud = files.load_serial(path)
        self.bitfile = Path(path).absolute()
        self.golden = self.bitfile.with_suffix(".golden.npz")
        if timeout is not None and not timeout > 0:
            raise RangeError(f"timeout is {timeout}, expected seconds above 0")
        if retries < 0:
            raise RangeError(f"retries is {retries}, expected 0 or more")
        self._port = Port(port, baud)
        try:
            self.simulated = self._port.simulated
            if timeout is None:
                timeout = _SIMULATED_SECONDS if self.simulated else _SECONDS
            most = max(messages.IDENTITY_BYTES, messages.result_bytes(self.metadata.output.frame_bytes))
            self._link = Link(self._port, most)
            self._accelerator = Accelerator(self._link, self.metadata, timeout, retries)
            self._accelerator.reset()
            self.clock_mhz = self._accelerator.identify().clock_khz / 1000
            self._link.errors = LinkErrors()  # what was in the buffers before is not this line's
        except BaseException:
            self.close()
            raise

    def results(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        """What `run` gives without `labels`; raises what it raises."""
        return self._accelerator.run(packing.check_images(images, self.metadata.input))[0]

    def run_timed(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], LinkThroughput]:
        """Like `run`, with the speed of this very call, for whose interval the board repeats the first image."""
        begin = time.perf_counter()
        checked = packing.check_images(images, self.metadata.input)
        checking = time.perf_counter() - begin
        outputs, speed = self._accelerator.run(checked, _REPEAT)
        return outputs, replace(speed, pack_seconds=speed.pack_seconds + checking)

    @property
    def board(self) -> Board:
        """By its part: a board on a serial line does not tell its name."""
        return Board(SIMULATED if self.simulated else self.metadata.part, None, None, remote=False)

    def power(self) -> sensors.Power:
        """Says that there is no sensor."""
        if self.simulated:
            return sensors.SIMULATED
        return sensors.Power(None, "a board on a serial line tells nothing of its power: measure at its supply")

    @property
    def link_errors(self) -> LinkErrors:
        """What went wrong on the line since the overlay was opened, and was mended or reported."""
        return self._link.errors.copy()

    def close(self) -> None:
        """Give the port back; the overlay cannot be used afterwards."""
        self._port.close()
