# SPDX-License-Identifier: BSD-3-Clause
"""WrapActivation: fold, then a staircase given by integer thresholds; batch norm, ReLU and quantiser in one."""

from typing import Any

import numpy as np
from onnx import GraphProto
from qonnx.core.datatype import BaseDataType

from chain.integers import fold
from fpga.estimate import coefficients, units
from fpga.ops._base import Array, Kernel, StreamOp, unsigned

SURELY = 1.05
"""How much less a table must take than another form: its estimate, which knows no contents, is rather too low."""

TABLE_BITS = 16
"""Up to this input width execution looks results up in a table; above, it searches the thresholds."""


class WrapActivation(StreamOp):
    """Inputs: data [1, ..., C]; thresholds [C or 1, 2^outBits - 1], ascending; flips [C or 1]. All int64.

    With f = fold(m) and g = ~f where the channel's flip is set, else f: output = number of thresholds <= g.
    One row of thresholds serves all channels. `style` is the form of the hardware: "search" (a binary search over the
    thresholds), "table" (a memory addressed by m), "interval" (of a one-bit output, without a fold, where its corner is
    read off m) or "auto", what takes the fewest LUTs by estimate at the chosen PE.
    `falling` is what estimates know of the flips: how many rows have one.
    """

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update(
            {
                "shape": ("ints", True, []),
                "outBits": ("i", True, 0),
                "thresholdBits": ("i", True, 0),
                "rows": ("i", True, 0),
                "falling": ("i", False, 0),
                "fold": ("i", False, 0),
                "style": ("s", False, "auto", {"auto", "search", "table", "interval"}),
            }
        )
        return types

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        if ind == 0:
            return list(self.get_nodeattr("shape"))
        rows = self.get_nodeattr("rows")
        return [rows, (1 << self.get_nodeattr("outBits")) - 1] if ind == 1 else [rows]

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("shape"))

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return unsigned(self.get_nodeattr("outBits"))

    def input_lanes(self, ind: int = 0) -> int:
        return 0 if ind else self.get_nodeattr("PE")

    def chosen_style(self) -> str:
        """The form of the hardware, "auto" resolved."""
        style = self.get_nodeattr("style")
        if style != "auto":
            return style
        forms = ["search"]
        if self.get_input_datatype().bitwidth() <= TABLE_BITS:
            forms.append("table")
        if self.get_nodeattr("outBits") == 1 and self._has_sides():
            forms.append("interval")
        counts = {form: coefficients.shipped().counts(units.ACTIVATIONS[form](self)) for form in forms}
        # A search of too many levels is cut behind the reading of its thresholds, the others cannot be. Block RAM is
        # for weights.
        levels = max(self.get_nodeattr("maxLevels"), self._read_levels())
        possible = [
            form for form, count in counts.items() if form == "search" or (count.levels <= levels and not count.bram36)
        ]
        return min(possible, key=lambda form: counts[form].lut * (SURELY if form == "table" else 1))

    def _has_sides(self) -> bool:
        """Whether there is a fold, of which the highest bits of m tell the side of the corner."""
        k = int(self.get_nodeattr("fold"))
        return k > 0 and units.reads_off(k) and k.bit_length() < self.get_input_datatype().bitwidth()

    def latency(self, graph: GraphProto) -> int:
        if self.chosen_style() != "search":
            return 1
        return self.get_nodeattr("outBits") * 2 if self._split() else self.get_nodeattr("outBits") + 1

    def _split(self) -> bool:
        """Whether fpga/rtl/wrap_activation.sv reads a threshold and compares with it in two cycles."""
        return bool(self.get_nodeattr("maxLevels") < 2 + self._read_levels())

    def _read_levels(self) -> int:
        """Levels of logic through the memory of the last step's thresholds."""
        thresholds = self.words() << (self.get_nodeattr("outBits") - 1)
        return 5 if thresholds > 512 else 4 if thresholds > 128 else 2 if thresholds > 64 else 1

    def words(self) -> int:
        """Rows of thresholds in one lane's memory."""
        return -(-self.get_nodeattr("rows") // self.get_nodeattr("PE"))

    def kernel(self, graph: GraphProto) -> Kernel:
        thresholds, flips = self.initializer(graph, 1), self.initializer(graph, 2)
        kind, k = self.get_input_datatype(), self.get_nodeattr("fold")
        bits, signed = kind.bitwidth(), kind.signed()
        rows = len(thresholds)

        def staircase(row: int, m: Array) -> Array:
            f = fold(m, bits, k)
            g = ~f if flips[row] else f
            return np.searchsorted(thresholds[row], g, side="right").astype(np.float32)

        if bits > TABLE_BITS:

            def search(x: Array) -> tuple[Array, ...]:
                m = x.astype(np.int64)
                if rows == 1:
                    return (staircase(0, m),)
                return (np.stack([staircase(c, m[..., c]) for c in range(rows)], axis=-1),)

            return search

        low, size = int(kind.min()), 1 << bits
        table = np.concatenate([staircase(row, np.arange(low, low + size)) for row in range(rows)])
        offset = (np.arange(rows, dtype=np.int32) * size - low) if signed or rows > 1 else np.zeros(1, np.int32)

        def look_up(x: Array) -> tuple[Array, ...]:
            index = x.astype(np.int32)
            index += offset
            return (table.take(index),)

        return look_up
