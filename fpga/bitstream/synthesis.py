# SPDX-License-Identifier: BSD-3-Clause
"""Yosys' synthesis of a board's whole top level: what the open place and route takes, and what is simulated of it.

For a Zynq it is the recipe by which `make resources` counts (fpga/resources.py); an ECP5's is in trellis.py. Every cell
of the result must be a primitive that place and route knows: that is looked up in the file that it gets, not taken from
Yosys. A LUT6_2 is none of them (nextpnr-xilinx cannot route it before 0.9): it becomes two look-up tables of the same
five inputs, which place and route may put into one.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.errors import ToolError, UnsupportedError
from fpga import levels, primitives, resources, yosys
from fpga.bitstream import top
from fpga.bitstream.job import Job

_PAIR = Path(__file__).parent / "lut_pair.v"
_COMMON = frozenset(
    {f"LUT{inputs}" for inputs in range(1, 7)}
    | {"INV", "SRL16E", "SRLC32E", "RAM32M", "RAM64M", "MUXF7", "MUXF8", "BUFG", "GND", "VCC"}
    | {f"RAM{words}X1{ports}" for words in (32, 64, 128, 256) for ports in "SD"}
    | {f"FD{kind}E{edge}" for kind in "RSCP" for edge in ("", "_1")}
    | {"LDCE", "LDPE"}
)


@dataclass(frozen=True)
class Family:
    """A Zynq's processor, Yosys' name of the fabric, and the primitives that place and route knows."""

    processor: str
    yosys: str
    cells: frozenset[str]

    @property
    def top(self) -> str:
        """The top level that instantiates the processor."""
        return top.ZYNQ[self.processor]


FAMILIES: Mapping[str, Family] = {
    family.processor: family
    for family in (
        Family("PS7", "xc7", _COMMON | {"PS7", "CARRY4", "RAMB18E1", "RAMB36E1", "DSP48E1"}),
        Family(
            "PS8",
            "xcup",
            _COMMON
            # Yosys makes CARRY4 for this family as well: AMD's tools take it for half a CARRY8 (UG974).
            | {"PS8", "BUFG_PS", "CARRY4", "CARRY8", "MUXF9", "RAMB18E2", "RAMB36E2", "DSP48E2", "URAM288"}
            | {"RAM32M16", "RAM64M8", "RAM512X1S"},
        ),
    )
}


@dataclass(frozen=True)
class Netlist:
    """`json` is what place and route gets. `verilog` is the same netlist with the processor, or the PLL, taken out.

    Its pins are ports of `verilog`, `<instance>_<pin>`: so it can be simulated. `cells` counts by type.
    """

    json: Path
    verilog: Path
    cells: Mapping[str, int]


def family(job: Job) -> Family:
    """The family of the job's board. UnsupportedError for one without a processor."""
    if job.board.zynq is None:
        raise UnsupportedError(f"board {job.board.name!r} has no Zynq on it")
    return FAMILIES[job.board.zynq.processor]


def synthesise(job: Job, folder: Path) -> Netlist:
    """Synthesise `job`'s top level into `folder`: <top>.json, <top>.v and log.txt. ToolError if Yosys fails."""
    kind = family(job)
    made = Netlist(folder / f"{kind.top}.json", folder / f"{kind.top}.v", {})
    for path in (made.json, made.verilog):
        path.unlink(missing_ok=True)
    sources = folder / "sources"
    names = top.gather(job, top.zynq_sources(kind.top), sources)
    short = levels.is_fast(job.design.part, job.design.clock_mhz)
    yosys.run(commands(kind, names, top.parameters(job), short), sources, folder / "log.txt")
    return Netlist(made.json, made.verilog, require_mapped(made.json, kind))


def commands(kind: Family, files: Sequence[str], parameters: Mapping[str, str], short: bool = False) -> list[str]:
    """The Yosys commands from `files`, in the current folder, to ../<top>.json and ../<top>.v; `short` as in
    resources.synthesis.
    """
    read = [
        "read_verilog -lib +/xilinx/cells_xtra.v",  # the processor
        *primitives.XC7.read_commands(kind.top, files, top.options(parameters)),
    ]
    command = f"synth_xilinx -family {kind.yosys} -flatten"
    pairs = [f'techmap -map "{_PAIR}"', "opt_lut_ins -tech xilinx"]
    return flow(kind.top, read, [*resources.synthesis(kind.top, command, short), *pairs], kind.processor)


def flow(name: str, read: Sequence[str], synth: Sequence[str], outside: str) -> list[str]:
    """Yosys' commands to ../<name>.json and, without the cell `outside`, ../<name>.v: `read` reads the design, `synth`
    makes the netlist of it.
    """
    return [
        *read,
        f"hierarchy -check -top {name}",
        "chformal -remove",
        "delete t:$print t:$check",
        *synth,
        "delete t:$scopeinfo",  # notes on where a cell came from, which place and route does not know
        "check -assert",
        f"write_json ../{name}.json",
        f"cd {name}",
        f"expose -evert -sep _ t:{outside}",
        "cd",
        f"write_verilog -noattr ../{name}.v",
    ]


def require_mapped(netlist: Path, kind: Family) -> Mapping[str, int]:
    """Cells of the top module in the JSON `netlist`, by type. ToolError naming those that are no primitives."""
    cells = count(netlist, kind.top, kind.cells, kind.yosys)
    if cells.get(kind.processor) != 1:
        raise ToolError(f"{netlist}: {cells.get(kind.processor, 0)} cells {kind.processor}, expected one")
    return cells


def count(netlist: Path, module: str, known: frozenset[str], family: str) -> Mapping[str, int]:
    """Cells of `module` in the JSON `netlist`, by type. ToolError naming those that are not `known`."""
    modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"]
    cells = Counter(cell["type"] for cell in modules[module]["cells"].values())
    unknown = [f"{number} {kind}" for kind, number in sorted(cells.items()) if kind not in known]
    if unknown:
        raise ToolError(f"{netlist}: synthesis left cells that are no primitives of {family}: {', '.join(unknown)}")
    return dict(sorted(cells.items()))
