# SPDX-License-Identifier: BSD-3-Clause
"""What the design takes of a Xilinx part: Yosys' synth_xilinx for the 7 series, the whole, by layer, by kind of node.

Each layer (its nodes and the FIFOs in front of them) is synthesised with its borders kept, so that the layers add up to
the whole. A FIFO's ready reaches back into it from its reader, and no further. The nodes of a layer have no borders:
fpga/kinds.py finds whose a cell is.
LUTs are counted before packing: two small LUTs that could share one site count as two. An UltraScale+ part is counted
in cells of the 7 series as well, whose look-up tables, flip-flops and block RAMs have the same size.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chain.errors import InputError, ToolError, UnsupportedError, nearest
from chain.files import write_json
from fpga import kinds, levels, primitives, yosys
from fpga.design import Design, digest, load

FORMAT = 8

BLACKBOXES = "blackbox =A:whitebox"
"""Yosys' command without which a JSON file cannot hold a netlist with the models of its cells."""

SYNTHESIS = "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf"
"""Yosys' command for everything that is counted, but for the top module. It maps with abc9."""

TABLE_WORDS = 16
"""A module that holds a read-only memory of so many words is mapped to LUTs by itself: in the midst of other logic, ABC
shares parts of tables that would be a LUT each, and needs up to half as many LUTs again for the whole."""

# LUT sites of cells that are made of LUTs (UG474); every other LUT cell is one.
LUT_SITES: Mapping[str, int] = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    **{"LUT6_2": 1, "INV": 1, "SRL16E": 1, "SRL16": 1, "SRLC16E": 1, "SRLC32E": 1},
    **{"RAM16X1S": 1, "RAM32X1S": 1, "RAM64X1S": 1, "RAM32X2S": 2, "RAM128X1S": 2, "RAM256X1S": 4},
    **{"RAM16X1D": 2, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM32M": 4, "RAM64M": 4},
}
FLIP_FLOPS = {"FDRE", "FDSE", "FDCE", "FDPE", "LDCE", "LDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1"}
BRAM36: Mapping[str, float] = {"RAMB18E1": 0.5, "RAMB36E1": 1.0}
# Cells that take none of the four: carry chains and multiplexers sit beside LUTs, the rest is wiring or notes.
FREE = {"CARRY4", "MUXF7", "MUXF8", "GND", "VCC", "BUFG", "IBUF", "OBUF", "$scopeinfo"}


@dataclass(frozen=True)
class Part:
    """Totals of a part."""

    lut: int
    ff: int
    bram36: int
    dsp: int


PARTS: Mapping[str, Part] = {
    "xc7z010": Part(17_600, 35_200, 60, 80),
    "xc7z020": Part(53_200, 106_400, 140, 220),
    "xc7z045": Part(218_600, 437_200, 545, 900),
    "xczu7ev": Part(230_400, 460_800, 312, 1_728),
}


@dataclass
class Use:
    """Counts of one layer, or of the whole."""

    lut: int = 0
    ff: int = 0
    bram36: float = 0
    dsp: int = 0
    carry4: int = 0

    def add(self, other: "Use") -> None:
        """Add `other` to this."""
        self.lut += other.lut
        self.ff += other.ff
        self.bram36 += other.bram36
        self.dsp += other.dsp
        self.carry4 += other.carry4


@dataclass
class Resources:
    """Use of the whole design and of its layers (by ONNX layer), and the levels of logic of paths that end in each.

    `kinds` is a layer's use by kind of node (fpga/kinds.py).
    """

    device: str
    tool: str
    whole: Use
    layers: dict[str, Use] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    clock_mhz: float = 100.0
    kinds: dict[str, dict[str, Use]] = field(default_factory=dict)

    @property
    def whole_by_kind(self) -> dict[str, Use]:
        """Use of the whole design by kind of node, in the order of fpga/kinds.py."""
        found: dict[str, Use] = {}
        for uses in self.kinds.values():
            for kind, use in uses.items():
                found.setdefault(kind, Use()).add(use)
        return {kind: found[kind] for kind in kinds.ORDER if kind in found}

    @property
    def allowed(self) -> int | None:
        """About how many levels the clock allows, None for a part of which that is not known."""
        return levels.allowed(self.device, self.clock_mhz)

    @property
    def slow(self) -> list[str]:
        """The layers with more levels than that."""
        most = self.allowed
        return [] if most is None else [layer for layer, number in self.levels.items() if number > most]

    def to_json(self) -> dict[str, object]:
        """The report's `resources`."""
        return {
            "device": self.device,
            "tool": self.tool,
            **asdict(self.whole),
            "available": asdict(part_of(self.device)),
            "levels": max(self.levels.values(), default=0),
            "levels_allowed": self.allowed,
            "by_layer": [
                {
                    "layer": layer,
                    **asdict(use),
                    "levels": self.levels.get(layer, 0),
                    "by_kind": _rows(self.kinds.get(layer, {})),
                }
                for layer, use in self.layers.items()
            ],
            "by_kind": _rows(self.whole_by_kind),
        }


def _rows(uses: Mapping[str, Use]) -> list[dict[str, object]]:
    return [{"kind": kind, **asdict(use)} for kind, use in uses.items()]


def part_of(name: str) -> Part:
    """Totals of part `name` (a speed grade and package may follow). InputError for a part that is not known."""
    for prefix, part in PARTS.items():
        if name.startswith(prefix):
            return part
    raise InputError(f"unknown part {name!r}: {nearest(name, PARTS)}")


def synthesise(rtl: Path, cache: Path) -> Path:
    """Folder with netlist.v and stat.json of the design in `rtl`, made unless `cache` holds it already."""
    design = load(rtl)
    folder = cache / f"xc7-{digest(rtl)[:16]}-yosys-{yosys.version()}-{FORMAT}"
    if (folder / "stat.json").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)  # what somebody left of it
    cache.mkdir(parents=True, exist_ok=True)
    # Another synthesis of the design, at the same time, has a folder of its own.
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=cache) as scratch:
        made = Path(scratch) / "made"
        _synthesise(rtl, design, made.absolute(), cache / "yosys.log")
        try:
            made.rename(folder)
        except OSError:
            # The other was faster: its folder holds the same files.
            if not (folder / "stat.json").exists():
                raise
    return folder


def _synthesise(rtl: Path, design: Design, target: Path, log: Path) -> None:
    """Netlist, counts and Yosys' output into the new folder `target`; the output also to `log`, if Yosys fails."""
    target.mkdir()
    groups = []
    for index, instances in enumerate(_instances(design).values()):
        cells = " ".join(f"{design.top}/c:{instance}" for instance in instances)
        groups.append(f'setattr -set submod "{index}" {cells}')
    commands = [
        *primitives.XC7.read_commands(design.top, design.files),
        "chformal -remove",
        "delete t:$print t:$check",
        *groups,
        f"submod {design.top}",
        f"setattr -mod -set keep_hierarchy 1 ={design.top}_*",
        *synthesis(design.top, short=levels.is_fast(design.part, design.clock_mhz)),
        f'tee -q -o "{target}/stat.txt" stat -json -hierarchy',
        f'write_verilog -noattr "{target}/netlist.v"',
    ]
    yosys.run(commands, rtl.absolute(), target / "log.txt", kept=log)
    (target / "stat.txt").rename(target / "stat.json")


def synthesis(top: str, command: str = SYNTHESIS, short: bool = False) -> list[str]:
    """Yosys' commands from a design that was read to its netlist, large read-only memories mapped by themselves.

    `command` is that of the synthesis, but for the top module. `short` is for a design with few levels of logic, where
    mapping must not spend levels to save LUTs: ABC takes a wire to be as slow as fpga/levels.py does, not half as slow,
    and registers in a row do not become shift registers in tables, which are slow to give their bits.
    """
    return [
        *([f"scratchpad -set synth_xilinx.abc9.W {levels.WIRE_PS}"] if short else []),
        f"select -set tables t:$meminit* r:WORDS>={TABLE_WORDS} %i %m",
        "setattr -mod -set keep_hierarchy 1 -set wrapnet_table 1 @tables",
        f"{command}{' -nosrl' if short else ''} -top {top}",
        "setattr -mod -unset keep_hierarchy A:wrapnet_table",
        "flatten",
        "opt_clean",
    ]


def count(rtl: Path, cache: Path) -> Resources:
    """Resources of the design in `rtl`, the whole, by layer and by kind of node."""
    design = load(rtl)
    part_of(design.part)
    folder = synthesise(rtl, cache)
    stat = json.loads((folder / "stat.json").read_text(encoding="utf-8"))
    result = Resources(design.part, f"yosys {yosys.version()}", Use(), clock_mhz=design.clock_mhz)
    depths, nodes = _of_netlist(folder, design.top, rtl)
    uses = {
        module.removeprefix("\\"): tally(
            {cell: int(value["local_count"]) for cell, value in facts["num_cells_by_type"].items()}
        )
        for module, facts in stat["modules"].items()
    }
    ops = {layer.instance: layer.op for layer in design.layers}
    for index, (layer, instances) in enumerate(_instances(design).items()):
        module = f"{design.top}_{index}"
        result.layers[layer] = uses.pop(module, Use())
        result.levels[layer] = depths.get(module, 0)
        of = {instance: ops.get(instance, "StreamingFIFO") for instance in instances}
        counted = kinds.by_kind(nodes.get(module, {}), of)
        result.kinds[layer] = {kind: use for kind, cells in counted.items() if (use := tally(cells)) != Use()}
    for use in (*result.layers.values(), *uses.values()):
        result.whole.add(use)
    for module, use in uses.items():
        if use != Use():
            raise ToolError(f"yosys left cells in {module!r}, outside of every layer")
    return result


def _of_netlist(folder: Path, top: str, rtl: Path) -> tuple[dict[str, int], dict[str, dict[str, kinds.Cells]]]:
    """Levels of logic by the module of netlist.v in `folder` that their path ends in, and cells by module and nodes.

    Both are kept there, as levels.json and nodes.json.
    """
    depths, nodes = folder / "levels.json", folder / "nodes.json"
    if not (depths.exists() and nodes.exists()):
        with tempfile.TemporaryDirectory() as scratch:
            flat = Path(scratch) / "flat.json"
            commands = [*flat_commands(top), f'write_json "{flat}"']
            yosys.run(commands, folder.absolute(), Path(scratch) / "log.txt", kept=folder.parent / "yosys.log")
            write_json(depths, {part: found.logic for part, found in levels.by_part(flat, top).items()})
            write_json(nodes, kinds.by_nodes(flat, top, (rtl / f"{top}.sv").read_text(encoding="utf-8")))
    return json.loads(depths.read_text(encoding="utf-8")), json.loads(nodes.read_text(encoding="utf-8"))


def flat_commands(top: str) -> list[str]:
    """Yosys' commands that read netlist.v, in the current folder, as one module."""
    return [
        "read_verilog -lib +/xilinx/cells_sim.v",
        "read_verilog netlist.v",
        f"hierarchy -top {top}",
        "flatten",
        BLACKBOXES,
    ]


def tally(cells: Mapping[str, int]) -> Use:
    """Use of a number of cells of each type. ToolError for a cell that synthesis should not have left."""
    use = Use()
    for cell, number in cells.items():
        if cell in LUT_SITES:
            use.lut += LUT_SITES[cell] * number
        elif cell in FLIP_FLOPS:
            use.ff += number
        elif cell in BRAM36:
            use.bram36 += BRAM36[cell] * number
        elif cell == "DSP48E1":
            use.dsp += number
        elif cell == "CARRY4":
            use.carry4 += number
        elif cell not in FREE:
            raise ToolError(f"synthesis left {number} cells {cell!r}, which no count is known for")
    return use


def require_fit(resources: Resources, design: Design) -> None:
    """Raise UnsupportedError if the design is larger than its part: by how much, and which layer to fold."""
    part, whole = part_of(resources.device), resources.whole
    over = []
    for label, kind in (("LUTs", "lut"), ("flip-flops", "ff"), ("BRAM36", "bram36"), ("DSPs", "dsp")):
        have, need = getattr(part, kind), getattr(whole, kind)
        if need > have:
            name, use = max(resources.layers.items(), key=lambda item: getattr(item[1], kind))
            over.append(
                f"{need:,} {label} of {have:,} ({need - have:,} too many; most in layer {name!r}: "
                f"{getattr(use, kind):,})"
            )
            worst = name
    if over:
        nodes = [layer for layer in design.layers if layer.layer == worst and (layer.pe or layer.simd)]
        folding = ", ".join(f"{node.name} PE {node.pe} SIMD {node.simd} ({node.cycles:,} cycles)" for node in nodes)
        raise UnsupportedError(
            f"{design.model} does not fit {resources.device}: {'; '.join(over)}. Fold layer {worst!r} further "
            f"({folding}): ask for fewer FPS=, or give LUT= a budget"
        )


def write(rtl: Path, cache: Path, target: Path) -> Resources:
    """Count, write the report's `resources` to `target`, and then refuse a design that does not fit."""
    resources = count(rtl, cache)
    write_json(target, resources.to_json())
    require_fit(resources, load(rtl))
    return resources


def _instances(design: Design) -> dict[str, list[str]]:
    """The instances of the top module that make up each layer, FIFOs with the node behind them."""
    groups: dict[str, list[str]] = {}
    for instance, layer in design.owners().items():
        groups.setdefault(layer, []).append(instance)
    return groups
