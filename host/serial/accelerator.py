# SPDX-License-Identifier: BSD-3-Clause
"""The accelerator behind a serial line: which design it is, images to it and results back, a reset after a failure."""

import logging
import time
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from host import packing
from host.errors import DeviceError, MismatchError
from host.metadata import Metadata
from host.serial import messages
from host.serial.exchange import Exchange, Request
from host.serial.link import Link, LinkErrors
from host.serial.throughput import LinkThroughput

_LOG = logging.getLogger(__name__)

_RECOVERY = 3
"""How often a request without an image is repeated, whatever the user allows for images: it takes nobody's label."""


class Accelerator:
    """Runs images through the board at `link`. `timeout` and `retries` are those of `Exchange`."""

    def __init__(self, link: Link, metadata: Metadata, timeout: float, retries: int):
        self.link, self.metadata = link, metadata
        self._timeout, self._retries = timeout, retries
        self._idle = False  # the board has no image of an earlier call

    def identify(self) -> messages.Identity:
        """What the board says of itself, checked against the metadata.

        Raises LinkError or DeviceError (no answer, or none of such a board) or MismatchError (another design).
        """
        found = messages.identity(self._ask("identify", messages.IDENTIFY, messages.IDENTITY, messages.IDENTITY_BYTES))
        metadata = self.metadata
        if found.version != messages.VERSION:
            raise MismatchError(
                f"the design on the board speaks version {found.version} of the serial protocol, this driver "
                f"version {messages.VERSION}; use the driver that came with the bitstream"
            )
        if found.design_hash != metadata.short_hash:
            raise MismatchError(
                f"the design on the board is 0x{found.design_hash:08x}, the metadata of {metadata.model!r} describes "
                f"0x{metadata.short_hash:08x}: another bitstream was loaded; load this one"
            )
        for what, size, expected in (
            ("images", found.image_bytes, metadata.input.frame_bytes),
            ("results", found.result_bytes, metadata.output.frame_bytes),
        ):
            if size != expected:
                raise MismatchError(
                    f"the design on the board has {what} of {size} bytes, the metadata of {metadata.model!r} describes "
                    f"{expected}; copy the files of one build"
                )
        clock_mhz = found.clock_khz / 1000
        if not found.slots or not clock_mhz:
            raise DeviceError(f"the board says it has {found.slots} image buffers and a clock of {clock_mhz:g} MHz")
        if clock_mhz > 1.01 * metadata.clock_mhz:
            raise MismatchError(
                f"the board's clock is {clock_mhz:g} MHz, the design was built for {metadata.clock_mhz:g} MHz; "
                "copy the files of one build"
            )
        return found

    def run(self, images: packing.Bytes, repeat: int = 1) -> tuple[npt.NDArray[np.int32], LinkThroughput]:
        """Results int32 [N, *output shape] of checked images uint8 [N, H, W, C], and the call's speed.

        The first image runs `repeat` times back to back, which gives the interval from 2 on. Raises LinkError,
        StallError, MismatchError or DeviceError; the next call starts with a reset then.
        """
        if not self._idle:
            self.reset()
        link = self.link
        errors = link.errors.copy()
        board = self.identify()
        source, target = self.metadata.input, self.metadata.output
        begin = time.perf_counter()
        memory = packing.pack(images, source).reshape(len(images), source.frame_bytes)
        results = np.empty((len(images), target.frame_bytes), np.uint8)
        cycles = np.empty((len(images), 2), np.int64)
        sent, received = link.sent, link.received
        self._idle = False
        packed = time.perf_counter()
        for index, answer in self._exchange(self._requests(memory, repeat), board.slots, self._retries):
            result = messages.result(answer)
            results[index] = np.frombuffer(result.content, np.uint8)
            cycles[index] = result.first_cycles, result.last_cycles
        done = time.perf_counter()
        self._idle = True
        seen = link.errors.since(errors)
        if seen != LinkErrors():
            _LOG.warning("%s: errors on the line, mended by repeating: %s", link.port.name, seen)
        outputs = packing.unpack(results.reshape(-1), target)
        first, last = (int(n) for n in cycles[0])
        return outputs, LinkThroughput(
            images=len(images),
            simulated=link.port.simulated,
            clock_mhz=board.clock_khz / 1000,
            pack_seconds=packed - begin,
            transfer_seconds=done - packed,
            unpack_seconds=time.perf_counter() - done,
            cycles=int(cycles[:, 0].sum()),
            fill_cycles=first,
            interval_cycles=(last - first) / (repeat - 1) if repeat > 1 else float("nan"),
            baud=link.port.baud,
            sent=link.sent - sent,
            received=link.received - received,
            errors=seen,
        )

    def _requests(self, memory: packing.Bytes, repeat: int) -> Iterator[Request]:
        size = messages.result_bytes(self.metadata.output.frame_bytes)
        for index, image in enumerate(memory):
            payload = messages.run(image.tobytes(), 1 if index else repeat)
            yield Request(f"image {index}", messages.RUN, payload, messages.RESULT, size, index)

    def reset(self) -> None:
        """Let the board forget what it may be in the middle of. Raises LinkError or DeviceError."""
        self._ask("the reset", messages.RESET, messages.WAS_RESET, 0)
        self._idle = True

    def _ask(self, name: str, kind: bytes, answer: bytes, size: int) -> bytes:
        ((_, payload),) = self._exchange([Request(name, kind, b"", answer, size)], 1, _RECOVERY)
        return payload

    def _exchange(self, requests: Iterable[Request], window: int, retries: int) -> Iterator[tuple[int, bytes]]:
        return iter(Exchange(self.link, requests, window, self._timeout, retries))
