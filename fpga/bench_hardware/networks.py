# SPDX-License-Identifier: BSD-3-Clause
"""Whole accelerators at equal folding, and so at equal frames a second: ours, and with the rivals' cells in it.

No rival comes with a whole accelerator of its own. It is our whole, less each of our matrix-vector units and what
follows it (thresholds, or the fold of the last layer), plus the rival's cell in its place. Streams between the cells
stay as narrow as ours are, which favours the rivals: theirs carry whole sums from one cell to the next. Weights that we
keep in block RAM are there in the rivals' cells as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from rich.console import Console

import fpga.ops  # noqa: F401  (registers the ops)
from chain.errors import UnsupportedError
from chain.progress import bar
from fpga import design as manifest
from fpga import resources, rom, steps, yosys
from fpga.bench_hardware import activity, contest, plain, plan, recorded
from fpga.bench_hardware import rows as summing
from fpga.bench_hardware.contest import OURS
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Figures, Flow
from fpga.bench_hardware.rows import Row
from fpga.layers import CONVERTERS
from fpga.names import layer_of, op_of
from fpga.resources import Use

RIVALS = ("plain32", "finn-min", "plain8")
_BETWEEN = (*CONVERTERS, "StreamingFIFO")


@dataclass(frozen=True)
class Cell:
    """One of our cells, of a layer and an op, and the rivals' in its place by name: none where they need none."""

    layer: str
    op: str
    ours: Design
    rivals: dict[str, Design]


def rows(build: Path, names: Sequence[str], cells: Flow, rtl: Path, workers: int, console: Console) -> list[Row]:
    """The rows of those networks whose RTL lies in `build`; the others are named on `console`."""
    made = []
    for name in names:
        if not (build / name / "dataflow.onnx").is_file() or not (build / name / "rtl" / manifest.MANIFEST).is_file():
            console.print(f"{name}: no RTL in {build / name}, left out; `make rtl MODEL={name}` first", highlight=False)
            continue
        found = list(replaced(build / name, rtl / name))
        designs = [one for cell in found for one in (cell.ours, *cell.rivals.values())]
        with bar(console) as progress:
            task = progress.add_task(f"{name}: synthesis of {len(found)} cells", total=len(designs))
            known = contest.run(designs, cells, workers, lambda task=task, p=progress: p.advance(task))  # type: ignore[misc]
        whole = resources.count(build / name / "rtl", build / name / "synth").whole
        uses = {rival: exchanged(whole, found, known, rival) for rival in RIVALS}
        design = manifest.load(build / name / "rtl")
        settings = {
            "network": name,
            "cycles": design.bound,
            "cells": len(found),
            "device": design.part,
            "versions": {"yosys": yosys.version()},
        }
        figures = {OURS: asdict(whole)} | {rival: asdict(use) for rival, use in uses.items()}
        made.append(summing.row("network", settings, figures) | {"by_cell": [by_cell(cell, known) for cell in found]})
    return made


def with_switching(
    build: Path, rows: Sequence[Row], cells: Flow, rtl: Path, workers: int, console: Console
) -> list[Row]:
    """The rows, those of networks with the switching of our netlist, and those of plan.WITH_UNITS with that of their
    units and the rivals'. Errors as those of activity.network.
    """
    return [_switched(build, row, cells, rtl, workers, console) if row["kind"] == "network" else row for row in rows]


def units_on_images(model: steps.Model, cells: Flow, rtl: Path, workers: int, console: Console) -> dict[str, Any]:
    """The switching of an image in the matrix-vector units of `model` and in the rivals' in their place, each by
    itself: unit by unit, the sums, and the rivals' sum by ours.
    """
    found = [cell for cell in replaced(model.folder, rtl) if cell.op == "WrapMVU"]
    contests = list(recorded.contests(model, {cell.ours.top: {OURS: cell.ours, **cell.rivals} for cell in found}))
    with bar(console) as progress:
        task = progress.add_task(f"{model.name}: switching of units", total=sum(len(one.designs) for one in contests))
        simulations = cells.folder / "simulations"
        changes = activity.run(contests, cells, simulations, workers, lambda: progress.advance(task))
    an_image = [
        {name: changes[design].a_vector * one.vectors for name, design in one.designs.items()} for one in contests
    ]
    by_unit = [{"layer": one.layer.name, "an_image": own} for one, own in zip(contests, an_image, strict=True)]
    total = {name: sum(own[name] for own in an_image) for name in (OURS, *RIVALS)}
    ratios = {name: total[name] / total[OURS] for name in RIVALS}
    return {"by_unit": by_unit, "an_image": total, "ratios": ratios}


def _switched(build: Path, row: Row, cells: Flow, rtl: Path, workers: int, console: Console) -> Row:
    name = row["settings"]["network"]
    model = steps.Model(build / name, name)
    with bar(console) as progress:
        task = progress.add_task(name, total=100)

        def advance(stage: str, percent: int) -> None:
            progress.update(task, description=f"{name}: switching, {stage}", completed=percent)

        found = activity.network(model, cells.folder / "simulations", advance)
    made = row | {"switching": asdict(found) | {"an_image": found.a_vector}}
    if name in plan.WITH_UNITS:
        made["units"] = units_on_images(model, cells, rtl / name, workers, console)
    return made


def by_cell(cell: Cell, figures: Mapping[Design, Figures]) -> dict[str, Any]:
    """What one cell takes in look-up tables, ours and the rivals', synthesised by itself."""
    designs = {OURS: cell.ours, **cell.rivals}
    return {"layer": cell.layer, "op": cell.op, "lut": {name: figures[design].lut for name, design in designs.items()}}


def exchanged(whole: Use, cells: Sequence[Cell], figures: dict[Design, Figures], rival: str) -> Use:
    """What the whole takes with the rival's cells in the place of ours."""
    use = replace(whole)
    for cell in cells:
        for design, sign in ((cell.ours, -1), (cell.rivals.get(rival), 1)):
            if design is not None:
                found = figures[design]
                for key in asdict(use):
                    setattr(use, key, getattr(use, key) + sign * getattr(found, key))
    return use


def replaced(model: Path, folder: Path) -> Iterator[Cell]:
    """The cells of the network in `model` that have a rival, with the rivals written to `folder`.

    Raises UnsupportedError for a grouped or depthwise convolution, which the rivals do not have.
    """
    graph = ModelWrapper(str(model / "dataflow.onnx"))
    widths: dict[str, dict[str, int]] = {}  # tensor -> accumulator bits by rival
    for node in graph.graph.node:
        kind, op = op_of(node), getCustomOp(node)
        before = widths.get(node.input[0])
        if kind == "WrapVVU" or (kind == "WrapMVU" and op.get_nodeattr("groups") > 1):
            raise UnsupportedError(f"{model.name}: {node.name} is a grouped convolution, which no rival is written for")
        if kind == "WrapMVU":
            widths[node.output[0]] = _widths(graph, node, op)
            rivals = dict(_units(graph, node, op, widths[node.output[0]], folder))
            yield Cell(layer_of(node), kind, _own(model, op), rivals)
        elif before is not None and kind in _BETWEEN:
            widths[node.output[0]] = before
        elif before is not None and kind == "WrapActivation":
            yield Cell(layer_of(node), kind, _own(model, op), dict(_activations(graph, node, op, before, folder)))
        elif before is not None and kind == "WrapFold":
            yield Cell(layer_of(node), kind, _own(model, op), {})


def _own(model: Path, op: Any) -> Design:
    memories = tuple(Path(name).name for name in op.get_nodeattr("memoryFiles"))
    return Design(op.get_nodeattr("gen_top_module"), model / "rtl", tuple(op.get_rtl_file_list()), memories)


def _widths(graph: ModelWrapper, node: Any, op: Any) -> dict[str, int]:
    weights = recorded.weights(graph, node)
    in_bits = op.get_input_datatype().bitwidth()
    minimal = plain.minimal_bits(weights, in_bits, op.get_nodeattr("weightDataType"))
    return {"plain32": plain.WIDE, "finn-min": minimal, "plain8": op.get_nodeattr("accumulatorBits")}


def _units(
    graph: ModelWrapper, node: Any, op: Any, widths: dict[str, int], folder: Path
) -> Iterator[tuple[str, Design]]:
    weights = recorded.weights(graph, node)
    pe, simd, in_bits = op.get_nodeattr("PE"), op.get_nodeattr("SIMD"), op.get_input_datatype().bitwidth()
    style = rom.BLOCK if op.get_nodeattr("romStyle") == rom.BLOCK else rom.AUTO
    for name, bits in widths.items():
        home = folder / node.name / name
        yield name, plain.mvu(weights, pe, simd, in_bits, op.get_nodeattr("weightDataType"), bits, home, style)


def _activations(
    graph: ModelWrapper, node: Any, op: Any, widths: dict[str, int], folder: Path
) -> Iterator[tuple[str, Design]]:
    """Thresholds of a falling channel are those of its negated weights, as FINN does it: the cell is the same."""
    pe = op.get_nodeattr("PE")
    thresholds = graph.get_initializer(node.input[1]).astype(np.int64)
    if len(thresholds) == 1:
        thresholds = np.repeat(thresholds, pe, axis=0)
    for name, bits in widths.items():
        home = folder / node.name / name
        yield name, plain.activation(thresholds, pe, bits, op.get_nodeattr("outBits"), home)
