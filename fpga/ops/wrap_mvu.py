# SPDX-License-Identifier: BSD-3-Clause
"""WrapMVU: y = W x modulo 2^B, the matrix-vector unit of convolutions and linear layers."""

from functools import lru_cache
from typing import Any

import numpy as np
from onnx import GraphProto

from fpga import rom
from fpga.ops._arithmetic import wrap
from fpga.ops._base import Array, Kernel
from fpga.ops._rtl import integers
from fpga.ops._weighted import WeightedOp
from fpga.ops._window import elements
from fpga.products import Integers, Products, Way, alike, choose, constant_bits, digits_pay
from fpga.unrolled import sharing
from fpga.unrolled.circuit import Circuit

OUTLINED_WEIGHTS = 2048
WORK = 65_536
"""Weights of a layer of which estimates know what it takes unrolled; and rows x rows x bits of the accumulator, which
is what the time goes with: a second at most.
"""


class WrapMVU(WeightedOp):
    """Data [1, ..., n*MW] and weights [MW, MH] to [1, *vectors, MH].

    `inputShape` may be any shape of that many elements, so that a flattened image needs no node of its own.

    `groups` > 1 is a grouped convolution: windows [1, *vectors, K*C] of `Kernel` = K pixels, of which each MH / groups
    outputs see the MW = K * C / groups elements of one group of channels. As FINN's own ops, the general form takes
    windows with C innermost, the RTL form as a depthwise sliding window streams them: group after group, so that the
    unit takes a group's vector at a time. SIMD is then the SIMD of that sliding window.

    Of the weights estimates know `rowsAlike`, whether rows of ternary ones can be made to start alike, and `outline`:
    look-up tables, flip-flops and CARRY4 of the unrolled layer's adders by outline, zeros for a layer of more weights
    than one is made of.
    """

    interleaved = False

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update(
            {
                "MW": ("i", True, 0),
                "MH": ("i", True, 0),
                "SIMD": ("i", False, 1),
                "groups": ("i", False, 1),
                "Kernel": ("i", False, 1),
                "inputShape": ("ints", True, []),
                "rowsAlike": ("i", False, 1),
                "outline": ("ints", False, [0, 0, 0]),
            }
        )
        return types

    def weight_shape(self) -> list[int]:
        return [self.get_nodeattr("MW"), self.get_nodeattr("MH")]

    def multipliers(self) -> int:
        return self.get_nodeattr("PE") * self.get_nodeattr("SIMD")

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return self.weight_shape() if ind else list(self.get_nodeattr("inputShape"))

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        if ind:
            return tuple(self.weight_shape())
        simd, groups = self.get_nodeattr("SIMD"), self._groups()
        if groups > 1:
            self._folded([self._group_channels()], simd)  # no word spans two groups or two pixels
        return self._folded([1, *self.get_nodeattr("vectors"), groups * self.get_nodeattr("MW")], simd)

    def get_folded_output_shape(self, ind: int = 0) -> tuple[int, ...]:
        self._folded([self.get_nodeattr("MH") // self._groups()], self.get_nodeattr("PE"))
        return super().get_folded_output_shape()

    def input_lanes(self, ind: int = 0) -> int:
        return 0 if ind else self.get_nodeattr("SIMD")

    def weight_memory(self) -> rom.Rom:
        memory = super().weight_memory()
        if self.get_input_datatype(1).bitwidth() > 1:
            return memory
        pe, simd = self.get_nodeattr("PE"), self.get_nodeattr("SIMD")
        constants = pe * constant_bits(self.get_nodeattr("MW") // simd, simd, self.get_nodeattr("accumulatorBits"))
        return rom.Rom(memory.depth, memory.width + constants)

    def get_exp_cycles(self) -> int:
        passes = int(np.prod(self.weight_shape())) // self.multipliers()
        return int(np.prod([1, *self.get_nodeattr("vectors")])) * passes

    def repeats(self) -> bool:
        """Whether a vector is passed several times, and kept for that."""
        return self.get_nodeattr("PE") * self._groups() < self.get_nodeattr("MH")

    def latency(self, graph: GraphProto) -> int:
        if self.unrolled():
            return 1 + self.circuit(graph).latency
        dot = self.dot_latency(self.get_nodeattr("SIMD"), self.products(graph).way)
        return 3 + dot + self.repeats() + self._registers()

    def _registers(self) -> int:
        """Those that fpga/rtl/wrap_mvu.sv adds where the clock allows few levels of logic."""
        cut = self.get_input_datatype(1).bitwidth() == 1 and self.get_nodeattr("SIMD") > 1
        return self.late_weights() + (cut and self.short())

    def rows(self, graph: GraphProto) -> Integers:
        """The weights [MH, MW], inputs in the order in which they come."""
        return integers(self.initializer(graph, 1)).T

    def products(self, graph: GraphProto) -> Products:
        """How the weights are multiplied."""
        bits = (self.get_input_datatype().bitwidth(), self.get_input_datatype(1).bitwidth())
        sizes = self.get_nodeattr("PE"), self.get_nodeattr("SIMD")
        return choose(self.rows(graph), *sizes, *bits, self.get_nodeattr("accumulatorBits"))

    def unrolled(self) -> bool:
        """Whether all products are made in the same cycle: every weight is a constant of the circuit."""
        return self.multipliers() == int(np.prod(self.weight_shape()))

    def circuit(self, graph: GraphProto) -> Circuit:
        """The adders of an unrolled layer."""
        rows = self.rows(graph)
        bits = self.get_input_datatype().bitwidth(), self.get_nodeattr("accumulatorBits")
        return _planned(rows.tobytes(), rows.shape, *bits)

    def note(self, graph: GraphProto) -> None:
        """Set what estimates know of the weights; anew after these, or the accumulator, have changed."""
        rows = self.rows(graph)
        if self.get_nodeattr("weightDataType") == "TERNARY":
            self.set_nodeattr("rowsAlike", int(alike(rows)))
        outline = [0, 0, 0]
        bits = self.get_input_datatype().bitwidth(), self.get_nodeattr("accumulatorBits")
        if self._groups() == 1 and rows.size <= OUTLINED_WEIGHTS and len(rows) ** 2 * bits[1] <= WORK:
            circuit = _outlined(rows.tobytes(), rows.shape, *bits)
            outline = [circuit.luts, circuit.registers, circuit.carry4]
        self.set_nodeattr("outline", outline)

    def expected_products(self) -> tuple[Way, bool]:
        """The way of `products`, and whether rows start with constants of their own; for estimates, without weights."""
        in_bits, weight_bits = self.get_input_datatype().bitwidth(), self.get_input_datatype(1).bitwidth()
        words = self.get_nodeattr("MH") // self.get_nodeattr("PE")
        ternary = self.get_nodeattr("weightDataType") == "TERNARY"
        if ternary and self.get_nodeattr("rowsAlike"):
            return "ternary", False
        sizes = self.get_nodeattr("SIMD"), in_bits, self.get_nodeattr("accumulatorBits")
        if (ternary or (weight_bits > 1 and in_bits > 1)) and digits_pay(words, *sizes):
            return "ternary" if ternary else "booth", True
        return "planes", False

    def kernel(self, graph: GraphProto) -> Kernel:
        weights, bound = self.exact_weights(graph)
        vectors, bits, groups = list(self.get_nodeattr("vectors")), self.get_nodeattr("accumulatorBits"), self._groups()
        terms, outputs = weights.shape
        matrices = np.ascontiguousarray(weights.reshape(terms, groups, -1).swapaxes(0, 1))

        def run(x: Array) -> tuple[Array, ...]:
            rows = np.ascontiguousarray(x, dtype=weights.dtype).reshape(-1, groups * terms)
            sums = (self._by_group(rows) if groups > 1 else rows[None]) @ matrices  # [groups, rows, MH / groups]
            return (wrap(sums.swapaxes(0, 1).reshape(len(x), *vectors, outputs), bits, bound),)

        return run

    def _groups(self) -> int:
        return self.get_nodeattr("groups")

    def _group_channels(self) -> int:
        """Input channels of a group."""
        return self.get_nodeattr("MW") // self.get_nodeattr("Kernel")

    def _by_group(self, windows: Array) -> Array:
        """Windows [N, groups * MW] as [groups, N, MW], C innermost."""
        groups, channels = self._groups(), self._group_channels()
        lanes = self.get_nodeattr("SIMD") if self.interleaved else groups * channels
        split = elements(windows, groups * channels, lanes).reshape(len(windows), -1, groups, channels)
        return split.transpose(2, 0, 1, 3).reshape(groups, len(windows), -1)


@lru_cache(maxsize=64)
def _planned(rows: bytes, shape: tuple[int, int], in_bits: int, acc_bits: int) -> Circuit:
    """The plan is asked for more than once, and takes seconds, for thousands of weights in many rows a minute."""
    return sharing.plan(np.frombuffer(rows, dtype=np.int64).reshape(shape), in_bits, acc_bits)


@lru_cache(maxsize=64)
def _outlined(rows: bytes, shape: tuple[int, int], in_bits: int, acc_bits: int) -> Circuit:
    return sharing.outline(np.frombuffer(rows, dtype=np.int64).reshape(shape), in_bits, acc_bits)
