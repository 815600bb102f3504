# SPDX-License-Identifier: BSD-3-Clause
"""Levels of logic between registers, counted in a netlist of the 7 series.

A level is a look-up table on the way from a register or input to a register or output. A carry chain of any length is
one more level where it is entered through an operand; its length is counted apart, in CARRY4 of four bits each. Reading
distributed RAM is a table; multiplexers behind tables (MUXF7, MUXF8) and inverters are wiring. A LUT6_2 is two tables,
each of the inputs that it depends on.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from chain.errors import ToolError

_WIRING = frozenset({"MUXF7", "MUXF8", "INV", "GND", "VCC", "BUFG"})
_MEMORIES = ("RAM16", "RAM32", "RAM64", "RAM128", "RAM256", "SRL16", "SRLC")
_CARRY_IN = frozenset({"CI"})


# Of an Artix-7 (the Z-7020's fabric) at its slowest, as Yosys' models of the cells have them (xilinx/cells_sim.v, from
# prjxray's timings): a register's clock to its output and its reset before the clock; the mean of a LUT6's pins. A wire
# between two cells is an assumption, the slowest pin's time: nobody knows before place and route. CARRY4 along a chain,
# some 0.1 ns each, are not counted, nor is what a block RAM takes longer than a register, some 2.2 ns: two levels less.
_REGISTERS_NS = 0.303 + 0.404
_TABLE_NS = (0.642 + 0.631 + 0.472 + 0.407 + 0.238 + 0.127) / 6
WIRE_PS = 642


UNLIMITED = 8
"""Levels that cells may have without more registers than they need for their function: about what 100 MHz allows."""


@dataclass(frozen=True)
class Levels:
    """Tables and entered carry chains on the longest path, and CARRY4 in the longest chain."""

    logic: int
    carry4: int


def allowed(device: str, clock_mhz: float) -> int | None:
    """About how many levels a path may have at that clock, None for a part of which no delays are known here.

    >>> allowed("xc7z020clg400-1", 100), allowed("xc7z020clg400-1", 200), allowed("xczu7ev-ffvc1156-2-e", 100)
    (8, 3, None)
    """
    if not device.startswith("xc7"):
        return None
    return max(0, math.floor((1000 / clock_mhz - _REGISTERS_NS - WIRE_PS / 1000) / (_TABLE_NS + WIRE_PS / 1000)))


def limit(device: str, clock_mhz: float) -> int:
    """The cells' parameter MaxLevels, by which they place registers: UNLIMITED, or fewer where the clock asks for it.

    >>> [limit("xc7z020clg400-1", clock) for clock in (50, 100, 150, 200)], limit("xczu7ev-ffvc1156-2-e", 300)
    ([8, 8, 5, 3], 8)
    """
    most = allowed(device, clock_mhz)
    return UNLIMITED if most is None else min(most, UNLIMITED)


def is_fast(device: str, clock_mhz: float) -> bool:
    """Whether the clock allows fewer levels than UNLIMITED, so that cells have registers for it.

    Those in a row are then to stay registers: a shift register in a table is slow to give its bit.
    """
    return limit(device, clock_mhz) < UNLIMITED


def count(netlist: Path, top: str) -> Levels:
    """Of module `top` in the flat JSON netlist that Yosys wrote. ToolError for a loop of logic."""
    parts = by_part(netlist, top).values()
    return Levels(max((p.logic for p in parts), default=0), max((p.carry4 for p in parts), default=0))


def by_part(netlist: Path, top: str) -> dict[str, Levels]:
    """The same by the instance that the last cell of each path lay in before the netlist was made flat ("": none)."""
    module = json.loads(netlist.read_text(encoding="utf-8"))["modules"][top]
    cells: dict[str, Any] = {}
    for name, cell in module["cells"].items():
        if cell["type"] == "LUT6_2":
            cells |= {f"{name}.{half}": _half(cell, half) for half in ("O5", "O6")}
        elif _combinational(cell["type"]):
            cells[name] = cell
    drivers = {
        bit: name
        for name, cell in cells.items()
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "output"
        for bit in bits
    }
    before = {name: [drivers[bit] for _, bit in _inputs(cell) if bit in drivers] for name, cell in cells.items()}
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise ToolError(f"{netlist}: a loop of logic through {error.args[1][0]!r}") from None
    depth: dict[str, int] = {}
    chain: dict[str, int] = {}
    for name in order:
        cell = cells[name]
        kind = cell["type"]
        reached = max((depth[driver] for driver in before[name]), default=0)
        if kind == "CARRY4":
            along = [drivers[bit] for port, bit in _inputs(cell) if port in _CARRY_IN and bit in drivers]
            into = [drivers[bit] for port, bit in _inputs(cell) if port not in _CARRY_IN and bit in drivers]
            entered = max((depth[driver] for driver in into), default=0) + 1
            depth[name] = max(entered, max((depth[driver] for driver in along), default=0))
            chain[name] = 1 + max((chain.get(driver, 0) for driver in along), default=0)
        else:
            depth[name] = reached + (0 if kind in _WIRING else 1)
    found: dict[str, Levels] = {}
    for name, levels in depth.items():
        part = _part(name)
        before_it = found.get(part, Levels(0, 0))
        found[part] = Levels(max(before_it.logic, levels), max(before_it.carry4, chain.get(name, 0)))
    return found


def _part(cell: str) -> str:
    """Of a flat cell's name, as Yosys' flatten makes it."""
    instance, dot, _ = cell.removeprefix("$flatten").removeprefix("\\").partition(".")
    return instance if dot else ""


def _combinational(kind: str) -> bool:
    return kind.startswith(("LUT", *_MEMORIES)) or kind == "CARRY4" or kind in _WIRING


def _half(cell: Mapping[str, Any], half: str) -> dict[str, Any]:
    """The table of output `half` of a LUT6_2: the lower 32 entries are those of O5, O6 has all 64."""
    size = 5 if half == "O5" else 6
    table = cell["parameters"]["INIT"][::-1]
    nets = [cell["connections"][f"I{i}"][0] for i in range(size)]
    open_entries = [
        entry
        for entry in range(1 << size)
        if all(net not in ("0", "1") or net == str(entry >> i & 1) for i, net in enumerate(nets))
    ]
    needed = [
        i
        for i, net in enumerate(nets)
        if net not in ("0", "1") and any(table[entry] != table[entry ^ 1 << i] for entry in open_entries)
    ]
    connections = {f"I{i}": [nets[i]] for i in needed} | {half: cell["connections"].get(half, [])}
    directions = {port: "output" if port == half else "input" for port in connections}
    return {"type": "LUT6_2", "port_directions": directions, "connections": connections}


def _inputs(cell: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Port and net of every input that has a path to the outputs: of a memory, its read addresses."""
    kind = cell["type"]
    found = []
    for port, bits in cell["connections"].items():
        if cell["port_directions"][port] != "input":
            continue
        if kind.startswith(_MEMORIES) and (port.startswith(("D", "W", "CLK", "CE")) and not port.startswith("DPRA")):
            continue
        found += [(port, bit) for bit in bits if not isinstance(bit, str)]
    return found
