# SPDX-License-Identifier: BSD-3-Clause
"""WindowMax: maximum over each window, behind FINN's depthwise sliding window: max pooling."""

from onnx import GraphProto

from fpga.ops._base import Array, Kernel
from fpga.ops._window import WindowOp


class WindowMax(WindowOp):
    """Of unsigned integers."""

    def lut_estimation(self, fpgapart: str = "") -> int:
        """LUTs: a comparator and a multiplexer a lane."""
        return self.get_nodeattr("PE") * 2 * self.get_input_datatype().bitwidth() + 10

    def kernel(self, graph: GraphProto) -> Kernel:
        channels = self.get_nodeattr("Channels")

        def run(x: Array) -> tuple[Array, ...]:
            return (self.elements(x).max(axis=-3).reshape(*x.shape[:-1], channels),)

        return run
