# SPDX-License-Identifier: BSD-3-Clause
"""Builds the simulated serial board of a stitched design, and the metadata with which the driver talks to it."""

from dataclasses import dataclass
from pathlib import Path

from chain import files
from fpga import design, verilate
from fpga.bitstream import board
from fpga.serial_board.library import SerialBoard
from fpga.uart import build, metadata

HARNESS = Path(__file__).parent / "line.cpp"
BOARD = "ulx3s-85f"
"""The board whose clock and baud are taken where no others are asked for."""


@dataclass(frozen=True)
class Built:
    """What a board is made of: `metadata` is the file for the driver, `rtl` holds the memory files."""

    metadata: Path
    library: Path
    rtl: Path
    clocks_per_bit: int

    def open(self) -> SerialBoard:
        """A board of this design, just switched on."""
        return SerialBoard(self.library, self.rtl, self.clocks_per_bit)


def write(
    rtl: Path,
    folder: Path,
    cache: Path = verilate.DEFAULT_CACHE,
    clock_mhz: float | None = None,
    baud: int | None = None,
) -> Built:
    """Build (or find in `cache`) the board of the design in `rtl`; its metadata goes into `folder`.

    Raises InputError (no or unusable design; a clock that does not make that baud) or ToolError (Verilator).
    """
    chip = board.load(BOARD).ecp5
    assert chip is not None
    clock_mhz, baud = clock_mhz or chip.clock_mhz, baud or chip.baud
    made, design_hash = design.load(rtl), design.digest(rtl)
    spec = verilate.Build(
        top=build.TOP,
        sources=[*build.sources(), *(rtl / name for name in made.files)],
        harness=[HARNESS],
        parameters=build.parameters(made, design_hash, clock_mhz, baud),
        warnings=False,  # the bridge is clean; FINN's files are not
    )
    library = verilate.build(spec, cache, name=f"serial-{made.model}")
    path = folder / f"{made.model}.json"
    described = metadata.of_board(made, design_hash, "simulated", clock_mhz, baud, bit_sha256=None)
    files.write_json(path, described | {"simulated": True})
    return Built(path, library, rtl, build.clocks_per_bit(clock_mhz, baud))
