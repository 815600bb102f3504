# SPDX-License-Identifier: BSD-3-Clause
"""The netlist that Yosys made for the resources, simulated in Verilator with Yosys' models of the cells.

Yosys has no model of the block RAMs' contents: fpga/rtl_sim/ has those, for the ways in which Yosys uses them.
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
_INPUTS = tuple(f"I{index}" for index in range(6))
_TABLE = re.compile(r"^  LUT([1-6]) #\(\s*\.INIT\(\d+'([bh])([0-9a-f]+)\)\s*\) ", re.MULTILINE)
_INSTANCE = re.compile(r"^  ([A-Z][A-Z0-9_]*) (?:#\(|\\|\w)", re.MULTILINE)


@dataclass(frozen=True)
class Family:
    """Yosys' models of a family's cells, as paths in its data folder, and the pins of a look-up table."""

    models: tuple[str, ...]
    inputs: Sequence[str]
    output: str


XC7 = Family(("xilinx/cells_sim.v",), _INPUTS, "O")
ECP5 = Family(("ecp5/common_sim.vh", "ecp5/ccu2c_sim.vh"), "ABCD", "Z")


def simulate(
    rtl: Path,
    synthesis: Path,
    cache: Path,
    images: npt.NDArray[np.integer],
    advance: Callable[[int], None] | None = None,
    seed: int = 1,
    percent: int = 0,
) -> simulation.Run:
    """Outputs of the synthesised design in `rtl` for `images` [N, *input shape].

    Words are held back on both ends in `percent` of 100 cycles, by `seed`.
    """
    folder = synthesise(rtl, synthesis)
    with tempfile.TemporaryDirectory() as scratch:
        gates = Path(scratch) / "gates.v"
        write_text(gates, with_cells(folder / "netlist.v"))
        simulator = simulation.Simulator(rtl, cache, netlist=[gates])
    return simulator.run(images, seed, percent, advance)


def with_cells(netlist: Path, family: Family = XC7) -> str:
    """The Verilog of `netlist` and models of exactly the cells that it instantiates. ToolError for one without model.

    A look-up table becomes an instance of a module of its own contents, LUT6_OF_<contents in hexadecimal>, which is
    their expression: that simulates several times faster than a table. As one module with a parameter, Verilator would
    need memory by the square of the number of contents.
    """
    known: dict[str, str] = {}
    for path in (*(yosys.share() / name for name in family.models), *sorted(MODELS.glob("*.v"))):
        known.update(_modules(path))

    def by_contents(match: re.Match[str]) -> str:
        inputs, table = int(match[1]), int(match[3], 2 if match[2] == "b" else 16)
        name = f"LUT{inputs}_OF_{table:X}"
        known[name] = _look_up_table(family, name, inputs, table)
        return f"  {name} "

    text = _TABLE.sub(by_contents, netlist.read_text(encoding="utf-8"))
    used: set[str] = set()
    found = set(_INSTANCE.findall(text))
    while found:
        missing = sorted(found - known.keys())
        if missing:
            raise ToolError(f"the netlist uses cells that have no simulation model here: {', '.join(missing)}")
        used |= found
        found = {part for name in found for part in known if f"  {part} #(" in known[name].expandtabs()} - used
    return "\n".join([*(known[name] for name in sorted(used)), text])


def expression(table: int, inputs: int, names: Sequence[str] = _INPUTS) -> str:
    """Verilog of the function of the first `inputs` of `names` whose value for index i is bit i of `table`.

    >>> expression(0b1000, 2), expression(0b0110, 2), expression(0b01, 1)
    ('(I1 & I0)', '(I1 ^ I0)', '~I0')
    """
    half = 1 << (inputs - 1) if inputs else 0
    ones = (1 << (1 << inputs)) - 1
    if table in (0, ones):
        return "1'b1" if table else "1'b0"
    low_ones = (1 << half) - 1
    low, high, select = table & low_ones, table >> half, names[inputs - 1]
    if low == high:
        return expression(low, inputs - 1, names)
    if (low, high) == (0, low_ones):
        return select
    if (low, high) == (low_ones, 0):
        return f"~{select}"
    if low == 0:
        return f"({select} & {expression(high, inputs - 1, names)})"
    if high == 0:
        return f"(~{select} & {expression(low, inputs - 1, names)})"
    if low == low_ones:
        return f"(~{select} | {expression(high, inputs - 1, names)})"
    if high == low_ones:
        return f"({select} | {expression(low, inputs - 1, names)})"
    if low ^ high == low_ones:
        return f"({select} ^ {expression(low, inputs - 1, names)})"
    return f"({select} ? {expression(high, inputs - 1, names)} : {expression(low, inputs - 1, names)})"


def _look_up_table(family: Family, name: str, inputs: int, table: int) -> str:
    names = family.inputs[:inputs]
    ports = f"output {family.output}, input {', '.join(names)}"
    return f"module {name} ({ports});\n  assign {family.output} = {expression(table, inputs, names)};\nendmodule\n"


def _modules(path: Path) -> dict[str, str]:
    return {match.group(1): match.group(0) for match in _MODULE.finditer(path.read_text(encoding="utf-8"))}
