# SPDX-License-Identifier: BSD-3-Clause
"""The RTL form of PoolMax: parameters of the cell `pool_max`."""

from onnx import GraphProto

from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.ops.pool_max import PoolMax


class PoolMax_rtl(RtlOp, PoolMax):
    """PoolMax on `fpga/rtl/pool_max.sv`, or `pool_ahead.sv`."""

    def cell(self, graph: GraphProto) -> Cell:
        _, height, width, channels = self.get_nodeattr("shape")
        rows, columns = self.get_nodeattr("kernel")
        parameters = {
            "Height": height,
            "Columns": width,
            "Kh": rows,
            "Kw": columns,
            "Ch": channels,
            "Pe": self.get_nodeattr("PE"),
            "Bits": self.get_input_datatype().bitwidth(),
        }
        return Cell("pool_ahead" if self.ahead() else "pool_max", parameters)
