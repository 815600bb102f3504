# SPDX-License-Identifier: BSD-3-Clause
"""A netlist that counts how often its nets change, each change as many times as the net has takers.

That stands for the energy of its switching, which goes with changes and with the load that each of them drives. It is a
proxy: nets are looked at once a cycle, when they have settled, so that glitches are not seen; a taker is a pin of a
cell, wherever it lies; the clock's own net and what happens inside a cell (block RAM) are left out.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chain.errors import ToolError

PORT = "toggles_o"
"""The port of 64 bits that a metered module has beside its own: changes, weighted, since the beginning."""

CLOCKS = frozenset({"C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK"})
"""Pins of the 7 series' cells that take a clock."""


def write_commands(folder: Path) -> list[str]:
    """Yosys' commands that write the flat netlist at hand to netlist.json and netlist.v in `folder`, for `metered`."""
    return [
        "splitnets",  # a net a bit, with a name of its own
        f'write_json "{folder}/netlist.json"',
        f'write_verilog -noattr -norename "{folder}/netlist.v"',
    ]


def metered(folder: Path, top: str) -> str:
    """The Verilog of the netlist in `folder` (write_commands), with PORT, which counts on the edges of its clock.

    ToolError for a netlist that is not flat, or has not one clock.
    """
    module = json.loads((folder / "netlist.json").read_text(encoding="utf-8"))["modules"][top]
    text = (folder / "netlist.v").read_text(encoding="utf-8")
    head, opening, rest = text.partition(f"module {top}(")
    ports, closing, body = rest.partition(");")
    body, end, tail = body.rpartition("endmodule")
    if not (opening and closing and end) or "\nmodule " in body:
        raise ToolError(f"{folder / 'netlist.v'} is no flat netlist of {top!r}")
    return "".join([head, opening, ports, f", {PORT}", closing, body, _meter(module, clock_of(module)), end, tail])


def clock_of(module: Mapping[str, Any]) -> str:
    """The input port that is the clock of every cell. ToolError for none, or more."""
    taken = {
        bit
        for cell in module["cells"].values()
        for port, bits in cell["connections"].items()
        if port in CLOCKS
        for bit in bits
        if isinstance(bit, int)
    }
    found = [
        name for name, port in module["ports"].items() if port["direction"] == "input" and set(port["bits"]) == taken
    ]
    if len(found) != 1:
        raise ToolError(f"a netlist with {len(taken)} clocks, of which {len(found)} are ports: expected one")
    return found[0]


def loads(module: Mapping[str, Any]) -> dict[int, list[str]]:
    """Verilog of every net that something takes, by the number of its takers: pins of cells and output ports."""
    takers: Counter[int] = Counter()
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input" and port not in CLOCKS:
                takers.update(bit for bit in bits if isinstance(bit, int))
    for port in module["ports"].values():
        if port["direction"] == "output":
            takers.update(bit for bit in port["bits"] if isinstance(bit, int))
    names: dict[int, str] = {}
    for name, net in module["netnames"].items():
        low = net.get("offset", 0)
        for index, bit in enumerate(net["bits"]):
            at = low + (len(net["bits"]) - 1 - index if net.get("upto") else index)
            names.setdefault(bit, f"\\{name} " + (f"[{at}]" if len(net["bits"]) > 1 else ""))
    found = defaultdict(list)
    for bit, number in sorted(takers.items()):
        found[number].append(names[bit])
    return dict(sorted(found.items()))


def _meter(module: Mapping[str, Any], clock: str) -> str:
    groups = loads(module)
    lines = [f"  output [63:0] {PORT};", "  reg [63:0] meter_total = 64'd0;"]
    for number, nets in groups.items():  # a net a line: Verilator takes 40,000 tokens of one
        lines += [f"  wire [{len(nets) - 1}:0] meter_{number} = {{", ",\n    ".join(nets), "  };"]
        lines += [f"  reg [{len(nets) - 1}:0] meter_{number}_q;"]
    lines += [f"  always @(posedge {clock}) begin"]
    lines += [f"    meter_{number}_q <= meter_{number};" for number in groups]
    lines += [f"    meter_total <= meter_total + {_sum(list(groups))};", "  end"]
    return "\n".join([*lines, f"  assign {PORT} = meter_total;", ""])


def _sum(numbers: Sequence[int]) -> str:
    terms = [f"64'd{n} * 64'($countones(meter_{n} ^ meter_{n}_q))" for n in numbers]
    return " + ".join(terms) or "64'd0"
