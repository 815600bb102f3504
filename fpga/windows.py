# SPDX-License-Identifier: BSD-3-Clause
"""Padding and sliding windows on cells of ours in place of FINN's, which are larger, rest between images, and have 4 to
9 levels of logic in their control.

Nodes and graphs stay FINN's: only the module inside the node's boundary is another one. The words and their order are
the same.
"""

from typing import Any

import numpy as np

from chain.errors import UnsupportedError
from fpga import sliding
from fpga.names import op_of
from fpga.ops._wrapper import Cell, wrapper


def cell(inst: Any) -> Cell | None:
    """Our cell for FINN's instance of a node, None for other ops than padding and sliding windows.

    UnsupportedError for windows that come whole but in several parts of their channels.
    """
    op = op_of(inst.onnx_node)
    if op == "FMPadding":
        return _padding(inst)
    if op != "ConvolutionInputGenerator":
        return None
    if sliding.slides(inst):
        return _words(inst)
    channels, simd = inst.get_nodeattr("IFMChannels"), inst.get_nodeattr("SIMD")
    if channels != simd and any(size > 1 for size in inst.get_nodeattr("ConvKernelDim")):
        raise UnsupportedError(
            f"node {inst.onnx_node.name!r}: parallel_window with SIMD={simd}; whole windows take whole pixels: set "
            f"SIMD={channels}, its channels"
        )
    return _whole(inst)


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
    words = inst.get_nodeattr("IFMChannels") // inst.get_nodeattr("SIMD")
    parameters = {"Width": inst.get_instream_width(), "Words": words}
    for names, attribute in (
        (("Rows", "Columns"), "IFMDim"),
        (("Kh", "Kw"), "ConvKernelDim"),
        (("StrideH", "StrideW"), "Stride"),
        (("DilationH", "DilationW"), "Dilation"),
    ):
        parameters |= dict(zip(names, map(int, inst.get_nodeattr(attribute)), strict=True))
    return Cell("parallel_window", parameters)


def _words(inst: Any) -> Cell:
    loops = sliding.loops(inst)
    words = int(np.prod(inst.get_folded_input_shape()[:-1]))
    # By loop: how far a step goes, less what the loops within it have gone.
    steps = [step for _, step in loops] + [words]
    gone = [sum((count - 1) * step for count, step in loops[:index]) for index in range(len(steps))]
    moves = [step - before for step, before in zip(steps, gone, strict=True)]
    advances = [step - (before - gone[3]) for step, before in zip(steps[3:], gone[3:], strict=True)]
    parameters = {
        "Width": inst.get_instream_width(),
        "Places": sliding.places(inst),
        **{f"Count{index}": count for index, (count, _) in enumerate(loops)},
        **{f"Move{index}": move for index, move in enumerate(moves)},
        **{f"Advance{index}": advance for index, advance in enumerate(advances, start=3)},
    }
    return Cell("sliding_window", parameters)
