# SPDX-License-Identifier: BSD-3-Clause
"""Cells of fpga/rtl that Yosys takes in another form for a family of devices: the same functions, of its primitives.

7 series: Yosys leaves the second output of a LUT6 unused, which a sum of three or four numbers needs for each of its
columns. Vivado finds it by itself. ECP5: sums are adders (WRAPNET_ADDERS); Yosys would leave two inputs of their tables
unused, and nextpnr make their carry chains longer. Everything else, simulation as well as other families, takes the
cells as fpga/rtl has them. Such a cell has no genvar and no localparam: read_slang would hand these to the primitive
form as parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_FPGA = Path(__file__).parent


@dataclass(frozen=True)
class Family:
    """`folder` has the forms, of primitives that Yosys knows from `library`; `defines` are for the rest of fpga/rtl."""

    folder: Path
    library: str
    defines: tuple[str, ...] = ()

    @cached_property
    def files(self) -> list[Path]:
        """All of them, and the modules that they share."""
        return sorted(self.folder.glob("*.v"))

    @cached_property
    def cells(self) -> list[Path]:
        """The forms of cells of fpga/rtl."""
        return [path for path in self.files if (_FPGA / "rtl" / f"{path.stem}.sv").is_file()]

    @cached_property
    def shared(self) -> list[Path]:
        """The modules that these share."""
        return [path for path in self.files if path not in self.cells]

    def used(self, files: Sequence[str]) -> list[Path]:
        """What becomes part of a design of the SystemVerilog `files`: nothing if it has none of the cells."""
        own = [path for path in self.cells if f"{path.stem}.sv" in files]
        return own + self.shared if own else []

    def read_commands(self, top: str, files: Sequence[str], options: str = "") -> list[str]:
        """Yosys commands that read the design `top` of SystemVerilog `files`, modules kept, these cells as primitives.

        `options` are further ones of read_slang: the values of parameters. `hierarchy` comes after the mapping: a cell
        left open is one module, with the ports of its first instance, to whose widths `hierarchy` would cut or extend
        those of the others.
        """
        opened = " ".join(f"--blackboxed-module {path.stem}" for path in self.cells)
        defined = " ".join(f"-D {name}=1" for name in self.defines)
        maps = " ".join(f'-map "{path}"' for path in self.files)
        # FINN's RTL uses names before their declaration, which slang takes only when told.
        given = f"--keep-hierarchy --allow-use-before-declare {defined} {opened} --top {top} {options}"
        return [
            # Before the design, which may instantiate some: slang takes what Yosys has read before it.
            f"read_verilog -lib {self.library}",
            f"read_slang {given} {' '.join(files)}",
            f"techmap {maps}",
            f"hierarchy -top {top}",
        ]


XC7 = Family(_FPGA / "rtl_xc7", "+/xilinx/cells_sim.v")
ECP5 = Family(_FPGA / "rtl_ecp5", "+/ecp5/cells_sim.v", ("WRAPNET_ADDERS",))
