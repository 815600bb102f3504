# SPDX-License-Identifier: BSD-3-Clause
"""How few look-up tables the dot products of a folded layer could take: two bounds, and what ours take.

A site is a LUT6, of one output or two, with its bit of the carry chain: six pins, one more around the table into the
chain, and the chain's own.

pins   Every bit of the inputs and weights enters some site, and what a site gives enters another or is a result. M
       sites of 8 pins that take S bits and give T results: 8 M >= S + (M - T), so M >= (S - T) / 7. It holds for
       every circuit. Over several steps, results are taken by the accumulators as well, and T is 0.
heap   Of circuits that form products and sum their bits, column by column: a site that takes k bits of a column and a
       carry gives at most a bit of that column and two of the next, worth 1 + 2 + 2, so that k is 4 at most. Of four
       bits two stay, of three one (the second carry goes to the neighbour's table): a site takes away two at most. Of
       the bits of a row's products, B stay; over several steps they stay in the accumulator, which brings them again.
       With binary weights two inputs make a half (fpga/rtl/binary_dot.sv), a bit of two bits and two weights. Two
       outputs of a LUT6 have five pins, so that each half has a site of its own; that takes away another bit at most.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fpga.bench_hardware import ours
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.layer import Layer


@dataclass(frozen=True)
class Bound:
    """Look-up tables: `dot` those of our unit without activation and weights' memory, and the two bounds of it."""

    dot: int
    pins: int
    heap: int


def pins(layer: Layer) -> int:
    """The bound of every circuit."""
    taken = layer.simd * layer.activation_bits + layer.pe * layer.simd * layer.weight_bits
    given = 0 if layer.fan_in > layer.simd else layer.pe * layer.bits
    return max(0, math.ceil((taken - given) / 7))


def heap(layer: Layer) -> int:
    """The bound of circuits that sum the bits of products, of binary weights the halves."""
    if layer.weights == "binary":
        return layer.pe * (layer.simd // 2) * product_bits(layer)
    stay = 0 if layer.fan_in > layer.simd else layer.bits
    return layer.pe * max(0, math.ceil((layer.simd * product_bits(layer) - stay) / 2))


def ratios(bound: Bound, ours: int, rivals: Mapping[str, int]) -> dict[str, float]:
    """What the rivals' look-up tables by ours would be, if ours had the bound `heap` in the place of its dot products:
    no control, and activation and weights' memory as they are. `ours` and `rivals` are those of the whole row.
    """
    least = ours - bound.dot + bound.heap
    return {name: lut / least for name, lut in rivals.items()}


def product_bits(layer: Layer) -> int:
    """Bits of one product below the sum's width: of the input, gated, for ternary weights, of two inputs for binary
    ones, whose sums have a bit less; for others as few as bit by bit of the weight or by its digits of radix 4.
    """
    a, top = layer.activation_bits, layer.bits
    if layer.weights == "binary":
        return min(a, top - 1)
    if layer.weights == "ternary":
        return min(a, top)
    planes = sum(max(0, min(a, top - plane)) for plane in range(layer.weight_bits))
    digits = sum(max(0, min(a + 1, top - digit)) for digit in range(0, layer.weight_bits, 2))
    return min(planes, digits)


def unit(layer: Layer, folder: Path) -> Design:
    """Our unit without activation, whose RTL goes to `folder`/rtl."""
    return ours.design(layer, folder / "rtl" / f"{layer.key()[:12]}-unit", activation=False)


def of(layer: Layer, dot: int) -> Bound:
    """The bounds beside the look-up tables of that unit without its weights' memory."""
    return Bound(dot, pins(layer), heap(layer))
