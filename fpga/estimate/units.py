# SPDX-License-Identifier: BSD-3-Clause
"""The structure of the arithmetic units: wrap_mvu, wrap_vvu, wrap_activation, wrap_fold."""

import math
from typing import Any

from fpga.estimate import heap, memory
from fpga.estimate.heap import Cells
from fpga.estimate.structure import CELLS, Structure, bits, blocks, registers, tables
from fpga.resources import TABLE_WORDS

_ADDRESSED, _SHALLOW = 8, 64  # words


def matrix_vector(inst: Any) -> Structure:
    """wrap_mvu, or the module that takes its place where all weights are constants."""
    if inst.unrolled():
        return _unrolled(inst)
    pe, simd, groups = (int(inst.get_nodeattr(name)) for name in ("PE", "SIMD", "groups"))
    in_bits, weight_bits = inst.get_input_datatype().bitwidth(), inst.get_input_datatype(1).bitwidth()
    acc_bits = int(inst.get_nodeattr("accumulatorBits"))
    synapses = inst.get_nodeattr("MW") // simd
    passes = inst.get_nodeattr("MH") // groups // pe
    rows, depth, binary = passes * groups, synapses * passes * groups, weight_bits == 1
    running = synapses > 1
    sum_bits = acc_bits - 1 if binary else acc_bits
    way, starts = inst.expected_products()
    row = heap.dot(way, simd, in_bits, weight_bits, sum_bits)
    shared = heap.binary(simd, in_bits, acc_bits, every=True) if binary else Cells()
    weights = memory.weights(depth, inst.weight_memory().width, str(inst.get_nodeattr("romStyle")))
    # With several passes, two vectors are kept.
    kept = passes > 1 and running
    vector = memory.ram(memory.places(2 * synapses), simd * in_bits) if kept else memory.Memory()
    start = memory.contents(2 * rows, pe * sum_bits, registered=False) if starts else memory.Memory()
    sums = pe * sum_bits + acc_bits * binary
    counts = [synapses, passes, depth] + [rows] * starts + [synapses] * kept
    lut: dict[str, float] = {
        CELLS: pe * row.lut + shared.lut + sums + pe * sum_bits * binary,
        "products": pe * row.free + shared.free,
        **_contents("weights", [(depth, weights, 1)]),
        "starts": start.lut,
        "vector": vector.lut,
        "counters": sum(map(tables, counts)),
        "kept": -(-bits(synapses) // 3) * kept,
        "passes": float(passes > 1),
        "one": 1,
    }
    ff: dict[str, float] = {
        CELLS: simd * in_bits * ((1 + (passes > 1)) if not running else not vector.bram36),
        "weights": weights.registers,
        "rows": pe * row.registers + shared.registers,
        "sums": sums * (1 + running) + pe * acc_bits + pe * sum_bits * (binary and simd > 1),
        "counters": sum(map(registers, counts)) + bits(synapses) * kept,
        "passes": float(passes > 1),
        "one": 1,
    }
    chains = {
        CELLS: pe * (row.carry4 + blocks(sum_bits)) + shared.carry4 + blocks(acc_bits) * binary,
        "results": pe * blocks(sum_bits) * binary,
        "counters": sum(blocks(bits(count)) for count in (depth, *[rows] * starts)),
    }
    # From inputs and weights through the products and the first level of the heap; where some are added as they are
    # chosen, that is a level more, and so is what a row starts with where it is read from a memory. Binary weights
    # leave no room in the products' tables to choose between block RAMs.
    form = "binary" if binary else str(way)
    levels = {form: 1.0, "chains": float(binary and simd > 4), "starts": float(starts and rows > 2)}
    levels["banks"] = float(binary and weights.bram36 > 0 and weights.lut > 0)
    return Structure("WrapMVU", lut, ff, chains, weights.bram36 + vector.bram36, levels)


def _unrolled(inst: Any) -> Structure:
    """The adders of fpga/unrolled by outline: their plan takes seconds. A layer of very many weights has no outline."""
    outline = inst.get_nodeattr("outline")
    lut, ff, carry4 = ({"outline": count, "one": 1} for count in (outline if any(outline) else _by_size(inst)))
    return Structure("WrapMVU unrolled", lut, ff, carry4, levels={"one": 1})


def _by_size(inst: Any) -> list[float]:
    """What an outline would have, by the size alone: of random weights look-up tables within a fifth, flip-flops of
    binary ones up to two and a half times too many.
    """
    pe, simd = int(inst.get_nodeattr("PE")), int(inst.get_nodeattr("SIMD"))
    in_bits, weight_bits = inst.get_input_datatype().bitwidth(), inst.get_input_datatype(1).bitwidth()
    acc_bits = int(inst.get_nodeattr("accumulatorBits"))
    digits = range(0, 1 if weight_bits <= 2 else weight_bits, 2)
    bits = sum(max(0, min(in_bits, acc_bits - digit)) for digit in digits)
    results = pe * min(acc_bits, in_bits + weight_bits + math.ceil(math.log2(simd)))
    # A table takes two bits from the heap of a row; rows share a third, and need delays for that.
    taken = max(0.0, pe * simd * bits - results) / 2
    return [0.68 * taken + 0.5 * results, 1.75 * taken + 0.45 * results + simd * in_bits, 0.23 * taken + 0.15 * results]


def _contents(name: str, memories: list[tuple[int, memory.Memory, int]]) -> dict[str, float]:
    """Tables that hold memories of a depth, so many times each: a bit in one table, and in several with a selection."""
    return {
        name: sum(count * store.lut for depth, store, count in memories if depth <= 64 and not store.bram36),
        f"deep {name}": sum(count * store.lut for depth, store, count in memories if depth > 64 and not store.bram36),
        f"banks of {name}": sum(count * store.lut for _, store, count in memories if store.bram36),
    }


def depthwise(inst: Any) -> Structure:
    """wrap_vvu."""
    pe, taps = int(inst.get_nodeattr("PE")), int(inst.get_nodeattr("Kernel"))
    in_bits, weight_bits = inst.get_input_datatype().bitwidth(), inst.get_input_datatype(1).bitwidth()
    acc_bits = int(inst.get_nodeattr("accumulatorBits"))
    depth, binary = inst.get_nodeattr("Channels") // pe * taps, weight_bits == 1
    product = Cells() if binary else heap.planes(1, in_bits, weight_bits, acc_bits)
    weights = memory.weights(depth, pe * weight_bits, str(inst.get_nodeattr("romStyle")))
    signed = min(acc_bits, in_bits + 1) if binary else 0  # bits of x or -x
    counts = (taps, depth)
    lut: dict[str, float] = {
        CELLS: pe * (product.lut + acc_bits),
        "products": pe * product.free,
        "signs": pe * signed,
        **_contents("weights", [(depth, weights, 1)]),
        "counters": sum(map(tables, counts)),
        "one": 1,
    }
    ff: dict[str, float] = {
        CELLS: pe * in_bits,
        "weights": weights.registers,
        "rows": pe * (acc_bits if binary else product.registers),
        "sums": pe * acc_bits * (2 if taps > 1 else 1),
        "counters": sum(map(registers, counts)),
        "one": 1,
    }
    chains = {
        CELLS: pe * (product.carry4 + blocks(acc_bits)),
        "signs": pe * blocks(signed),
        "counters": blocks(bits(depth)),
    }
    return Structure("WrapVVU", lut, ff, chains, weights.bram36, {"one": 1})


def activation(inst: Any) -> Structure:
    """wrap_activation, in the form that it has at this PE."""
    return ACTIVATIONS[inst.chosen_style()](inst)


def _table(inst: Any) -> Structure:
    pe, out_bits, k = (int(inst.get_nodeattr(name)) for name in ("PE", "outBits", "fold"))
    in_bits, words = int(inst.get_input_datatype().bitwidth()), inst.words()
    counter = bits(words)
    table = memory.table(words << in_bits, out_bits)
    # Sixty-four entries between two steps of the staircase are a constant. A bit of the output steps so often on each
    # of the fold's three slopes.
    slopes, chunks = (3 if k else 1), -(-(words << in_bits) // 64)
    steps = [words * slopes * ((1 << (out_bits - bit)) - 1) for bit in range(out_bits)]
    mixed = 0 if table.bram36 else sum(min(chunks, count) for count in steps)
    lut: dict[str, float] = {"table": pe * mixed, "counters": counter, "one": 1}
    ff = {"output": pe * table.registers, "counters": counter, "one": 1}
    levels = {"address": bits(words << in_bits), "one": 1}
    return Structure("WrapActivation table", lut, ff, {}, pe * table.bram36, levels)


def _search(inst: Any) -> Structure:
    pe, out_bits, k = (int(inst.get_nodeattr(name)) for name in ("PE", "outBits", "fold"))
    kind, words = inst.get_input_datatype(), inst.words()
    in_bits, counter = int(kind.bitwidth()), bits(words)
    value_bits = in_bits if kind.signed() else in_bits + 1
    threshold_bits = int(inst.get_nodeattr("thresholdBits"))
    compared = max(value_bits, threshold_bits)
    stages = [(words << step, _thresholds(words << step, threshold_bits)) for step in range(out_bits)]
    # A lane some of whose channels fall turns its values around, but for a single channel's, whose constants do.
    rows = int(inst.get_nodeattr("rows"))
    turned = pe * (1 - (1 - int(inst.get_nodeattr("falling")) / rows) ** words) if words > 1 else 0
    # A lane with a large memory is mapped by itself and shares no register with the others.
    lanes = pe if words << out_bits >= TABLE_WORDS else 1
    lut = {
        "fold": pe * _fold_luts(value_bits, k),
        "turn": turned * value_bits,
        "thresholds": pe * sum(luts for words, luts in stages if words <= _SHALLOW),
        "deep thresholds": pe * sum(luts for words, luts in stages if words > _SHALLOW),
        # Three bits at a time: greater, and equal.
        "compare": pe * out_bits * 2 * -(-compared // 3),
        "counters": counter,
        "one": 1,
    }
    ff = {
        CELLS: pe * (value_bits * out_bits + out_bits * (out_bits + 1) // 2) + out_bits + 1,
        "words": counter * (1 + lanes * out_bits),
    }
    chains = {
        "fold": pe * blocks(value_bits) if k else 0,
        "compare": pe * out_bits * blocks(-(-compared // 3)),
        "counters": blocks(counter) if counter > 3 else 0,
    }
    # From the channel through the last step's thresholds and a comparison; the fold takes no more.
    levels = {"deep": max(0, bits(words << out_bits - 1) - bits(_SHALLOW)), "one": 1}
    return Structure("WrapActivation search", lut, ff, chains, levels=levels)


def _interval(inst: Any) -> Structure:
    pe, in_bits, words = int(inst.get_nodeattr("PE")), int(inst.get_input_datatype().bitwidth()), inst.words()
    counter, depth = bits(words), 2 * words  # a word for either side of the corner
    thresholds = memory.contents(depth, in_bits + 1, registered=False).lut
    within = depth <= 16  # an address of four bits is part of the comparison's tables
    lut = {
        "within": pe * in_bits * within,
        "thresholds": pe * thresholds * (not within and depth <= _SHALLOW),
        "deep thresholds": pe * thresholds * (depth > _SHALLOW),
        "compare": pe * 2 * -(-in_bits // 3) * (not within),
        "counters": counter,
        "one": 1,
    }
    ff = {CELLS: pe + 1, "words": counter}
    chains = {"compare": pe * blocks(-(-in_bits // 3)), "counters": blocks(counter) if counter > 3 else 0}
    levels = {"within": float(within), "deep": max(0, bits(depth) - bits(_SHALLOW)), "one": 1}
    return Structure("WrapActivation interval", lut, ff, chains, levels=levels)


ACTIVATIONS = {"table": _table, "search": _search, "interval": _interval}


def _thresholds(words: int, width: int) -> float:
    """Tables of a stage's memory; an address of three bits is part of the comparison's tables."""
    return memory.contents(words, width, registered=False).lut if words > _ADDRESSED else 0


def fold(inst: Any) -> Structure:
    """wrap_fold; without a fold it is a register."""
    pe, width, k = int(inst.get_nodeattr("PE")), int(inst.get_input_datatype().bitwidth()), inst.get_nodeattr("fold")
    form = "power" if reads_off(k) else "any"
    lut = {form: pe * _fold_luts(width, k), "one": 1} if k else {"one": 1}
    carry4, levels = {"fold": pe * blocks(width) * (k > 0)}, {form: float(k > 0)}
    return Structure("WrapFold", lut, {CELLS: pe * width, "one": 1}, carry4, levels=levels)


def reads_off(k: int) -> bool:
    """Whether the corner of fold `k` is read off the highest bits (fpga/rtl/fold_value.sv)."""
    return k & (k + 1) == 0


def _fold_luts(width: int, k: int) -> float:
    """fold_value: a subtraction for each bit but the lowest, which stay, and the corner; of other k than 1, 3, 7 ..
    a choice, two comparisons, and an addition for each bit of k.
    """
    if not k:
        return 0
    return width - k.bit_length() + 1 if reads_off(k) else (2 + k.bit_count()) * (width - 2)
