# SPDX-License-Identifier: BSD-3-Clause
"""What WrapMVU and WrapVVU share: built-in weights, sums modulo 2^B, estimates."""

from abc import abstractmethod
from typing import Any

import numpy as np
from onnx import GraphProto
from qonnx.core.datatype import BaseDataType, DataType

from fpga import rom
from fpga.estimate.heap import halvings, pair_heights
from fpga.ops._arithmetic import exact_type
from fpga.ops._base import Array, StreamOp, signed
from fpga.ops._rtl import RtlOp
from fpga.ops._wrapper import Cell
from fpga.products import Way


class WeightedOp(StreamOp):
    """Inputs: data, unsigned integers; weights [terms of a sum, output channels]. Output: [1, *vectors, channels].

    Sums are wrapped to `accumulatorBits` and not folded: `fold` is what the next node does to them, and nothing here
    depends on it. Output channels from `realChannels` on, if it is not 0, were added for folding and mean nothing.
    `romStyle` is what the weights' memory is made of; "auto" leaves it to the synthesis.
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update(
            {
                "accumulatorBits": ("i", True, 0),
                "fold": ("i", False, 0),
                "realChannels": ("i", False, 0),
                "weightDataType": ("s", True, ""),
                "vectors": ("ints", False, []),
                "romStyle": ("s", False, rom.AUTO, {rom.AUTO, rom.BLOCK, rom.DISTRIBUTED}),
            }
        )
        return types

    @abstractmethod
    def weight_shape(self) -> list[int]:
        """[terms of a sum, output channels]."""

    @abstractmethod
    def multipliers(self) -> int:
        """Products a cycle."""

    def get_input_datatype(self, ind: int = 0) -> BaseDataType:
        return DataType[self.get_nodeattr("weightDataType")] if ind else super().get_input_datatype()

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return signed(self.get_nodeattr("accumulatorBits"))

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return [1, *self.get_nodeattr("vectors"), self.weight_shape()[1]]

    def get_op_and_param_counts(self) -> dict[str, int]:
        data, kind = self.get_input_datatype(), self.get_input_datatype(1)
        weights = int(np.prod(self.weight_shape()))
        macs = weights * int(np.prod([1, *self.get_nodeattr("vectors")]))
        return {f"op_mac_{data.name}_{kind.name}": macs, f"param_weight_{kind.bitwidth()}b": weights}

    def bram_estimation(self, fpgapart: str = "") -> int:
        """Block RAMs of 18 kbit, as FINN counts them, of weights that are in block RAM."""
        return round(2 * self.weight_memory().bram36) if self.get_nodeattr("romStyle") == rom.BLOCK else 0

    def weight_memory(self) -> rom.Rom:
        """The size of the weights' memory: a word holds the weights of a cycle."""
        lanes = self.multipliers()
        words = int(np.prod(self.weight_shape())) // lanes
        return rom.Rom(words, lanes * self.get_input_datatype(1).bitwidth())

    def late_weights(self) -> bool:
        """Whether there is a register behind the weights' memory, which may be block RAM, because levels are few."""
        return self.short() and self.get_nodeattr("romStyle") != rom.DISTRIBUTED and self.weight_memory().depth > 1

    def dot_latency(self, simd: int, way: Way = "planes") -> int:
        """Registers of a dot product of `simd` inputs, multiplied the given way, as fpga/rtl/heap_pkg.sv counts them.

        They sum a heap of bits: each level halves its fullest column, down to two bits. 1-bit weights make one bit of
        two, and add some of these on the way in; signed digits give one row of bits each; of other products, the bits
        are counted three at a time before.
        """
        in_bits, weight_bits = self.get_input_datatype().bitwidth(), self.get_input_datatype(1).bitwidth()
        if way != "planes":
            heights = np.zeros(in_bits + weight_bits + 2, dtype=int)
            for digit in range(1 if way == "ternary" else (weight_bits + 1) // 2):
                heights[2 * digit : 2 * digit + in_bits + (way == "booth")] += simd
            fullest = int(heights.max())
        elif weight_bits == 1:
            fullest = max(pair_heights((simd + 1) // 2, in_bits))
        else:
            products = simd * np.convolve(np.ones(in_bits, dtype=int), np.ones(weight_bits, dtype=int))
            threes = products // 3
            fullest = int((np.append(products - 2 * threes, 0) + np.append(0, threes)).max())
        return halvings(fullest)

    def exact_weights(self, graph: GraphProto) -> tuple[Array, int]:
        """The weights in a float type that holds every sum exactly, and the largest magnitude of a sum."""
        weights = self.initializer(graph, 1)
        bound = int(np.abs(weights).sum(axis=0).max()) * int(self.get_input_datatype().max())
        return weights.astype(exact_type(bound, self.onnx_node.name)), bound


class WeightedRtl(RtlOp):
    """Mixed in before a WeightedOp."""

    def weighted_cell(self, name: str, sizes: dict[str, int], lines: list[str]) -> Cell:
        """The cell `name` of the given sizes, its weight memory holding `lines`."""
        memory = f"{self.get_verilog_top_module_name()}_weights.hex"
        parameters = {
            **sizes,
            "InBits": self.get_input_datatype().bitwidth(),
            "WeightBits": self.get_input_datatype(1).bitwidth(),
            "AccBits": self.get_nodeattr("accumulatorBits"),
            "RomStyle": self.get_nodeattr("romStyle"),
            "InitFile": f"./{memory}",
        }
        return Cell(name, self.limited(parameters), {memory: lines})
