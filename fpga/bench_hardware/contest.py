# SPDX-License-Identifier: BSD-3-Clause
"""The contenders of a layer, and many syntheses at a time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fpga.bench_hardware import distributed, ours, plain
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Figures, Flow
from fpga.bench_hardware.layer import Layer
from fpga.bench_hardware.workers import each

OURS = "ours"


@dataclass(frozen=True)
class Contest:
    """A layer, the designs of it by contender, and the width of each contender's accumulators; of a unit of a network
    how many vectors an image makes.
    """

    kind: str
    layer: Layer
    designs: Mapping[str, Design]
    widths: Mapping[str, int]
    vectors: int = 0


def folded(layer: Layer, folder: Path) -> Contest:
    """Products, sums and activation: ours against plain SystemVerilog at three widths. RTL goes to `folder`."""
    home = folder / layer.key()[:12]
    minimal = plain.layer_bits(layer)
    designs = {
        OURS: ours.design(layer, home / OURS),
        "plain32": plain.design(layer, plain.WIDE, home / "plain32"),
        "finn-min": plain.finn_design(layer, minimal, home / "finn-min"),
        "plain8": plain.design(layer, layer.bits, home / "plain8"),
    }
    widths = {OURS: layer.bits, "plain32": plain.WIDE, "finn-min": minimal, "plain8": layer.bits}
    return Contest("layer", layer, designs, widths)


def unrolled(layer: Layer, folder: Path) -> Contest:
    """Products and sums alone of a layer whose weights are constants: ours against da4ml. RTL goes to `folder`."""
    home = folder / f"{layer.key()[:12]}-unrolled"
    rival = distributed.design(layer, home / "da4ml")
    designs = {OURS: ours.design(layer, home / OURS, activation=False), "da4ml": rival}
    widths = {OURS: layer.bits, "da4ml": distributed.output_bits(rival, layer.outputs)}
    return Contest("unrolled", layer, designs, widths)


def run(designs: Iterable[Design], flow: Flow, workers: int, advance: Callable[[], None]) -> dict[Design, Figures]:
    """The figures of every design, `workers` syntheses at a time; `advance` is called after each of them."""
    return each({design: partial(flow.run, design) for design in designs}, workers, advance)
