# SPDX-License-Identifier: BSD-3-Clause
"""A folding's whole design through Yosys, as `make rtl resources` would make and count it."""

from pathlib import Path
from typing import Any

from fpga import fifo, levels, mapping, resources, stitch
from fpga.resources import Use
from fpga.steps import Hardware


def design(graph: Any, hardware: Hardware, folder: Path) -> Use:
    """What Yosys makes of the folded dataflow graph, with its converters and FIFOs. RTL and netlist go to `folder`.

    The same RTL is synthesised once. ToolError if Yosys fails.
    """
    special = mapping.specialise(graph, part=hardware.part, clock_ns=1000.0 / hardware.clock_mhz)
    special = fifo.name_streams(special)
    special = fifo.insert(special, fifo.depths(special, levels.limit(hardware.part, hardware.clock_mhz)))
    rtl = folder / "rtl"
    stitch.stitch(special, rtl, folder.name, hardware.clock_mhz, hardware.part)
    return resources.count(rtl, folder / "synth").whole
