# SPDX-License-Identifier: BSD-3-Clause
"""Folding: PE and SIMD of every node, legal values only, for a frame rate or a LUT budget.

The slowest node's cycles an image bound the frame rate. Of all settings that are fast enough, those are taken that
together cost the fewest LUTs by estimate, the width converters between the layers included: a layer that is faster than
it must be wastes LUTs, and so do two neighbours whose words differ in width. FIFOs come after (`fpga.fifo`): few are
needed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chain.errors import InputError
from fpga.cheapest import cheapest
from fpga.estimate import nodes as estimate
from fpga.estimate.structure import Counts
from fpga.layers import Layer, cycles, hardware, layers
from fpga.names import layer_of, op_of


@dataclass(frozen=True)
class Choice:
    """The folding of one node. `cycles` an image; `takes` is estimated."""

    node: str
    op: str
    layer: str
    pe: int
    simd: int
    cycles: int
    takes: Counts


@dataclass(frozen=True)
class Folding:
    """All nodes' folding, in graph order. `padded`: layers with more channels than they had (name, had, has).

    `between` is what width converters take, in LUTs estimated.
    """

    choices: tuple[Choice, ...]
    clock_mhz: float
    between: int = 0
    padded: tuple[tuple[str, int, int], ...] = ()

    @property
    def bottleneck(self) -> Choice:
        """The slowest node (the first of equals)."""
        return max(self.choices, key=lambda choice: choice.cycles)

    @property
    def fps(self) -> float:
        """Images a second that the bottleneck allows."""
        return self.clock_mhz * 1e6 / self.bottleneck.cycles

    @property
    def luts(self) -> int:
        """Estimated LUTs of all nodes and of what is between them."""
        return self.between + sum(choice.takes.lut for choice in self.choices)


def for_fps(model: Any, fps: float, clock_mhz: float) -> Folding:
    """Fold `model` (dataflow graph, changed in place) so that each node needs at most clock / fps cycles an image.

    Raises InputError if that cannot be had: with the best rate possible and the layer that bounds it.
    """
    network = Network(model, clock_mhz)
    return network.fold(network.limit(fps))


def for_luts(model: Any, luts: int, clock_mhz: float) -> Folding:
    """Fold `model` for the best frame rate whose estimated LUTs are at most `luts`.

    Raises InputError if even the smallest folding is estimated larger.
    """
    network = Network(model, clock_mhz)
    limits = network.limits()
    low, high = 0, len(limits) - 1
    if (least := network.cost(limits[high])) > luts:
        raise InputError(
            f"LUT={luts:,} is too small: folded as far as it goes the design takes about {least:,} LUTs (estimated)"
        )
    # The more cycles a layer may take, the more settings there are to choose from: the cost never rises.
    while low < high:
        middle = (low + high) // 2
        if network.cost(limits[middle]) <= luts:
            high = middle
        else:
            low = middle + 1
    return network.fold(limits[high])


class Network:
    """All settings of all layers of a dataflow graph, and what each takes: measured once, then searched quickly."""

    def __init__(self, model: Any, clock_mhz: float) -> None:
        self._model, self._clock_mhz = model, clock_mhz
        self.layers = list(layers(model))
        self._links = list(_links(self.layers))

    def slowest(self) -> tuple["Layer", int]:
        """The layer that bounds the frame rate however it is folded, and its cycles."""
        layer = max(self.layers, key=lambda layer: layer.fastest())
        return layer, layer.fastest()

    def limit(self, fps: float) -> int:
        """The cycles an image that `fps` leave.

        Raises InputError where they are too few: with the best rate possible and the layer that bounds it.
        """
        if not fps > 0:
            raise InputError(f"FPS is {fps:g}, expected more than 0")
        # A rate that was worked out of a number of cycles leaves that number.
        limit = math.floor(self._clock_mhz * 1e6 / fps * (1 + 1e-12))
        slow, least = self.slowest()
        if least > limit:
            raise InputError(
                f"{fps:,.0f} FPS at {self._clock_mhz:g} MHz leave {limit:,} cycles an image; layer {slow.name!r} needs "
                f"{least:,} at least: {self._clock_mhz * 1e6 / least:,.0f} FPS are the most. {slow.remedy()}"
            )
        return limit

    def limits(self) -> list[int]:
        """Every number of cycles an image that the slowest node of a folding can have, ascending."""
        least = self.slowest()[1]
        return sorted({cycles for layer in self.layers for cycles in layer.speeds() if cycles >= least})

    def cost(self, limit: int) -> int:
        """The fewest LUTs, by estimate, of a folding of at most `limit` cycles an image."""
        return sum(self.luts(self.choose(limit)))

    def bram36(self, limit: int) -> float:
        """Block RAMs of that folding, by estimate."""
        chosen = self.choose(limit)
        return sum(float(layer.bram36[index]) for layer, index in zip(self.layers, chosen, strict=True))

    def fold(self, limit: int) -> Folding:
        """Set the folding that takes the fewest LUTs at no more than `limit` cycles; of equals the faster layers."""
        chosen = self.choose(limit)
        for layer, index in zip(self.layers, chosen, strict=True):
            layer.take(index)
        choices = tuple(_choices(self._model))
        own, links = self.luts(chosen)
        return Folding(choices, self._clock_mhz, own + links - sum(choice.takes.lut for choice in choices))

    def choose(self, limit: int) -> list[int]:
        """The index of each layer's setting: the cheapest together of at most `limit` cycles, of equals the faster."""
        fitting = [np.flatnonzero(layer.cycles <= limit) for layer in self.layers]
        # All layers' cycles together stay below half a LUT: they decide between equals alone.
        tie = 0.5 / sum(int(layer.cycles.max()) for layer in self.layers)
        own = [layer.luts[fits] + tie * layer.cycles[fits] for layer, fits in zip(self.layers, fitting, strict=True)]
        between: dict[tuple[int, int], npt.NDArray[np.float64]] = {}
        for link in self._links:
            costs = link.luts[np.ix_(fitting[link.source], fitting[link.sink])]
            pair = (link.source, link.sink)
            between[pair] = between[pair] + costs if pair in between else costs
        return [int(fits[index]) for fits, index in zip(fitting, cheapest(own, between), strict=True)]

    def luts(self, chosen: Sequence[int]) -> tuple[int, int]:
        """LUTs of the layers and of the links between them."""
        own = sum(int(layer.luts[index]) for layer, index in zip(self.layers, chosen, strict=True))
        return own, sum(int(link.luts[chosen[link.source], chosen[link.sink]]) for link in self._links)


@dataclass(frozen=True)
class _Link:
    """A stream between two layers, by index: LUTs for each pair of their settings."""

    source: int
    sink: int
    luts: npt.NDArray[np.float64]


def _links(layers: Sequence[Layer]) -> Iterator[_Link]:
    """The streams between layers: a converter where the widths differ."""
    makers = {tensor: (index, port) for index, layer in enumerate(layers) for port, tensor in enumerate(layer.outputs)}
    for sink, layer in enumerate(layers):
        for port, tensor in enumerate(layer.inputs):
            if tensor in makers:
                source, out = makers[tensor]
                widths = layers[source].out_widths(out), layer.in_widths(port)
                yield _Link(source, sink, _link_luts(*widths))


def _link_luts(outs: Sequence[int], ins: Sequence[int]) -> npt.NDArray[np.float64]:
    costs = {(out, into): float(estimate.converter(out, into).lut) for out in set(outs) for into in set(ins)}
    return np.array([[costs[out, into] for into in ins] for out in outs])


def _choices(model: Any) -> Iterator[Choice]:
    for node in model.graph.node:
        inst = hardware(node)
        types = inst.get_nodeattr_types()
        pe = int(inst.get_nodeattr("PE")) if "PE" in types else 0
        simd = int(inst.get_nodeattr("SIMD")) if "SIMD" in types else 0
        yield Choice(node.name, op_of(node), layer_of(node), pe, simd, cycles(inst), estimate.node(inst))
