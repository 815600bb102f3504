# SPDX-License-Identifier: BSD-3-Clause
"""The structure of the arithmetic units: wrap_mvu, wrap_vvu, wrap_activation, wrap_fold."""

from typing import Any

from fpga.estimate import heap, memory
from fpga.estimate.heap import Tree
from fpga.estimate.structure import Structure, bits, blocks

_DOT = "WrapMVU, WrapVVU"


def matrix_vector(inst: Any) -> Structure:
    """wrap_mvu."""
    pe, simd, groups = (int(inst.get_nodeattr(name)) for name in ("PE", "SIMD", "groups"))
    in_bits, weight_bits = inst.get_input_datatype().bitwidth(), inst.get_input_datatype(1).bitwidth()
    acc_bits = int(inst.get_nodeattr("accumulatorBits"))
    synapses = inst.get_nodeattr("MW") // simd
    rows = inst.get_nodeattr("MH") // groups // pe
    depth, binary = synapses * rows * groups, weight_bits == 1
    sum_bits = acc_bits - 1 if binary else acc_bits
    own = heap.dot(simd, in_bits, weight_bits, sum_bits)
    shared = heap.planes(simd, in_bits, acc_bits) if binary else Tree()
    weights = memory.weights(depth, pe * simd * weight_bits, str(inst.get_nodeattr("romStyle")))
    vector = memory.ram(synapses, simd * in_bits, distributed=True) if rows > 1 else memory.Memory()
    running = synapses > 1
    # Where the sum is wider than what is added to it, the carry passes through without a table. A sum of one word has
    # no more bits than that word.
    held = sum_bits if running or not binary else min(sum_bits, own.bits)
    held_shared = acc_bits if running else min(acc_bits, shared.bits)
    counters = bits(synapses) + bits(rows) + bits(depth)
    lut: dict[str, float] = {
        **_trees((pe, own), (1, shared)),
        "sums": running * (pe * min(sum_bits, own.bits) + min(acc_bits, shared.bits)) + pe * held * binary,
        **_contents("weights", [(depth, weights, 1)]),
        "vector": vector.lut,
        "counters": counters,
        "one": 1,
    }
    ff = {
        "inputs": simd * in_bits,
        "weights": weights.registers,
        "rows": pe * own.registers + shared.registers,
        "sums": (pe * held + held_shared * binary) * (1 + running),
        "output": pe * (held + 1 if binary else held),
        "counters": counters + (bits(synapses) + bits(depth) if rows > 1 else 0),
        "one": 1,
    }
    chains = {
        "adders": pe * own.blocks + shared.blocks,
        "sums": (pe * blocks(held) + blocks(held_shared) * binary) * running + (pe + 1) * blocks(held) * binary,
        "counters": sum(blocks(width) for width in (bits(synapses), bits(rows), bits(depth)) if width > 3),
    }
    return Structure(_DOT, lut, ff, chains, weights.bram36 + vector.bram36)


def _contents(name: str, memories: list[tuple[int, memory.Memory, int]]) -> dict[str, float]:
    """Tables that hold memories of a depth, so many times each: a bit in one table, and in several with a selection."""
    return {
        name: sum(count * store.lut for depth, store, count in memories if depth <= 64),
        f"deep {name}": sum(count * (store.lut) for depth, store, count in memories if depth > 64),
    }


def _trees(*counted: tuple[int, Tree]) -> dict[str, float]:
    """Tables of so many trees of each form."""
    return {
        "products": sum(count * (tree.triples + tree.products) for count, tree in counted),
        "compressors": sum(count * sum(tree.levels) for count, tree in counted),
        "adders": sum(count * tree.adders for count, tree in counted),
    }


def depthwise(inst: Any) -> Structure:
    """wrap_vvu."""
    pe, taps = int(inst.get_nodeattr("PE")), int(inst.get_nodeattr("Kernel"))
    in_bits, weight_bits = inst.get_input_datatype().bitwidth(), inst.get_input_datatype(1).bitwidth()
    acc_bits = int(inst.get_nodeattr("accumulatorBits"))
    depth = inst.get_nodeattr("Channels") // pe * taps
    product = Tree() if weight_bits == 1 else heap.dot(1, in_bits, weight_bits, acc_bits)
    weights = memory.weights(depth, pe * weight_bits, str(inst.get_nodeattr("romStyle")))
    signed = min(acc_bits, in_bits + 1) if weight_bits == 1 else 0  # bits of x or -x
    counters = bits(taps) + bits(depth)
    lut: dict[str, float] = {
        **_trees((pe, product)),
        "sums": pe * (acc_bits + signed if weight_bits == 1 else min(acc_bits, product.bits)),
        **_contents("weights", [(depth, weights, 1)]),
        "vector": 0,
        "counters": counters,
        "one": 1,
    }
    ff = {
        "inputs": pe * in_bits,
        "weights": weights.registers,
        "rows": pe * (product.registers + signed),
        "sums": pe * acc_bits,
        "output": pe * acc_bits,
        "counters": counters,
        "one": 1,
    }
    chains = {
        "adders": pe * (product.blocks + blocks(signed)),
        "sums": pe * blocks(acc_bits),
        "counters": sum(blocks(width) for width in (bits(taps), bits(depth)) if width > 3),
    }
    return Structure(_DOT, lut, ff, chains, weights.bram36)


def activation(inst: Any) -> Structure:
    """wrap_activation, in the form that it has at this PE."""
    pe, out_bits, k = (int(inst.get_nodeattr(name)) for name in ("PE", "outBits", "fold"))
    kind = inst.get_input_datatype()
    in_bits = int(kind.bitwidth())
    words = -(-int(inst.get_nodeattr("rows")) // pe)
    counter = bits(words)
    if inst.chosen_style() == "table":
        table = memory.table(words << in_bits, out_bits)
        # Sixty-four entries between two steps of the staircase are a constant. A bit of the output steps so often on
        # each of the fold's three slopes.
        slopes, chunks = (3 if k else 1), -(-(words << in_bits) // 64)
        steps = [words * slopes * ((1 << (out_bits - bit)) - 1) for bit in range(out_bits)]
        mixed = 0 if table.bram36 else sum(min(chunks, count) for count in steps)
        lut: dict[str, float] = {"table": pe * mixed, "counters": counter, "one": 1}
        ff = {"output": pe * table.registers, "counters": counter, "one": 1}
        return Structure("WrapActivation table", lut, ff, {}, pe * table.bram36)
    value_bits = in_bits if kind.signed() else in_bits + 1
    threshold_bits = int(inst.get_nodeattr("thresholdBits"))
    depths = [words << step for step in range(out_bits)]
    stages = [(memory.contents(depth, threshold_bits, registered=False), depth) for depth in depths]
    # Each stage compares with the threshold's bits; the value's bits above them only count as a sign.
    compared = max(value_bits, threshold_bits)
    lut = {
        "fold": pe * value_bits if k else 0,
        **_contents("thresholds", [(depth, stage, pe) for stage, depth in stages]),
        # A comparison is one table for two bits, the threshold's last table with it; with a constant it is less.
        "compare": pe * sum(compared if stage.lut else value_bits / 2 for stage, _ in stages),
        "counters": counter,
    }
    ff = {
        "values": pe * value_bits * out_bits,
        "found": pe * (out_bits * (out_bits + 1)) // 2,
        "words": counter * (out_bits + 1),
        "one": 1,
    }
    chains = {
        "fold": pe * blocks(value_bits) if k else 0,
        "compare": pe * out_bits * blocks(compared),
        "counters": blocks(counter) if counter > 3 else 0,
    }
    return Structure("WrapActivation search", lut, ff, chains)


def fold(inst: Any) -> Structure:
    """wrap_fold; without a fold it is a register."""
    pe, width, k = int(inst.get_nodeattr("PE")), int(inst.get_input_datatype().bitwidth()), inst.get_nodeattr("fold")
    power = k > 0 and k & (k + 1) == 0
    lut = {"power": pe * width * power, "any": pe * width * (k > 0 and not power), "one": 1}
    ff = {"output": pe * width, "one": 1}
    return Structure("WrapFold", lut, ff, {"fold": pe * blocks(width) * (k > 0)})
