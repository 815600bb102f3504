# SPDX-License-Identifier: BSD-3-Clause
"""Cells of fpga/rtl that Yosys takes from fpga/rtl_xc7 for the 7 series: the same functions, of primitives.

Yosys leaves the second output of a LUT6 unused, which a sum of three or four numbers needs for each of its columns.
Vivado finds it by itself. Everything else, simulation as well as other families, uses the cells as fpga/rtl has them.
Such a cell has no genvar and no localparam: read_slang would hand these to the primitive form as parameters.
"""

from pathlib import Path

CELLS = sorted((Path(__file__).parent / "rtl_xc7").glob("*.v"))


def read_options() -> str:
    """Options of read_slang that leave these cells open."""
    return " ".join(f"--blackboxed-module {path.stem}" for path in CELLS)


def map_commands() -> list[str]:
    """Yosys commands that then fill them in."""
    maps = " ".join(f'-map "{path}"' for path in CELLS)
    return ["read_verilog -lib +/xilinx/cells_sim.v", f"techmap {maps}"]
