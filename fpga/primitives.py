# SPDX-License-Identifier: BSD-3-Clause
"""Cells of fpga/rtl that Yosys takes from fpga/rtl_xc7 for the 7 series: the same functions, of primitives.

Yosys leaves the second output of a LUT6 unused, which a sum of three or four numbers needs for each of its columns.
Vivado finds it by itself. Everything else, simulation as well as other families, uses the cells as fpga/rtl has them.
Such a cell has no genvar and no localparam: read_slang would hand these to the primitive form as parameters.
"""

from collections.abc import Sequence
from pathlib import Path

CELLS = sorted((Path(__file__).parent / "rtl_xc7").glob("*.v"))


def used(files: Sequence[str]) -> list[Path]:
    """The primitive forms of those cells that are among the SystemVerilog `files`."""
    return [path for path in CELLS if f"{path.stem}.sv" in files]


def read_commands(top: str, files: Sequence[str]) -> list[str]:
    """Yosys commands that read the design `top` of SystemVerilog `files`, its modules kept, these cells as primitives.

    `hierarchy` comes after the mapping: a cell left open is one module, with the ports of its first instance, to whose
    widths `hierarchy` would cut or extend those of the others.
    """
    opened = " ".join(f"--blackboxed-module {path.stem}" for path in CELLS)
    maps = " ".join(f'-map "{path}"' for path in CELLS)
    return [
        # FINN's RTL uses names before their declaration, which slang takes only when told.
        f"read_slang --keep-hierarchy --allow-use-before-declare {opened} --top {top} {' '.join(files)}",
        "read_verilog -lib +/xilinx/cells_sim.v",
        f"techmap {maps}",
        f"hierarchy -top {top}",
    ]
