# SPDX-License-Identifier: BSD-3-Clause
"""The speed of one call over a serial line: the line apart from the fabric and from the host."""

from dataclasses import dataclass

from host.serial.link import BITS, LinkErrors
from host.throughput import Throughput


@dataclass(frozen=True)
class LinkThroughput(Throughput):
    """As `Throughput`, but images come one by one: `cycles` is the sum of what each took by itself, and
    `transfer_seconds` go from the first byte sent to the last received, the fabric's included.

    The interval was measured with one image that the board repeated by itself, so that the line has no part in it.
    `sent` and `received` are bytes, repetitions and escapes included; `errors` those of this call.
    """

    baud: int
    sent: int
    received: int
    errors: LinkErrors

    @property
    def line_seconds(self) -> float:
        """What the bytes need on the line at least: bits / baud of the direction that has more."""
        return max(self.sent, self.received) * BITS / self.baud

    @property
    def line_fps(self) -> float:
        """Images a second that the line can carry, damage included: what a program gets at most."""
        return self.images / self.line_seconds

    def __str__(self) -> str:
        return "\n".join(
            [
                super().__str__(),
                f"  line         {self.sent:,} bytes out, {self.received:,} back: {self.line_seconds * 1e3:,.3f} ms at "
                f"{self.baud:,} baud, so at most {self.line_fps:,.0f} images a second reach the board",
                f"  line errors  {self.errors}",
            ]
        )
