# SPDX-License-Identifier: BSD-3-Clause
"""The QONNX operator `WrapAccumulator`: what a B-bit accumulator leaves of an exact sum, folded."""

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, NodeProto, helper
from qonnx.core.datatype import DataType
from qonnx.custom_op.base import CustomOp

from chain.errors import InputError
from chain.integers import fold, wrap

MIN_BITS, MAX_BITS = 1, 32
EXACT = 1 << 24
"""float32 holds every integer of a magnitude up to this one, so sums must stay below it."""


class WrapAccumulator(CustomOp):
    """f = fold(wrap(z)), element by element, integers held in float32.

    Input z: exact sums, any shape, |z| < 2^24. Output f: the same shape, within the range of INT<bits>.
    Attributes: `bits`, the accumulator's width B, 1..32; `fold`, the integer k of the cyclic activation, 0 for none.
    """

    def get_nodeattr_types(self) -> dict[str, tuple[Any, ...]]:
        return {"bits": ("i", True, 8), "fold": ("i", False, 0)}

    def make_shape_compatible_op(self, model: Any) -> NodeProto:
        return helper.make_node("Identity", [self.onnx_node.input[0]], [self.onnx_node.output[0]])

    def infer_node_datatype(self, model: Any) -> None:
        model.set_tensor_datatype(self.onnx_node.output[0], DataType[f"INT{self.get_nodeattr('bits')}"])

    def execute_node(self, context: dict[str, npt.NDArray[Any]], graph: GraphProto) -> None:
        """Compute the output in 64-bit integers.

        Raises:
            InputError: an input is not an integer of a magnitude below 2^24, so that it is no exact sum.
        """
        z = context[self.onnx_node.input[0]]
        exact = z.astype(np.int64)
        if (exact != z).any() or (np.abs(exact) >= EXACT).any():
            raise InputError(
                f"{self.onnx_node.name!r}: the sums must be integers of a magnitude below {EXACT}; "
                f"found values from {z.min()} to {z.max()}"
            )
        bits = self.get_nodeattr("bits")
        result = fold(wrap(exact, bits), bits, self.get_nodeattr("fold"))
        context[self.onnx_node.output[0]] = result.astype(np.float32)

    def verify_node(self) -> list[str]:
        """List what is wrong with the node; an empty list means nothing."""
        problems = []
        node = self.onnx_node
        if len(node.input) != 1 or len(node.output) != 1:
            problems.append(
                f"{node.name!r}: one input and one output expected, found {len(node.input)} and {len(node.output)}"
            )
        names = {attribute.name for attribute in node.attribute}
        if "bits" not in names:
            return [*problems, f"{node.name!r}: the attribute `bits` is missing"]
        bits, k = self.get_nodeattr("bits"), self.get_nodeattr("fold")
        if not MIN_BITS <= bits <= MAX_BITS:
            problems.append(f"{node.name!r}: bits = {bits}, expected {MIN_BITS}..{MAX_BITS}")
        if k < 0:
            problems.append(f"{node.name!r}: fold = {k}, expected 0 (none) or a positive integer")
        return problems
