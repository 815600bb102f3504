# SPDX-License-Identifier: BSD-3-Clause
"""WrapMVU: y = W x modulo 2^B, the matrix-vector unit of convolutions and linear layers."""

from typing import Any

import numpy as np
from onnx import GraphProto
from qonnx.core.datatype import BaseDataType, DataType

from fpga.ops._arithmetic import exact_type, wrap
from fpga.ops._base import Array, Kernel, StreamOp, signed


class WrapMVU(StreamOp):
    """Inputs: data [1, ..., n*MW] of unsigned integers; weights [MW, MH]. Output: [1, *vectors, MH], wrapped, unfolded.

    `inputShape` may be any shape of vectors*MW elements, so that a flattened image needs no node of its own.
    `fold` is what the next node does to the sums; nothing here depends on it. Output channels from `realChannels` on,
    if it is not 0, were added for folding and mean nothing.
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update(
            {
                "MW": ("i", True, 0),
                "MH": ("i", True, 0),
                "SIMD": ("i", False, 1),
                "accumulatorBits": ("i", True, 0),
                "fold": ("i", False, 0),
                "realChannels": ("i", False, 0),
                "weightDataType": ("s", True, ""),
                "inputShape": ("ints", True, []),
                "vectors": ("ints", False, []),
            }
        )
        return types

    def get_input_datatype(self, ind: int = 0) -> BaseDataType:
        return DataType[self.get_nodeattr("weightDataType")] if ind else super().get_input_datatype()

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return signed(self.get_nodeattr("accumulatorBits"))

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        if ind:
            return [self.get_nodeattr("MW"), self.get_nodeattr("MH")]
        return list(self.get_nodeattr("inputShape"))

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return [1, *self.get_nodeattr("vectors"), self.get_nodeattr("MH")]

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        if ind:
            return tuple(self.get_normal_input_shape(1))
        return self._folded([1, *self.get_nodeattr("vectors"), self.get_nodeattr("MW")], self.get_nodeattr("SIMD"))

    def input_lanes(self, ind: int = 0) -> int:
        return 0 if ind else self.get_nodeattr("SIMD")

    def get_exp_cycles(self) -> int:
        passes = (
            self.get_nodeattr("MW") // self.get_nodeattr("SIMD") * (self.get_nodeattr("MH") // self.get_nodeattr("PE"))
        )
        return int(np.prod([1, *self.get_nodeattr("vectors")])) * passes

    def get_op_and_param_counts(self) -> dict[str, int]:
        weights = self.get_nodeattr("MW") * self.get_nodeattr("MH")
        bits = self.get_input_datatype(1).bitwidth()
        macs = weights * int(np.prod([1, *self.get_nodeattr("vectors")]))
        return {
            f"op_mac_{self.get_input_datatype().name}_{self.get_input_datatype(1).name}": macs,
            f"param_weight_{bits}b": weights,
        }

    def lut_estimation(self, fpgapart: str = "") -> int:
        """LUTs, from the synthesised processing elements: two a product bit, weights in LUT RAM of 64 words."""
        lanes = self.get_nodeattr("PE") * self.get_nodeattr("SIMD")
        bits = self.get_input_datatype(1).bitwidth()
        words = self.get_nodeattr("MW") * self.get_nodeattr("MH") // lanes
        products = 2 * lanes * self.get_input_datatype().bitwidth() * bits
        accumulators = self.get_nodeattr("PE") * self.get_nodeattr("accumulatorBits")
        return products + accumulators + lanes * bits * -(-words // 64) + 30

    def kernel(self, graph: GraphProto) -> Kernel:
        weights = self.initializer(graph, 1)
        vectors, bits = list(self.get_nodeattr("vectors")), self.get_nodeattr("accumulatorBits")
        bound = int(np.abs(weights).sum(axis=0).max()) * int(self.get_input_datatype().max())
        kind = exact_type(bound, self.onnx_node.name)
        matrix = np.ascontiguousarray(weights, dtype=kind)

        def run(x: Array) -> tuple[Array, ...]:
            rows = np.ascontiguousarray(x, dtype=kind).reshape(-1, matrix.shape[0])
            return (wrap(rows @ matrix, bits, bound).reshape(len(x), *vectors, matrix.shape[1]),)

        return run
