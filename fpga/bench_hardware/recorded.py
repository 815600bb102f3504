# SPDX-License-Identifier: BSD-3-Clause
"""The matrix-vector units of a network as contests, on what test images put into them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from qonnx.custom_op.registry import getCustomOp

from fpga import execution, steps
from fpga.bench_hardware.contest import OURS, Contest
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.layer import DATA_TYPES, Integers, Layer
from fpga.names import layer_of

KIND = "unit"
IMAGES = 4
"""Test images that are recorded: one is counted, those before and behind it keep the unit busy."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Recorded(Layer):
    """A unit with its trained weights [outputs, fan_in] and the vectors [n, fan_in] that images make."""

    layer: str
    trained: Integers
    vectors: Integers

    @property
    def name(self) -> str:
        """The layer's."""
        return self.layer

    @cached_property
    def matrix(self) -> Integers:
        """The trained weights."""
        return self.trained

    def inputs(self, vectors: int) -> Integers:
        """The first vectors, in the order of the stream."""
        return self.vectors[:vectors]

    def key(self) -> str:
        """Hash of all that."""
        hasher = hashlib.sha256(f"{self.layer} {self.pe} {self.simd} {self.bits}".encode())
        for values in (self.trained, self.vectors):
            hasher.update(np.ascontiguousarray(values).tobytes())
        return hasher.hexdigest()


def contests(model: steps.Model, designs: Mapping[str, Mapping[str, Design]]) -> Iterator[Contest]:
    """A contest for each unit of `model`. `designs` are those of the contenders, OURS among them, by our unit's top
    module.

    Errors as steps.reference and steps.dataflow raise.
    """
    graph = steps.dataflow(model)
    units = {node.name: node for node in graph.graph.node if node.name in designs}
    read = {node.input[0] for node in units.values()}
    parts = list(execution.tensors(graph, steps.reference(model).images[:IMAGES], read))
    for name, node in units.items():
        values = np.concatenate([part[node.input[0]] for part in parts])
        unit = _unit(graph, node, values)
        rivals = {rival: int(design.parameters["AccBits"]) for rival, design in designs[name].items() if rival != OURS}
        yield Contest(KIND, unit, designs[name], {OURS: unit.bits, **rivals}, values[0].size // unit.fan_in)


def weights(graph: Any, node: Any) -> Integers:
    """The weights [outputs, fan_in] of a matrix-vector unit."""
    return np.rint(graph.get_initializer(node.input[1])).astype(np.int64).T


def _unit(graph: Any, node: Any, values: Any) -> Recorded:
    op = getCustomOp(node)
    kinds = {finn: kind for kind, finn in DATA_TYPES.items()}
    fan_in, outputs = op.get_nodeattr("MW"), op.get_nodeattr("MH")
    finn_kind = op.get_nodeattr("weightDataType")
    return Recorded(
        fan_in,
        outputs,
        op.get_nodeattr("PE"),
        op.get_nodeattr("SIMD"),
        kinds.get(finn_kind, finn_kind),
        op.get_input_datatype().bitwidth(),
        op.get_nodeattr("accumulatorBits"),
        layer=layer_of(node),
        trained=weights(graph, node),
        vectors=values.reshape(-1, fan_in).astype(np.int64),
    )
