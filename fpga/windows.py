# SPDX-License-Identifier: BSD-3-Clause
"""Padding and sliding windows on cells of ours in place of FINN's, whose control takes 4 to 9 levels of logic.

Nodes and graphs stay FINN's: only the module inside the node's boundary is another one, so that a clock that allows few
levels can be met. The words and their order are the same, and none comes later but for the latency.
"""

from typing import Any

import numpy as np

from fpga.names import op_of
from fpga.ops._wrapper import Cell, wrapper


def cell(inst: Any) -> Cell | None:
    """Our cell for FINN's instance of a node, None where there is none.

    There is none for other ops than padding and sliding windows, and for windows that come whole but in several parts.
    """
    op = op_of(inst.onnx_node)
    if op == "FMPadding":
        return _padding(inst)
    if op != "ConvolutionInputGenerator" or inst.get_nodeattr("dynamic_mode") or inst.get_nodeattr("M") != 1:
        return None
    if not inst.get_nodeattr("parallel_window"):
        return _words(inst)
    return _whole(inst) if inst.get_nodeattr("IFMChannels") == inst.get_nodeattr("SIMD") else None


def module(top: str, inst: Any, made: Cell) -> str:
    """Verilog text of module `top`, which has the streams of FINN's own."""
    return wrapper(top, made, [inst.get_instream_width()], [inst.get_outstream_width()])


def _padding(inst: Any) -> Cell:
    height, columns = inst.get_nodeattr("ImgDim")
    top, left, bottom, right = inst.get_nodeattr("Padding")
    parameters = {
        "Width": inst.get_instream_width(),
        "Words": inst.get_nodeattr("NumChannels") // inst.get_nodeattr("SIMD"),
        **{"Height": height, "Columns": columns, "Top": top, "Left": left, "Bottom": bottom, "Right": right},
    }
    return Cell("pad_image", parameters)


def _whole(inst: Any) -> Cell:
    parameters = {"Width": inst.get_instream_width()}
    for names, attribute in (
        (("Rows", "Columns"), "IFMDim"),
        (("Kh", "Kw"), "ConvKernelDim"),
        (("StrideH", "StrideW"), "Stride"),
        (("DilationH", "DilationW"), "Dilation"),
    ):
        parameters |= dict(zip(names, map(int, inst.get_nodeattr(attribute)), strict=True))
    return Cell("parallel_window", parameters)


def _words(inst: Any) -> Cell:
    loops = _loops(inst)
    words = int(np.prod(inst.get_folded_input_shape()[:-1]))
    # By loop: how far a step goes, less what the loops within it have gone.
    steps = [step for _, step in loops] + [words]
    gone = [sum((count - 1) * step for count, step in loops[:index]) for index in range(len(steps))]
    moves = [step - before for step, before in zip(steps, gone, strict=True)]
    advances = [step - (before - gone[3]) for step, before in zip(steps[3:], gone[3:], strict=True)]
    needed = max(gone[3] + 1 + max(advances[:2]), int(inst.get_buffer_depth()), 2)  # the next window comes meanwhile
    parameters = {
        "Width": inst.get_instream_width(),
        "Places": 1 << (needed - 1).bit_length(),
        **{f"Count{index}": count for index, (count, _) in enumerate(loops)},
        **{f"Move{index}": move for index, move in enumerate(moves)},
        **{f"Advance{index}": advance for index, advance in enumerate(advances, start=3)},
    }
    return Cell("sliding_window", parameters)


def _loops(inst: Any) -> list[tuple[int, int]]:
    """Count and step, in words of the image, of the three loops within a window and the two over windows."""
    (_, width), (rows, columns) = inst.get_nodeattr("IFMDim"), inst.get_nodeattr("ConvKernelDim")
    (down, right), (out_h, out_w) = inst.get_nodeattr("Stride"), inst.get_nodeattr("OFMDim")
    (below, beside), fold = inst.get_nodeattr("Dilation"), inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")
    channel, column, row = (fold, 1), (columns, beside * fold), (rows, below * width * fold)
    within = [column, row, channel] if inst.get_nodeattr("depthwise") else [channel, column, row]
    loops = [*within, (out_w, right * fold), (out_h, down * width * fold)]
    return [(int(count), int(step)) for count, step in loops]
