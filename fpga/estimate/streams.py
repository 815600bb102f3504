# SPDX-License-Identifier: BSD-3-Clause
"""The structure of what moves words between the units: windows, padding, converters, FIFOs, pooling, joins."""

import math
from typing import Any

import numpy as np

from fpga.estimate import memory
from fpga.estimate.structure import CELLS, Structure, bits, blocks

# Adders and comparisons of the sliding window's counters of elements, and of its read address.
_MOVES, _MOVES_PARALLEL, _WRAPS = 8, 4, 4


def window(inst: Any) -> Structure:
    """FINN's sliding window: a buffer that is addressed, or one of shift registers that gives whole windows."""
    width = int(inst.get_instream_width())
    (rows, columns), (height, across) = inst.get_nodeattr("ConvKernelDim"), inst.get_nodeattr("OFMDim")
    fold = inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")
    loops = [height, across, rows, columns, fold]
    counters = sum(bits(count) + 1 for count in loops if count > 1)
    words = int(np.prod(inst.get_folded_input_shape()[:-1]))
    position = bits(words) + 1
    if inst.select_impl_style() == "parallel":
        image, dilations = inst.get_nodeattr("IFMDim")[1], inst.get_nodeattr("Dilation")
        gap = image * dilations[0] - (columns - 1) * dilations[1] - 1
        line = memory.ram(gap, width) if gap > 0 else memory.Memory()
        lines = rows - 1 if min(inst.get_nodeattr("IFMDim")) > 1 else 0
        lut = {
            "lines": lines * line.lut,
            "addresses": lines * 4 * bits(gap) if gap > 1 else 0,
            "position": _MOVES_PARALLEL * position,
            "counters": counters,
            "one": 1,
        }
        ff = {
            "window": width * rows * columns,
            "lines": lines * line.registers,
            "addresses": lines * 2 * bits(gap) if gap > 1 else 0,
            "position": 2 * position,
            "counters": counters,
            "one": 1,
        }
        return Structure(
            "sliding window, parallel", lut, ff, {"position": _MOVES_PARALLEL * blocks(position)}, lines * line.bram36
        )
    depth = int(inst.get_buffer_depth())
    buffer = memory.ram(depth, width)
    address = bits(depth) + 1
    lut = {
        "buffer": buffer.lut,
        "address": _WRAPS * address,
        "position": _MOVES * position,
        "counters": counters,
        "one": 1,
        "depthwise": inst.get_nodeattr("depthwise"),
    }
    ff = {
        "buffer": buffer.registers,
        "address": 2 * address,
        "position": 3 * position,
        "counters": counters + bits(rows * columns * fold),
        "one": 1,
    }
    chains = {"address": 2 * blocks(address), "position": (_MOVES - 1) * blocks(position)}
    return Structure("sliding window, serial", lut, ff, chains, buffer.bram36)


def padding(inst: Any) -> Structure:
    """FINN's padding: three counters and two registers of a word, in whole bytes."""
    width = int(inst.get_outstream_width_padded())
    height, across = inst.get_nodeattr("ImgDim")
    top, left, bottom, right = inst.get_nodeattr("Padding")
    counters = bits(height + top + bottom) + bits(across + left + right)
    counters += bits(inst.get_nodeattr("NumChannels") // inst.get_nodeattr("SIMD"))
    terms = {"words": width, "counters": 2 * counters, "one": 1}
    return Structure("FMPadding", terms, {CELLS: 2 * width, "counters": counters, "one": 1}, {"one": 1})


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
        return Structure("converter, uneven", lut, {"wide": 2 * max(in_width, out_width), "one": 1})
    parts = out_width // in_width
    counter = bits(parts)
    # A counter of two states is a register, one of a power of two needs no reset.
    odd = counter if parts & (parts - 1) else 0
    lut = {"words": in_width, "several": float(parts > 2), "odd": odd, "one": 1}
    return Structure("converter, wider", lut, {CELLS: out_width + in_width, "counters": counter, "one": 1})


def fifo(width: int, depth: int) -> Structure:
    """stream_fifo."""
    if depth == 2:
        return Structure("FIFO, two registers", {"words": width, "one": 1}, {"words": 2 * width, "one": 1})
    store = memory.ram(depth - 1, width)
    counters = 2 * bits(depth - 1) + bits(depth)
    lut = {"words": store.lut, "counters": counters, "one": 1}
    ff = {"words": store.registers, "counters": counters, "one": 1}
    chains = {"counters": sum(blocks(width) for width in (bits(depth - 1),) * 2 + (bits(depth),))}
    return Structure("FIFO, memory", lut, ff, chains, store.bram36)


def maximum(inst: Any) -> Structure:
    """window_max."""
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    counter = bits(inst.get_nodeattr("Kernel"))
    element = width // pe
    lut = {"select": width, "compare": pe * max(0, element - 1), "counters": counter, "one": 1}
    return Structure("WindowMax", lut, {"words": 2 * width, "counters": counter, "one": 1}, {"compare": pe})


def tile(inst: Any) -> Structure:
    """pool_max: a row of maxima, five counters."""
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    _, rows, columns, channels = inst.get_nodeattr("shape")
    kernel_rows, kernel_columns = inst.get_nodeattr("kernel")
    across, down, fold = -(-columns // kernel_columns), -(-rows // kernel_rows), channels // pe
    words = (across - 1) * (1 << bits(fold)) + fold
    store = memory.ram(words, width, together=True) if words > 1 else memory.Memory()
    # Where whole windows fill the image, nobody asks for the last row of it.
    counters = [bits(count) for count in (fold, kernel_columns, kernel_rows, across)]
    counters.append(bits(down) if rows % kernel_rows else 0)
    lut = {
        "store": store.lut,
        "select": width * (1 + (fold == 1 and words > 1)),
        "compare": pe * _compared(width // pe),
        "counters": sum(counters),
        "odd": float(across & (across - 1) > 0),
        "one": 1,
    }
    ff = {CELLS: width * (1 if store.bram36 else 2), "counters": sum(counters), "one": 1}
    chains = {"counters": sum(blocks(count) for count in counters if count > 3)}
    return Structure("PoolMax", lut, ff, chains, store.bram36)


def narrow(width: int, parts: int) -> Structure:
    """stream_narrow: a multiplexer before a pair of words of `width` bits; two inputs are in the pair's tables."""
    counter = bits(parts)
    lut = {"words": width, "choose": 2 * width * (parts > 2) + width * max(0, parts - 7), "counters": counter, "one": 1}
    return Structure("StreamNarrow", lut, {CELLS: 2 * width + counter, "one": 1})


def pool(inst: Any) -> Structure:
    """window_sum."""
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    words = inst.get_nodeattr("shape")[-1] // pe
    store = memory.ram(words, width, distributed=True)
    pixels = int(np.prod(inst.get_nodeattr("shape")[1:-1]))
    counters = bits(words) + bits(pixels)
    lut = {"sums": width, "store": store.lut, "counters": counters, "one": 1}
    ff = {"words": width, "counters": counters, "one": 1}
    return Structure("WindowSum", lut, ff, {"sums": pe * blocks(width // pe), "counters": blocks(counters)})


def add(inst: Any) -> Structure:
    """stream_add."""
    width, pe = int(inst.get_outstream_width()), int(inst.get_nodeattr("PE"))
    return Structure("StreamAdd", {"sums": width, "one": 1}, {"words": width, "one": 1}, {"sums": pe})


def fork(_: Any) -> Structure:
    """stream_fork: one bit a side, no word is kept."""
    return Structure("StreamFork", {"one": 1}, {"one": 1})


def label(inst: Any) -> Structure:
    """arg_max: a tree over the lanes, then the best so far."""
    pe, width = int(inst.get_nodeattr("PE")), int(inst.get_input_datatype().bitwidth())
    index, words = int(inst.get_output_datatype().bitwidth()), inst.get_nodeattr("classes") // pe
    counter, several = bits(words), words > 1
    compare = 2 * -(-width // 3)  # three bits at a time: greater, and equal
    lut = {
        # The greatest value itself is asked for only where there are further words.
        "tree": (pe - 1) * (compare + width) - (0 if several else min(width, width * (pe - 1))),
        "compare": compare * several,
        "index": index * (4 if several else 1),
        "counters": counter,
        "one": 1,
    }
    ff = {CELLS: 2 * width + 4 * index + counter if several else 2 * index, "one": 1}
    return Structure("ArgMax", lut, ff, {"compare": (pe - 1 + several) * blocks(-(-width // 3)), "one": 1})


def _compared(width: int) -> int:
    """Tables that compare two numbers of so many bits."""
    return (0, 0, 1, 1)[width] if width < 4 else 2 * -(-width // 3) - 1
