# SPDX-License-Identifier: BSD-3-Clause
"""WindowMax: maximum over each window, behind FINN's depthwise sliding window: max pooling."""

from onnx import GraphProto

from fpga.ops._base import Array, Kernel
from fpga.ops._window import WindowOp


class WindowMax(WindowOp):
    """Of unsigned integers."""

    def kernel(self, graph: GraphProto) -> Kernel:
        channels = self.get_nodeattr("Channels")

        def run(x: Array) -> tuple[Array, ...]:
            return (self.elements(x).max(axis=-3).reshape(*x.shape[:-1], channels),)

        return run
