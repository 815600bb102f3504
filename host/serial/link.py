# SPDX-License-Identifier: BSD-3-Clause
"""Frames to and from the board at a port: each sent under a number of its own, what arrives cut apart and counted."""

import time
from collections import deque
from dataclasses import dataclass, fields
from typing import Literal

from host.serial.frames import Frame, Receiver, encode, longest
from host.serial.port import Port

BITS = 10
"""On the line for a byte: start bit, eight, stop bit."""

NUMBERS = 255
"""Sequence numbers 1..255; 0 is the board's own, for frames whose number it could not read."""


@dataclass
class LinkErrors:
    """What went wrong on the line. One event may be counted under several.

    repeated          requests that were sent again
    lost              attempts that were not answered
    damaged_replies   frames that arrived here damaged
    damaged_requests  frames that arrived at the board damaged, by its own word
    refused           requests that met no free image buffer
    late              replies to attempts that had been given up, or to none
    """

    repeated: int = 0
    lost: int = 0
    damaged_replies: int = 0
    damaged_requests: int = 0
    refused: int = 0
    late: int = 0

    def since(self, earlier: "LinkErrors") -> "LinkErrors":
        """What was added to `earlier`."""
        return LinkErrors(*(getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)))

    def copy(self) -> "LinkErrors":
        """These counts, which count on alone."""
        return self.since(LinkErrors())

    def __str__(self) -> str:
        said = [f"{getattr(self, f.name):,} {f.name.replace('_', ' ')}" for f in fields(self) if getattr(self, f.name)]
        return ", ".join(said) or "none"


class Link:
    """The line at `port`; `most` is the longest payload that the board sends.

    `errors`, and the bytes `sent` and `received`, count from the beginning.
    """

    def __init__(self, port: Port, most: int):
        self.port = port
        self.errors = LinkErrors()
        self.sent = self.received = 0
        self._receiver = Receiver(longest(most))
        self._arrived: deque[Frame | None] = deque()
        self._number = 0

    def seconds(self, count: int) -> float:
        """The time of so many bytes on the line."""
        return count * BITS / self.port.baud

    def send(self, kind: bytes, payload: bytes, patience: float) -> tuple[int, int]:
        """Send a frame under a fresh number, within its time on the line and `patience` seconds.

        Returns the number and the frame's bytes. A frame that the port does not take whole counts as sent: nothing
        will come of it, and the flag before the next one ends it.
        """
        self._number = self._number % NUMBERS + 1
        data = encode(Frame(kind, self._number, payload))
        self.sent += self.port.write(data, self.seconds(len(data)) + patience)
        return self._number, len(data)

    def receive(self, deadline: float) -> Frame | Literal["damaged"] | None:
        """The next frame, "damaged" in place of one that arrived so; None if nothing is there by `deadline`.

        `deadline` is on time.monotonic()'s clock. What has already arrived is there.
        """
        while not self._arrived:
            data = self.port.read(deadline - time.monotonic())
            if not data and time.monotonic() >= deadline:
                return None
            self.received += len(data)
            self._arrived.extend(self._receiver.feed(data))
        frame = self._arrived.popleft()
        if frame is None:
            self.errors.damaged_replies += 1
            return "damaged"
        return frame
