# SPDX-License-Identifier: BSD-3-Clause
"""NarrowAccumulator: a layer whose sums cannot overflow gets no more bits than they need.

Only layers without a fold are touched, and only where the exact bounds of their sums fit: the arithmetic of a layer
that wraps is its accumulator's width, and stays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from fpga.ops._base import signed
from fpga.rtl_memory import signed_bits
from fpga.transforms._graph import attribute, is_output, set_attribute
from fpga.transforms._rewrite import Rewrite


@dataclass(frozen=True)
class Narrow:
    """A unit, the width that its sums need, and the activation that reads them (None at the end of the network)."""

    unit: NodeProto
    bits: int
    reader: NodeProto | None


class NarrowAccumulator(Rewrite):
    """WrapMVU or WrapVVU without a fold, then WrapActivation or the network's output: fewer bits where none is lost."""

    def match(self, model: ModelWrapper, node: NodeProto) -> Narrow | None:
        if node.op_type not in ("WrapMVU", "WrapVVU") or attribute(node, "fold", 0):
            return None
        weights = model.get_initializer(node.input[1])
        bits = signed_bits(*bounds(weights, int(getCustomOp(node).get_input_datatype().max())))
        readers = model.find_consumers(node.output[0])
        reader = readers[0] if readers else None
        last = is_output(model, node.output[0])
        if bits >= attribute(node, "accumulatorBits") or len(readers) + last != 1:
            return None
        if reader is not None and (reader.op_type != "WrapActivation" or attribute(reader, "fold", 0)):
            return None
        return Narrow(node, bits, reader)

    def rewrite(self, model: ModelWrapper, found: Narrow) -> None:
        set_attribute(found.unit, "accumulatorBits", found.bits)
        model.set_tensor_datatype(found.unit.output[0], signed(found.bits))
        if found.reader is None:
            return
        set_attribute(found.reader, "inputDataType", f"INT{found.bits}")
        # What no sum reaches counts the same wherever beyond the range it lies.
        half = 1 << (found.bits - 1)
        thresholds = np.clip(model.get_initializer(found.reader.input[1]), -half, half)
        model.set_initializer(found.reader.input[1], thresholds)
        set_attribute(found.reader, "thresholdBits", signed_bits(int(thresholds.min()), int(thresholds.max())))


def bounds(weights: npt.NDArray[Any], top: int) -> tuple[int, int]:
    """The least and the greatest sum of inputs 0..`top` times a column of `weights`.

    >>> bounds(np.array([[1, -2], [3, -1]]), 15)
    (-45, 60)
    """
    low = int(np.minimum(weights, 0).sum(axis=0).min()) * top
    high = int(np.maximum(weights, 0).sum(axis=0).max()) * top
    return low, high
