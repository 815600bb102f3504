# SPDX-License-Identifier: BSD-3-Clause
"""WrapVVU: depthwise convolution modulo 2^B, behind FINN's depthwise sliding window."""

import numpy as np
from onnx import GraphProto

from fpga.ops._arithmetic import wrap
from fpga.ops._base import Array, Kernel
from fpga.ops._weighted import WeightedOp
from fpga.ops._window import WindowOp


class WrapVVU(WeightedOp, WindowOp):
    """Windows [1, *vectors, K*C] and weights [K, C] to [1, *vectors, C]."""

    def weight_shape(self) -> list[int]:
        return [self.get_nodeattr("Kernel"), self.get_nodeattr("Channels")]

    def multipliers(self) -> int:
        return self.get_nodeattr("PE")

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return self.weight_shape() if ind else super().get_normal_input_shape()

    def input_lanes(self, ind: int = 0) -> int:
        return 0 if ind else self.get_nodeattr("PE")

    def latency(self, graph: GraphProto) -> int:
        binary = self.get_input_datatype(1).bitwidth() == 1
        return 2 + (1 if binary else self.dot_latency(1)) + self.late_weights()

    def kernel(self, graph: GraphProto) -> Kernel:
        weights, bound = self.exact_weights(graph)
        channels, bits, lanes = self.get_nodeattr("Channels"), self.get_nodeattr("accumulatorBits"), self.lanes()
        taps = weights.reshape(-1, channels // lanes, lanes)

        def run(x: Array) -> tuple[Array, ...]:
            view = self.elements(x)
            sums = np.zeros((*x.shape[:-1], channels // lanes, lanes), dtype=weights.dtype)
            for k, tap in enumerate(taps):
                sums += view[..., k, :, :] * tap
            return (wrap(sums, bits, bound).reshape(*x.shape[:-1], channels),)

        return run
