# SPDX-License-Identifier: BSD-3-Clause
"""The structure of the arithmetic units: wrap_mvu, wrap_vvu, wrap_activation, wrap_fold."""

from typing import Any

from fpga.estimate import heap, memory
from fpga.estimate.heap import Tree
from fpga.estimate.structure import Structure, bits, blocks


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
    weights = memory.rom(depth, pe * simd * weight_bits)
    vector = memory.ram(synapses, simd * in_bits, distributed=True) if rows > 1 else memory.Memory()
    running = synapses > 1
    # Each row's running sum (or, with a start that is not 0, an adder of it), and with binary weights the half sum.
    sums = pe * sum_bits * (running or not binary) + (acc_bits * running if binary else 0)
    ends = (pe + 1) * sum_bits if binary else 0
    counters = bits(synapses) + bits(rows) + bits(depth)
    lut = {
        "compressors": pe * own.tables + shared.tables,
        "products": pe * own.products,
        "adders": pe * own.adders + shared.adders,
        "sums": sums + ends,
        "weights": weights.lut,
        "select": weights.select,
        "vector": vector.lut,
        "counters": counters,
        "one": 1,
    }
    ff = {
        "inputs": simd * in_bits,
        "weights": weights.registers,
        "rows": pe * own.registers + shared.registers,
        "sums": pe * sum_bits * (1 + running) + (acc_bits * (1 + running) if binary else 0),
        "output": pe * acc_bits,
        "counters": counters + (bits(synapses) + bits(depth) if rows > 1 else 0),
        "one": 1,
    }
    chains = {
        "adders": pe * own.blocks + shared.blocks,
        "sums": (pe * blocks(sum_bits) + blocks(acc_bits) * binary) * running + (pe + 1) * blocks(sum_bits) * binary,
        "counters": sum(blocks(width) for width in (bits(synapses), bits(rows), bits(depth)) if width > 3),
    }
    return Structure("WrapMVU", lut, ff, chains, weights.bram36 + vector.bram36)


def depthwise(inst: Any) -> Structure:
    """wrap_vvu."""
    pe, taps = int(inst.get_nodeattr("PE")), int(inst.get_nodeattr("Kernel"))
    in_bits, weight_bits = inst.get_input_datatype().bitwidth(), inst.get_input_datatype(1).bitwidth()
    acc_bits = int(inst.get_nodeattr("accumulatorBits"))
    depth = inst.get_nodeattr("Channels") // pe * taps
    product = Tree() if weight_bits == 1 else heap.dot(1, in_bits, weight_bits, acc_bits)
    weights = memory.rom(depth, pe * weight_bits)
    signed = min(acc_bits, in_bits + 1) if weight_bits == 1 else 0  # bits of x or -x
    counters = bits(taps) + bits(depth)
    lut = {
        "compressors": pe * product.tables,
        "products": pe * (product.products + signed),
        "adders": pe * product.adders,
        "sums": pe * acc_bits,
        "weights": weights.lut,
        "select": weights.select,
        "counters": counters,
        "one": 1,
    }
    ff = {
        "inputs": pe * in_bits,
        "weights": weights.registers,
        "rows": pe * (product.registers + signed),
        "sums": 2 * pe * acc_bits,
        "counters": counters,
        "one": 1,
    }
    chains = {
        "adders": pe * (product.blocks + blocks(signed)),
        "sums": pe * blocks(acc_bits),
        "counters": sum(blocks(width) for width in (bits(taps), bits(depth)) if width > 3),
    }
    return Structure("WrapVVU", lut, ff, chains, weights.bram36)


def activation(inst: Any) -> Structure:
    """wrap_activation, in the form that it has at this PE."""
    pe, out_bits, k = (int(inst.get_nodeattr(name)) for name in ("PE", "outBits", "fold"))
    kind = inst.get_input_datatype()
    in_bits = int(kind.bitwidth())
    words = -(-int(inst.get_nodeattr("rows")) // pe)
    counter = bits(words)
    if inst.chosen_style() == "table":
        table = memory.rom(words << in_bits, out_bits)
        lut = {"table": pe * table.lut, "select": pe * table.select, "counters": counter, "one": 1}
        ff = {"output": pe * table.registers, "counters": counter, "one": 1}
        return Structure("WrapActivation table", lut, ff, {}, pe * table.bram36)
    value_bits = in_bits if kind.signed() else in_bits + 1
    threshold_bits = int(inst.get_nodeattr("thresholdBits"))
    stages = [memory.rom(words << step, threshold_bits, registered=False) for step in range(out_bits)]
    # Each stage compares with the threshold's bits; the value's bits above them only count as a sign.
    compared = max(value_bits, threshold_bits)
    lut = {
        "fold": pe * value_bits if k else 0,
        "thresholds": pe * sum(stage.lut for stage in stages),
        "select": pe * sum(stage.select for stage in stages),
        "compare": pe * sum(compared for stage in stages if stage.lut),
        "constant": pe * sum(value_bits for stage in stages if not stage.lut),
        "counters": counter,
        "one": 1,
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
