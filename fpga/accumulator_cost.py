# SPDX-License-Identifier: BSD-3-Clause
"""What accumulator widths cost in look-up tables at a frame rate: a cost for `make search` (docs/search.md)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chain.integers import NARROWEST
from fpga import steps
from fpga.explore import with_accumulators
from fpga.folding import Network


class AccumulatorCost:
    """LUTs by estimate of the exported network in `folder` (build/<model>), folded for `fps` (1,000 for None), by the
    widths of its accumulators. Called as `make search` calls a cost: with widths of 4 bits or more by layer, and the
    measured layers, not used.

    Each layer counts by what it adds with the others as they are, and as its costliest narrower width where that adds
    more: an estimate may fall by a table where a width grows, a cost must not. `name` says what is measured, in words.

    Raises InputError where there is no such network, or no folding that is so fast.
    """

    def __init__(self, folder: Path, fps: float | None) -> None:
        model = steps.open_model(folder.parent, folder.name)
        self._graph, self._clock_mhz = steps.mapped(model), model.hardware.clock_mhz
        network = Network(self._graph, self._clock_mhz)
        fps = steps.DEFAULT_FPS if fps is None else fps
        self._limit = network.limit(fps)
        self.name = f"LUTs at {fps:,.0f} FPS, {self._clock_mhz:g} MHz"
        self._own = network.cost(self._limit)
        self._known: dict[tuple[str, int], int] = {}

    def __call__(self, widths: Mapping[str, int], layers: Mapping[str, Any]) -> float:
        return self._own + sum(
            max(self._added(layer, narrow) for narrow in range(NARROWEST, bits + 1)) for layer, bits in widths.items()
        )

    def _added(self, layer: str, bits: int) -> int:
        if (layer, bits) not in self._known:
            changed = Network(with_accumulators(self._graph, {layer: bits}), self._clock_mhz)
            self._known[layer, bits] = changed.cost(self._limit) - self._own
        return self._known[layer, bits]
