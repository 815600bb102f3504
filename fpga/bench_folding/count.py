# SPDX-License-Identifier: BSD-3-Clause
"""A folding's whole design through Yosys, as `make rtl resources` would make and count it."""

from pathlib import Path
from typing import Any

from fpga import resources, steps, stitch
from fpga.resources import Use


def design(hardware: steps.Hardware, home: Path, graph: Any, whose: str) -> Use:
    """What Yosys makes of the folded dataflow graph, with its converters and FIFOs. RTL and netlist go to the folder
    `whose` of `home`.

    The same RTL is synthesised once. ToolError if Yosys fails.
    """
    rtl = home / whose / "rtl"
    stitch.stitch(steps.specialised(graph, hardware), rtl, whose, hardware.clock_mhz, hardware.part)
    return resources.count(rtl, home / whose / "synth").whole
