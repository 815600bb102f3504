# SPDX-License-Identifier: BSD-3-Clause
"""WrapVVU: depthwise convolution modulo 2^B, behind FINN's depthwise sliding window."""

from typing import Any

import numpy as np
from onnx import GraphProto
from qonnx.core.datatype import BaseDataType, DataType

from fpga.ops._arithmetic import exact_type, wrap
from fpga.ops._base import Array, Kernel, StreamOp, signed
from fpga.ops._window import elements


class WrapVVU(StreamOp):
    """Inputs: windows [1, OH, OW, K*C] of unsigned integers; weights [K, C]. Output: [1, OH, OW, C], wrapped, unfolded.

    As FINN's own ops, the general form takes windows with C innermost, the RTL form takes them as they stream.
    PE is the SIMD of the sliding window before it. Channels from `realChannels` on, if it is not 0, mean nothing.
    """

    interleaved = False

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update(
            {
                "Channels": ("i", True, 0),
                "Kernel": ("i", True, 0),
                "accumulatorBits": ("i", True, 0),
                "fold": ("i", False, 0),
                "realChannels": ("i", False, 0),
                "weightDataType": ("s", True, ""),
                "vectors": ("ints", True, []),
            }
        )
        return types

    def get_input_datatype(self, ind: int = 0) -> BaseDataType:
        return DataType[self.get_nodeattr("weightDataType")] if ind else super().get_input_datatype()

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return signed(self.get_nodeattr("accumulatorBits"))

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        kernel, channels = self.get_nodeattr("Kernel"), self.get_nodeattr("Channels")
        return [kernel, channels] if ind else [1, *self.get_nodeattr("vectors"), kernel * channels]

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return [1, *self.get_nodeattr("vectors"), self.get_nodeattr("Channels")]

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        self.get_folded_output_shape()  # PE divides the channels, not only the window
        return self._folded(self.get_normal_input_shape(ind), self.input_lanes(ind))

    def input_lanes(self, ind: int = 0) -> int:
        return 0 if ind else self.get_nodeattr("PE")

    def get_op_and_param_counts(self) -> dict[str, int]:
        weights = self.get_nodeattr("Kernel") * self.get_nodeattr("Channels")
        macs = weights * int(np.prod([1, *self.get_nodeattr("vectors")]))
        return {
            f"op_mac_{self.get_input_datatype().name}_{self.get_input_datatype(1).name}": macs,
            f"param_weight_{self.get_input_datatype(1).bitwidth()}b": weights,
        }

    def lut_estimation(self, fpgapart: str = "") -> int:
        """LUTs: two a product bit, an accumulator a lane, weights in LUT RAM of 64 words."""
        lanes, bits = self.get_nodeattr("PE"), self.get_input_datatype(1).bitwidth()
        words = self.get_nodeattr("Kernel") * self.get_nodeattr("Channels") // lanes
        products = 2 * lanes * self.get_input_datatype().bitwidth() * bits
        return products + lanes * (self.get_nodeattr("accumulatorBits") + bits * -(-words // 64)) + 30

    def kernel(self, graph: GraphProto) -> Kernel:
        weights = self.initializer(graph, 1)
        channels, bits = self.get_nodeattr("Channels"), self.get_nodeattr("accumulatorBits")
        lanes = self.get_nodeattr("PE") if self.interleaved else channels
        bound = int(np.abs(weights).sum(axis=0).max()) * int(self.get_input_datatype().max())
        kind = exact_type(bound, self.onnx_node.name)
        taps = weights.astype(kind).reshape(-1, channels // lanes, lanes)

        def run(x: Array) -> tuple[Array, ...]:
            view = elements(x, channels, lanes)
            sums = np.zeros((*x.shape[:-1], channels // lanes, lanes), dtype=kind)
            for k, tap in enumerate(taps):
                sums += view[..., k, :, :] * tap
            return (wrap(sums, bits, bound).reshape(*x.shape[:-1], channels),)

        return run
