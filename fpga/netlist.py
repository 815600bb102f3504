# SPDX-License-Identifier: BSD-3-Clause
"""The netlist that Yosys made for the resources, simulated in Verilator with Yosys' models of the xc7 cells.

Yosys has no model of the block RAMs' contents: fpga/rtl_sim/ has those, for the ways in which Yosys uses them.
"""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.errors import ToolError
from chain.files import write_text
from fpga import simulate as simulation
from fpga import yosys
from fpga.resources import synthesise

MODELS = Path(__file__).parent / "rtl_sim"

_MODULE = re.compile(r"^module\s+(\w+)\b.*?^endmodule[^\n]*\n", re.MULTILINE | re.DOTALL)
_INSTANCE = re.compile(r"^  ([A-Z][A-Z0-9_]*) (?:#\(|\\|\w)", re.MULTILINE)


def simulate(
    rtl: Path,
    synthesis: Path,
    cache: Path,
    images: npt.NDArray[np.integer],
    advance: Callable[[int], None] | None = None,
) -> simulation.Run:
    """Outputs of the synthesised design in `rtl` for `images` [N, *input shape], without stalls."""
    folder = synthesise(rtl, synthesis)
    with tempfile.TemporaryDirectory() as scratch:
        models = Path(scratch) / "cells.v"
        write_text(models, cells(folder / "netlist.v"))
        simulator = simulation.Simulator(rtl, cache, netlist=[models, folder / "netlist.v"])
    return simulator.run(images, progress=advance)


def cells(netlist: Path) -> str:
    """Models of exactly the xc7 cells that `netlist` instantiates. ToolError for one that has none."""
    used = set(_INSTANCE.findall(netlist.read_text(encoding="utf-8")))
    known = _modules(yosys.share() / "xilinx" / "cells_sim.v")
    for path in sorted(MODELS.glob("*.v")):
        known.update(_modules(path))
    missing = sorted(used - known.keys())
    if missing:
        raise ToolError(f"the netlist uses cells that have no simulation model here: {', '.join(missing)}")
    return "\n".join(known[name] for name in sorted(used))


def _modules(path: Path) -> dict[str, str]:
    return {match.group(1): match.group(0) for match in _MODULE.finditer(path.read_text(encoding="utf-8"))}
