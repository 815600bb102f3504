# SPDX-License-Identifier: BSD-3-Clause
"""The form of every transformation here: `match` finds a place, `rewrite` changes it, `apply` does one pass."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation

from fpga.transforms._graph import drop_dead


class Rewrite(Transformation):
    """A QONNX transformation of one place at a time. Its fixed point is a graph in which nothing matches."""

    @abstractmethod
    def match(self, model: ModelWrapper, node: NodeProto) -> Any | None:
        """What `rewrite` needs to know if `node` is the anchor of a place to change, else None.

        Raises UnsupportedError, naming the node, where the place is one of this transformation's but cannot be mapped.
        """

    @abstractmethod
    def rewrite(self, model: ModelWrapper, found: Any) -> None:
        """Change the graph, in place, so that the place no longer matches and the graph computes the same."""

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One pass in graph order. QONNX repeats it until nothing matches."""
        changed, there = False, {node.name for node in model.graph.node}
        for node in list(model.graph.node):
            if node.name in there and (found := self.match(model, node)) is not None:
                self.rewrite(model, found)
                drop_dead(model)
                changed, there = True, {node.name for node in model.graph.node}
        return model, changed


class Together(Transformation):
    """Several transformations in turn, until none of them finds anything."""

    def __init__(self, parts: Sequence[Transformation]) -> None:
        super().__init__()
        self.parts = parts

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        changed = False
        for part in self.parts:
            model, found = part.apply(model)
            changed |= found
        return model, changed
