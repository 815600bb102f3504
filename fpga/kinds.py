# SPDX-License-Identifier: BSD-3-Clause
"""What kind of node the cells of a netlist belong to, whose layers were each synthesised as one.

Names of nets outlive synthesis where registers, memories and ports are, not between look-up tables. So a cell belongs
to the node that its own name lies in; or to the one that drives the net at its output, by that net's names; or, where
these say nothing, to all nodes whose cells it feeds. Of several, as the inverter of a layer's reset, it is SHARED.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KINDS: Mapping[str, tuple[str, ...]] = {
    "units": ("WrapMVU", "WrapVVU", "WrapActivation", "WrapFold"),
    "sliding windows": ("ConvolutionInputGenerator",),
    "padding": ("FMPadding",),
    "pooling": ("PoolMax", "WindowMax", "WindowSum"),
    "FIFOs": ("StreamingFIFO",),
    "width converters": ("StreamingDataWidthConverter", "StreamNarrow"),
    "additions and forks": ("StreamAdd", "StreamFork"),
}
"""Ops by kind. A unit is a dot product, an activation or a fold."""

SHARED, OTHER = "shared", "other"
"""The kinds of cells that serve several of these, and of the rest: ArgMax, cells that nothing takes from."""

ORDER = (*KINDS, SHARED, OTHER)

Cells = dict[str, int]
"""How many cells there are of each type."""

_INSTANCE = re.compile(r"    \w.* (\w+) \($")
_READY = re.compile(r"        \.(\w+)\((\w+)_tready\)")
_WIRE = re.compile(r"(\w+)_t(data|valid|ready)$")


def by_nodes(netlist: Path, top: str, text: str) -> dict[str, dict[str, Cells]]:
    """The cells of module `top`, whose SystemVerilog is `text`, in the flat JSON netlist that Yosys wrote.

    First by the submodule of `top` that they lie in, then by the instances, separated by spaces, that they belong to.
    """
    module = json.loads(netlist.read_text(encoding="utf-8"))["modules"][top]
    cells = module["cells"]
    drivers = {bit: name for name, cell in cells.items() for bit in _bits(cell, "output")}
    known = _known(module, text)
    owners: dict[str, set[str]] = defaultdict(set, {name: {node} for name, node in known.items()})
    found = list(known.items())
    while found:
        name, node = found.pop()
        for bit in _bits(cells[name], "input"):
            driver = drivers.get(bit)
            if driver is not None and driver not in known and node not in owners[driver]:
                owners[driver].add(node)
                found.append((driver, node))
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for name, cell in cells.items():
        counts[_path(name)[0]][" ".join(sorted(owners[name]))][cell["type"]] += 1
    return {part: {nodes: dict(number) for nodes, number in groups.items()} for part, groups in counts.items()}


def by_kind(nodes: Mapping[str, Cells], ops: Mapping[str, str]) -> dict[str, Cells]:
    """Cells by instances, as `by_nodes` has them, summed up by kind. `ops` has the op of each instance."""
    kinds = {op: kind for kind, members in KINDS.items() for op in members}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for instances, cells in nodes.items():
        served = {kinds.get(ops[instance], OTHER) for instance in instances.split()} or {OTHER}
        found[served.pop() if len(served) == 1 else SHARED].update(cells)
    return {kind: dict(found[kind]) for kind in ORDER if kind in found}


def _known(module: Mapping[str, Any], text: str) -> dict[str, str]:
    """The instance of each cell that names say it of."""
    order, sources, sinks = _streams(text)
    rank = {instance: index for index, instance in enumerate(order)}
    words: dict[int, set[str]] = defaultdict(set)
    readies: dict[int, set[str]] = defaultdict(set)
    inside: dict[int, set[str]] = defaultdict(set)
    for name, net in module["netnames"].items():
        _, *path = _path(name)
        wire = _WIRE.match(path[0]) if len(path) == 1 else None
        if wire and wire[2] == "ready":
            where, node = readies, sinks.get(wire[1])
        elif wire:
            where, node = words, sources.get(wire[1])
        else:
            where, node = inside, path[0] if path and path[0] in rank else None
        if node is not None:
            for bit in net["bits"]:
                where[bit].add(node)
    found = {}
    for name, cell in module["cells"].items():
        _, *path = _path(name)
        source, sink, named = (
            {node for bit in _bits(cell, "output") for node in where.get(bit, ())} for where in (words, readies, inside)
        )
        if path and path[0] in rank:
            found[name] = path[0]
        # A node takes a word's net from one before it, and may pass it on as it is; that of a ready from one after it.
        elif source:
            found[name] = min(source | named, key=rank.__getitem__)
        elif sink:
            found[name] = max(sink | named, key=rank.__getitem__)
        elif len(named) == 1:
            (found[name],) = named
    return found


def _streams(text: str) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """The instances of a top module in order, and the one at the source and at the sink of each of its streams."""
    order: list[str] = []
    sources: dict[str, str] = {}
    sinks: dict[str, str] = {}
    for line in text.splitlines():
        if head := _INSTANCE.match(line):
            order.append(head[1])
        elif order and (ready := _READY.match(line)):
            (sources if ready[1].startswith("out") else sinks)[ready[2]] = order[-1]
    return order, sources, sinks


def _path(name: str) -> list[str]:
    """The levels of a flat name, as Yosys' flatten makes it."""
    return name.removeprefix("$flatten").removeprefix("\\").split(".")


def _bits(cell: Mapping[str, Any], direction: str) -> list[int]:
    """The nets at the inputs or outputs of a cell."""
    return [
        bit
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == direction
        for bit in bits
        if not isinstance(bit, str)
    ]
