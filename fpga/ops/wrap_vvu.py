# SPDX-License-Identifier: BSD-3-Clause
"""WrapVVU: depthwise convolution modulo 2^B, behind FINN's depthwise sliding window."""

from typing import Any

import numpy as np
from onnx import GraphProto

from fpga.ops._arithmetic import wrap
from fpga.ops._base import Array, Kernel
from fpga.ops._weighted import WeightedOp
from fpga.ops._window import elements


class WrapVVU(WeightedOp):
    """Windows [1, *vectors, K*C] and weights [K, C] to [1, *vectors, C].

    As FINN's own ops, the general form takes windows with C innermost, the RTL form takes them as they stream.
    PE is the SIMD of the sliding window before it.
    """

    interleaved = False

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update({"Channels": ("i", True, 0), "Kernel": ("i", True, 0)})
        return types

    def weight_shape(self) -> list[int]:
        return [self.get_nodeattr("Kernel"), self.get_nodeattr("Channels")]

    def multipliers(self) -> int:
        return self.get_nodeattr("PE")

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        shape = self.weight_shape()
        return shape if ind else [1, *self.get_nodeattr("vectors"), shape[0] * shape[1]]

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        self.get_folded_output_shape()  # PE divides the channels, not only the window
        return super().get_folded_input_shape(ind)

    def input_lanes(self, ind: int = 0) -> int:
        return 0 if ind else self.get_nodeattr("PE")

    def kernel(self, graph: GraphProto) -> Kernel:
        weights, bound = self.exact_weights(graph)
        channels, bits = self.get_nodeattr("Channels"), self.get_nodeattr("accumulatorBits")
        lanes = self.get_nodeattr("PE") if self.interleaved else channels
        taps = weights.reshape(-1, channels // lanes, lanes)

        def run(x: Array) -> tuple[Array, ...]:
            view = elements(x, channels, lanes)
            sums = np.zeros((*x.shape[:-1], channels // lanes, lanes), dtype=weights.dtype)
            for k, tap in enumerate(taps):
                sums += view[..., k, :, :] * tap
            return (wrap(sums, bits, bound).reshape(*x.shape[:-1], channels),)

        return run
