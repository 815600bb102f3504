# SPDX-License-Identifier: BSD-3-Clause
"""The structure of what moves words between the units: windows, padding, converters, FIFOs, pooling, joins."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fpga import windows
from fpga.estimate import memory
from fpga.estimate.structure import CELLS, Structure, bits, blocks, registers, tables


def window(inst: Any, **others: int) -> Structure:
    """sliding_window, whose buffer is addressed, or parallel_window, of shift registers and memories for the rows; with
    `others` in place of its own parameters.
    """
    cell = windows.cell(inst)
    assert cell is not None  # it is of no other op
    parameters = {name: int(value) for name, value in cell.parameters.items()} | others
    return _words(**parameters) if cell.name == "sliding_window" else _whole(**parameters)


def _words(Width: int, Places: int, **loops: int) -> Structure:
    buffer, address = memory.ram(Places, Width), bits(Places)
    # Of the loops that go on and of the image: how far a step moves, and how many words it leaves behind.
    counts = [loops[f"Count{index}"] for index in range(5)]
    active = [index for index, count in enumerate(counts) if count > 1] + [5]
    moves, leaves = ([loops.get(f"{name}{index}", 0) for index in active] for name in ("Move", "Advance"))
    ahead, held = bits(max(Places, *moves)) + 1, bits(Places + max(leaves)) + 1
    changing, left = _different(moves, ahead), _different(leaves, held)
    lut = {
        "buffer": buffer.lut,
        "address": 2 * address,
        "ahead": 2 * ahead,
        "held": held,
        "moves": changing + left,
        "counters": sum(map(tables, counts)),
        "one": 1,
    }
    ff = {
        CELLS: sum(map(registers, counts)),
        "buffer": buffer.registers,
        "address": 2 * address,
        "ahead": ahead + held,
        "moves": changing + 2 * left,
        "one": 1,
    }
    chains = {"address": 2 * blocks(address), "held": blocks(ahead) + blocks(held), "one": 1}
    levels = {"moves": float(changing + left > 4), "one": 1}  # a second table chooses among so many
    return Structure("sliding window, words", lut, ff, chains, buffer.bram36, levels)


def _different(values: Sequence[int], width: int) -> int:
    """Bits, of `width`, in which the values differ, those that always agree with each other counted once."""
    columns = {tuple(-value >> bit & 1 for value in values) for bit in range(width)}
    return sum(len(set(column)) > 1 for column in columns)


def _whole(
    Width: int,
    Words: int,
    Rows: int,
    Columns: int,
    Kh: int,
    Kw: int,
    StrideH: int,
    StrideW: int,
    DilationH: int,
    DilationW: int,
) -> Structure:
    high, wide = (Kh - 1) * DilationH + 1, (Kw - 1) * DilationW + 1
    waits = Columns - wide
    lines = memory.lut_ram(waits - 1, (high - 1) * Width) if waits > 1 and high > 1 else memory.Memory()
    address = bits(waits - 1) if lines.lut else 0
    due = [_strides(wide, StrideW), _strides(high, StrideH)]
    counts = (Words, Columns, Rows)
    counters = sum(map(tables, counts)) + sum(count for count, _ in due)
    lut = {"lines": lines.lut, "address": address, "counters": counters, "one": 1}
    waiting = (high - 1) * Width if waits else 0
    counting = sum(map(registers, counts)) + sum(count for _, count in due)
    ff = {CELLS: Width * high * wide + waiting + address + counting, "one": 1}
    levels = {"strides": bits(Columns) if max(StrideH, StrideW) > 1 else 0, "one": 1}
    return Structure("sliding window, whole", lut, ff, {"address": blocks(address)}, levels=levels)


def padding(inst: Any) -> Structure:
    """pad_image: a register of a word, which zeros clear, and counters."""
    height, across = inst.get_nodeattr("ImgDim")
    top, left, bottom, right = inst.get_nodeattr("Padding")
    words = inst.get_nodeattr("NumChannels") // inst.get_nodeattr("SIMD")
    spans = [(left, across, right), (top, height, bottom)]
    counts = [words, *(sum(span) for span in spans)]
    changes = sum(bool(before) + bool(after) for before, _, after in spans)
    counters = sum(map(tables, counts))
    width = int(inst.get_outstream_width())
    counting = sum(map(registers, counts))
    lut = {"counters": counters, "changes": changes, "one": 1}
    levels = {"words": float(words > 1), "one": 1}
    return Structure("FMPadding", lut, {CELLS: width + counting, "one": 1}, levels=levels)


def _strides(first: int, stride: int) -> tuple[int, int]:
    """Tables and registers of a stride_counter."""
    if stride == 1 and first <= 8:
        return first > 1, first - 1
    counter = bits(max(first, stride) - 1) + 1
    return 1 + counter, counter


def converter(in_width: int, out_width: int) -> Structure:
    """What is put between streams of two widths: StreamNarrow where whole words come of it, else FINN's, which is a
    shift register, or a barrel shifter where neither width divides the other.
    """
    common = math.gcd(in_width, out_width)
    if common == out_width:
        return narrow(out_width, in_width // out_width)
    if common < in_width:
        # Words come at any of as many places as there are parts in one.
        place = bits(in_width // common)
        wider, narrower = (out_width, 0) if in_width < out_width else (0, in_width)
        lut = {"wider": wider * place**2, "narrower": narrower * place, "places": float(place), "one": 1}
        levels = {"places": place, "one": 1}
        return Structure("converter, uneven", lut, {"wide": 2 * max(in_width, out_width), "one": 1}, levels=levels)
    parts = out_width // in_width
    counter = bits(parts)
    # A counter of two states is a register, one of a power of two needs no reset.
    odd = counter if parts & (parts - 1) else 0
    several = {"several": float(parts > 2), "one": 1}
    lut, ff = {"words": in_width, "odd": odd, **several}, {CELLS: out_width + in_width, "counters": counter, "one": 1}
    return Structure("converter, wider", lut, ff, levels=several)


def fifo(width: int, depth: int) -> Structure:
    """stream_fifo."""
    if depth == 2:
        return Structure("FIFO, two registers", {"words": width, "one": 1}, {"words": 2 * width, "one": 1})
    store = memory.ram(depth - 1, width)
    address = bits(depth - 1)
    lut = {"words": store.lut, "counters": 2 * tables(depth - 1), "compare": 2 * -(-address // 3), "one": 1}
    ff = {"words": store.registers, "counters": 4 * address, "one": 1}
    chains = {"counters": 2 * blocks(address)}
    return Structure("FIFO, memory", lut, ff, chains, store.bram36, {"one": 1})


def maximum(inst: Any) -> Structure:
    """window_max."""
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    kernel, element = inst.get_nodeattr("Kernel"), width // pe
    lut = {"select": width, "compare": pe * max(0, element - 1), "counters": tables(kernel), "one": 1}
    ff = {"words": 2 * width, "counters": registers(kernel), "one": 1}
    levels = {"compare": element, "one": 1}
    return Structure("WindowMax", lut, ff, {"compare": pe}, levels=levels)


def tile(inst: Any) -> Structure:
    """pool_max and pool_ahead: a row of maxima and what counts the words of a pixel, the windows, and rows and columns
    where windows do not fill them.
    """
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    _, rows, columns, channels = inst.get_nodeattr("shape")
    kernel_rows, kernel_columns = inst.get_nodeattr("kernel")
    ahead, fold, across = inst.ahead(), channels // pe, -(-columns // kernel_columns)
    words = inst.places()
    if words == 1:
        store = memory.Memory()
    elif ahead:
        store = memory.ram(words, width)
    else:
        store = memory.lut_ram(words, width)
    left_over = [count for count, kernel in ((columns, kernel_columns), (rows, kernel_rows)) if count % kernel > 0]
    strides = [_strides(kernel, kernel) for kernel in (kernel_columns, kernel_rows)]
    lut = {
        "store": store.lut,
        "select": width,
        "compare": pe * _compared(width // pe),
        "counters": sum(map(tables, (fold, across, *left_over))) + sum(count for count, _ in strides),
        "one": 1,
    }
    # With whole pixels in a word Yosys doubles the number of the window.
    doubled = bits(across) * (fold == 1)
    counting = doubled + sum(map(registers, (fold, across, *left_over))) + sum(count for _, count in strides)
    ahead_registers = bits(words) + (0 if store.bram36 else width)
    ff = {CELLS: width + counting + ahead * ahead_registers, "one": 1}
    chains = {"counters": sum(blocks(count) for count in (bits(fold), bits(across)) if count > 3)}
    levels = {"compare": width // pe, "store": float(words > 1), "one": 1}
    return Structure("PoolMax, ahead" if ahead else "PoolMax", lut, ff, chains, store.bram36, levels)


def narrow(width: int, parts: int) -> Structure:
    """stream_narrow: a multiplexer before a pair of words of `width` bits; two inputs are in the pair's tables."""
    choose = width * (1 + -(-parts // 4)) * (parts > 2)
    lut = {"words": width, "choose": choose, "counters": tables(parts), "one": 1}
    levels = {"choose": -(-bits(parts) // 2) * (parts > 2), "one": 1}
    return Structure("StreamNarrow", lut, {CELLS: 2 * width + registers(parts), "one": 1}, levels=levels)


def pool(inst: Any) -> Structure:
    """window_sum."""
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    words = inst.get_nodeattr("shape")[-1] // pe
    store = memory.ram(words, width, distributed=True)
    pixels = int(np.prod(inst.get_nodeattr("shape")[1:-1]))
    lut = {"sums": width, "store": store.lut, "counters": tables(words) + tables(pixels), "one": 1}
    ff = {CELLS: width + registers(words) + registers(pixels), "one": 1}
    chains = {"sums": pe * blocks(width // pe), "counters": blocks(bits(words))}
    return Structure("WindowSum", lut, ff, chains, levels={"one": 1})


def add(inst: Any) -> Structure:
    """stream_add."""
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    lut, ff = {"sums": width, "one": 1}, {"words": width, "one": 1}
    return Structure("StreamAdd", lut, ff, {"sums": pe}, levels={"one": 1})


def fork(_: Any) -> Structure:
    """stream_fork: one bit a side, no word is kept."""
    return Structure("StreamFork", {"one": 1}, {"one": 1})


def label(inst: Any) -> Structure:
    """arg_max: a tree over the lanes, then the best so far."""
    pe, width = int(inst.get_nodeattr("PE")), int(inst.get_input_datatype().bitwidth())
    index, words = int(inst.get_output_datatype().bitwidth()), inst.get_nodeattr("classes") // pe
    several, rows, step = words > 1, bits(pe), inst.step()
    compare = 2 * -(-width // 3)  # three bits at a time: greater, and equal
    lut = {
        # The greatest value itself is asked for only where there are further words.
        "tree": (pe - 1) * (compare + width) - (0 if several else min(width, width * (pe - 1))),
        "compare": compare * several,
        "index": index * (4 if several else 1),
        "counters": tables(words),
        "one": 1,
    }
    # Registers in the tree: of each node there that has lanes, its value and which of them it is.
    held = sum(-(-pe >> rows - cut) * (width + rows - cut) for cut in range(step, rows, step))
    last = 2 * width + rows + 3 * index + registers(words) if several else rows + index
    chains = {"compare": (pe - 1 + several) * blocks(-(-width // 3)), "one": 1}
    levels = {"tree": min(rows, step), "one": 1}
    return Structure("ArgMax", lut, {CELLS: held + last, "one": 1}, chains, levels=levels)


def _compared(width: int) -> int:
    """Tables that compare two numbers of so many bits."""
    return (0, 0, 1, 1)[width] if width < 4 else 2 * -(-width // 3) - 1
