# SPDX-License-Identifier: BSD-3-Clause
"""Folding with channels padded where that pays: a prime count of channels folds to one lane or to all, nothing between.

Padded channels are zeros: results stay the same, the work grows a little, and cheaper foldings become legal.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chain.errors import InputError, UnsupportedError
from fpga.folding import Folding
from fpga.names import layer_of

MULTIPLES = (4, 8)
GAIN = 1.03  # padding must save so much, in estimates that are no better

Choose = Callable[[Any], Folding]
Cost = Callable[[Folding], float]


def fewer_luts(folding: Folding) -> float:
    """What padding is to lower for a given frame rate."""
    return folding.luts


def more_fps(folding: Folding) -> float:
    """What padding is to lower for a given budget: the cycles of the slowest node."""
    return folding.bottleneck.cycles


def fold(graph: Any, choose: Choose, cost: Cost) -> tuple[Any, Folding]:
    """Fold a copy of `graph` (of mapping.to_dataflow, not folded) by `choose`, its channels padded where that lowers
    the `cost` clearly: to the cheapest of a few multiples, of equals to the smallest.

    Raises what `choose` raises for the graph as it is.
    """
    from fpga.mapping import note_parameters
    from fpga.transforms import PadChannels

    best_plain, best = graph, graph.transform(_Copy())
    chosen = choose(best)
    for layer, channels in _odd_layers(graph):
        trials = []
        for count in sorted({-(-channels // multiple) * multiple for multiple in MULTIPLES}):
            try:
                plain = best_plain.transform(PadChannels(layer, count))
                note_parameters(plain)
                trial = plain.transform(_Copy())
                folding = choose(trial)
            except (InputError, UnsupportedError):
                # The network's own outputs, or too slow when padded.
                continue
            if cost(folding) * GAIN < cost(chosen):
                trials.append((count, plain, trial, folding))
        if trials:
            count, best_plain, best, folding = min(trials, key=lambda trial: (cost(trial[3]), trial[0]))
            padded = tuple(entry for entry in chosen.padded if entry[0] != layer)
            chosen = replace(folding, padded=(*padded, (layer, channels, count)))
    return best, chosen


def _odd_layers(graph: Any) -> list[tuple[str, int]]:
    """Layers whose channels are more than 4 and no multiple of 4."""
    from qonnx.custom_op.registry import getCustomOp

    units = [node for node in graph.graph.node if node.op_type == "WrapMVU"]
    found = [(layer_of(node), int(getCustomOp(node).get_nodeattr("MH"))) for node in units]
    return [(layer, channels) for layer, channels in found if channels > 4 and channels % 4]


class _Copy:
    """A transformation that changes nothing: what is left is QONNX's copy of the graph."""

    def apply(self, model: Any) -> tuple[Any, bool]:
        return model, False
