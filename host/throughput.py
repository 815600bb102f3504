# SPDX-License-Identifier: BSD-3-Clause
"""The speed of one call, part by part, for all boards."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Throughput:
    """Speed of one call, each part by itself. Seconds of the host are wall time, the fabric's are cycles / clock.

    `fill_cycles` is the latency of the first image, `interval_cycles` the distance of two images in the steady state;
    `fps` follows from the interval alone. `simulated` says that no hardware was involved: then cycles are exact and
    the wall times are those of a simulator.
    """

    images: int
    simulated: bool
    clock_mhz: float
    pack_seconds: float
    transfer_seconds: float
    unpack_seconds: float
    cycles: int
    fill_cycles: int
    interval_cycles: float

    @property
    def fabric_seconds(self) -> float:
        """Time in the fabric from start to the last result: cycles / clock."""
        return self.cycles / (self.clock_mhz * 1e6)

    @property
    def fill_seconds(self) -> float:
        """Latency of the first image in the fabric: fill / clock."""
        return self.fill_cycles / (self.clock_mhz * 1e6)

    @property
    def fps(self) -> float:
        """Images a second of the fabric in the steady state: clock / interval."""
        return self.clock_mhz * 1e6 / self.interval_cycles

    @property
    def batch_fps(self) -> float:
        """Images a second of the fabric over this whole batch, filling included."""
        return self.images / self.fabric_seconds

    def __str__(self) -> str:
        where = "simulated: FPS are cycles divided by the clock, not wall time" if self.simulated else "on the board"
        return "\n".join(
            [
                f"{self.fps:,.0f} images a second in the steady state ({where})",
                f"  interval     {self.interval_cycles:,.1f} cycles at {self.clock_mhz:g} MHz",
                f"  fill latency {self.fill_cycles:,} cycles = {self.fill_seconds * 1e6:,.1f} us",
                f"  fabric       {self.fabric_seconds * 1e3:,.3f} ms for {self.images} images, filling included",
                f"  host packing {self.pack_seconds * 1e3:,.3f} ms, unpacking {self.unpack_seconds * 1e3:,.3f} ms",
                f"  transfer     {self.transfer_seconds * 1e3:,.3f} ms"
                + (" (to the simulator; says nothing about a board)" if self.simulated else ""),
            ]
        )
