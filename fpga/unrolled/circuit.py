# SPDX-License-Identifier: BSD-3-Clause
"""A pipeline of adders, bit by bit: which bits each adder takes and makes, and when.

A net is a bit that is in a register: an input at time 0, or what an adder makes of nets, a cycle later. An adder that
takes a net later than it is made takes it out of further registers (fpga/unrolled/verilog.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

ZERO, ONE = -1, -2
"""Nets of the constants."""


SHIFTED = 3
"""Registers in a row that the synthesis makes a shift register of a look-up table."""

TABLE = 16
"""What a look-up table costs in flip-flops: there are two to each, and most adders leave theirs unused."""


@dataclass(frozen=True, order=True)
class Bit:
    """A net as an adder takes it."""

    net: int
    inverted: bool = False


NONE, SET = Bit(ZERO), Bit(ONE)


@dataclass(frozen=True)
class Adder:
    """An instance of fpga/rtl/sum_three.sv (three rows, two carries) or add_four.sv (four rows, one carry).

    level    the time at which it takes its bits; what it makes is there at level + 1
    rows     bits of equal weight at equal places, lowest first; the fourth row and the carries are not inverted
    carries  of the lowest column's weight
    sums     nets, one a column; ZERO where nobody needs it
    keeps    add_four's second number, one column higher
    carry    out of the highest column
    """

    level: int
    rows: tuple[tuple[Bit, ...], ...]
    carries: tuple[Bit, ...]
    sums: tuple[int, ...]
    keeps: tuple[int, ...] = ()
    carry: int = ZERO

    @property
    def width(self) -> int:
        """Columns, and so look-up tables."""
        return len(self.sums)

    def taken(self) -> list[int]:
        """Nets that it takes, without the constants."""
        return [bit.net for row in (*self.rows, self.carries) for bit in row if bit.net >= 0]

    def made(self) -> list[int]:
        """Nets that it makes."""
        return [net for net in (*self.sums, *self.keeps, self.carry) if net >= 0]


@dataclass
class Circuit:
    """`inputs` numbers of `in_bits` each; net e * in_bits + b is bit b of input e.

    times    [nets] when each is there
    outputs  by row, its bits, lowest first
    """

    inputs: int
    in_bits: int
    times: list[int] = field(default_factory=list)
    adders: list[Adder] = field(default_factory=list)
    outputs: list[tuple[Bit, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.times = [0] * (self.inputs * self.in_bits)

    def net(self, time: int) -> int:
        """A new one."""
        self.times.append(time)
        return len(self.times) - 1

    @property
    def latency(self) -> int:
        """When all outputs are there."""
        return max((self.times[bit.net] for row in self.outputs for bit in row if bit.net >= 0), default=0)

    def last_uses(self) -> dict[int, int]:
        """The time until which each net is needed, of those that are."""
        uses = {bit.net: self.latency for row in self.outputs for bit in row if bit.net >= 0}
        for adder in self.adders:
            for net in adder.taken():
                uses[net] = max(uses.get(net, 0), adder.level)
        return uses

    @property
    def luts(self) -> int:
        """Look-up tables: of the adders, and of what is delayed for long."""
        return sum(adder.width for adder in self.adders) + sum(tables for tables, _ in self._delays())

    @property
    def registers(self) -> int:
        """Flip-flops, those of the inputs among them."""
        return sum(registers for _, registers in self._delays())

    @property
    def carry4(self) -> int:
        """Carry chains, in CARRY4 of four bits."""
        return sum(-(-adder.width // 4) for adder in self.adders)

    @property
    def cost(self) -> int:
        """Of both, as `delay_cost`."""
        return TABLE * self.luts + self.registers

    def _delays(self) -> list[tuple[int, int]]:
        uses: dict[int, list[int]] = {}
        for adder in self.adders:
            for net in adder.taken():
                uses.setdefault(net, []).append(adder.level)
        for row in self.outputs:
            for bit in row:
                uses.setdefault(bit.net, []).append(self.latency)
        return [_delay(self.times[net], levels) for net, levels in uses.items() if net >= 0]

    def evaluate(self, x: Integers) -> Integers:
        """Outputs [vectors, rows], unsigned, of inputs [vectors, inputs]."""
        bits = np.zeros((len(self.times), len(x)), dtype=np.int64)
        bits[: self.inputs * self.in_bits] = (x[:, :, None] >> np.arange(self.in_bits) & 1).reshape(len(x), -1).T

        def value(row: Sequence[Bit]) -> Integers:
            total = np.zeros(len(x), dtype=np.int64)
            for place, bit in enumerate(row):
                one = np.full(len(x), int(bit.net == ONE)) if bit.net < 0 else bits[bit.net]
                total += (one ^ int(bit.inverted)) << place
            return total

        def spread(nets: Sequence[int], total: Integers) -> None:
            for place, net in enumerate(nets):
                if net >= 0:
                    bits[net] = total >> place & 1

        for adder in self.adders:
            rows = [value(row) for row in adder.rows]
            carries = sum((value((bit,)) for bit in adder.carries), start=np.zeros(len(x), dtype=np.int64))
            if len(rows) == 4:
                odd = rows[0] ^ rows[1] ^ rows[2]
                spread(adder.keeps, rows[0] & rows[1] | rows[2] & (rows[0] | rows[1]))
                spread((*adder.sums, adder.carry), odd + rows[3] + carries)
            else:
                spread((*adder.sums, adder.carry), sum(rows) + carries)
        return np.stack([value(row) for row in self.outputs], axis=1)


def delay_cost(made: int, uses: Sequence[int]) -> int:
    """Cost of the registers of a net that is `made` at some time and used at others, in flip-flops."""
    tables, registers = _delay(made, uses)
    return TABLE * tables + registers


def _delay(made: int, uses: Sequence[int]) -> tuple[int, int]:
    """Look-up tables and flip-flops: none of its registers can be in a shift register whose bit somebody takes."""
    tables, registers, before = 0, 0, made - 1
    for use in sorted(set(uses)):
        gap = use - before
        tables, registers = (tables + 1, registers) if gap >= SHIFTED else (tables, registers + gap)
        before = use
    return tables, registers
