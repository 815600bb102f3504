# SPDX-License-Identifier: BSD-3-Clause
"""FINN's own SetFolding on a graph of our units, which it knows under other names."""

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import finn.transformation.fpgadataflow.set_folding as finn_folding

from fpga import fifo, mapping
from fpga.estimate import nodes
from fpga.layers import cycles, hardware
from fpga.names import op_of
from fpga.resources import Use

PARALLEL = "Thresholding_rtl"  # whose PE goes up to its channels
NAMES = {"WrapMVU": "MVAU_rtl", "FMPadding": "FMPadding_rtl"}
NAMES |= {"ConvolutionInputGenerator": "ConvolutionInputGenerator_rtl"}


def fold(model: Any, target: int) -> int:
    """Fold `model` (dataflow graph, changed in place) by FINN's rule, second pass included: the cycles it reaches."""
    reached = target
    for _ in range(2):
        with _as_finn_knows_them(model):
            finn_folding.SetFolding(reached, two_pass_relaxation=False).apply(model)
        reached = slowest(model)
        if reached <= target:
            break
    return reached


def slowest(model: Any) -> int:
    """Cycles an image of the slowest node."""
    return max(cycles(hardware(node)) for node in model.graph.node)


def cost(model: Any) -> Use:
    """The estimate of a folded dataflow graph with the converters and FIFOs that it gets."""
    special = fifo.name_streams(mapping.specialise(model))
    use = Use()
    for node in fifo.insert(special, fifo.depths(special)).graph.node:
        use.add(nodes.node(hardware(node)))
    return use


class _Known:
    """A node as FINN's rule asks for it."""

    def __init__(self, inst: Any) -> None:
        self._inst = inst

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inst, name)

    def get_nodeattr(self, name: str) -> Any:
        return "internal_embedded" if name == "mem_mode" else self._inst.get_nodeattr(name)


@contextlib.contextmanager
def _as_finn_knows_them(model: Any) -> Iterator[None]:
    known = {node.name: (op_of(node), node.op_type, _Known(hardware(node))) for node in model.graph.node}
    for node in model.graph.node:
        node.op_type = NAMES.get(known[node.name][0], PARALLEL)
    try:
        with (
            mock.patch.object(finn_folding, "is_rtl_node", lambda node: True),
            mock.patch.object(finn_folding, "getCustomOp", lambda node: known[node.name][2]),
            mock.patch.object(finn_folding, "GiveUniqueNodeNames", _Nothing),
            mock.patch.object(finn_folding, "AnnotateCycles", _Nothing),
            mock.patch.object(finn_folding.log, "warning"),  # of targets that are not met: the cycles say it
        ):
            yield
    finally:
        for node in model.graph.node:
            node.op_type = known[node.name][1]


class _Nothing:
    """A transformation that changes nothing."""

    def apply(self, model: Any) -> tuple[Any, bool]:
        return model, False
