# SPDX-License-Identifier: BSD-3-Clause
"""What a tool chain is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fpga.bitstream.board import Board
from fpga.design import SHELL, Design


@dataclass(frozen=True)
class Job:
    """One build. `rtl` holds the stitched design, `design_hash` is its SHA-256 (hex), `programs` are the chain's.

    `folder` is the tool's own, kept with its logs (build/<model>/bitstream/<board>/<toolchain>); `say` shows progress.
    """

    design: Design
    design_hash: str
    rtl: Path
    board: Board
    programs: Mapping[str, Path]
    folder: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Timing:
    """Of the routed design: the clock asked for, the fastest that it may have, MHz, and the slowest path's layer."""

    clock_mhz: float
    fmax_mhz: float
    layer: str = ""

    @property
    def met(self) -> bool:
        """Whether the design may have the clock asked for."""
        return self.fmax_mhz >= self.clock_mhz

    @property
    def where(self) -> str:
        """The slowest path's place, in words."""
        return "the shell" if self.layer in (SHELL, "") else f"layer {self.layer!r}"


@dataclass(frozen=True)
class Built:
    """A finished bitstream (`bits`, a path in the job's folder) and what the tool said of it.

    `tool` is name and version ("nextpnr 0.11.1"), `use` what it takes of the part by the tool's own kinds of cell
    (Xilinx: lut, ff, bram36, dsp), `available` the part's totals of the same kinds. `power_w` is the tool's estimate,
    `accelerator` what of `use` is the accelerator's: both where the tool says so. `netlist_images` test images went
    through the simulated netlist and agreed with PyTorch, before place and route.
    """

    bits: Path
    tool: str
    timing: Timing
    use: Mapping[str, float]
    available: Mapping[str, float] = field(default_factory=dict)
    power_w: float | None = None
    accelerator: Mapping[str, float] = field(default_factory=dict)
    netlist_images: int = 0
