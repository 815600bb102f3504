# SPDX-License-Identifier: BSD-3-Clause
"""The estimate of a node, and of a stream between two nodes."""

from collections.abc import Mapping
from typing import Any

from chain.errors import UnsupportedError
from fpga.estimate import coefficients, streams, units
from fpga.estimate.structure import Count, Counts, Structure
from fpga.names import op_of

COUNTS: Mapping[str, Count] = {
    "WrapMVU": units.matrix_vector,
    "WrapVVU": units.depthwise,
    "WrapActivation": units.activation,
    "WrapFold": units.fold,
    "ConvolutionInputGenerator": streams.window,
    "FMPadding": streams.padding,
    "WindowMax": streams.maximum,
    "PoolMax": streams.tile,
    "WindowSum": streams.pool,
    "StreamAdd": streams.add,
    "StreamFork": streams.fork,
    "ArgMax": streams.label,
    "StreamNarrow": lambda inst: streams.narrow(
        inst.get_outstream_width(), inst.get_nodeattr("lanes") // inst.get_nodeattr("PE")
    ),
    "StreamingDataWidthConverter": lambda inst: streams.converter(
        inst.get_instream_width(), inst.get_outstream_width()
    ),
    "StreamingFIFO": lambda inst: streams.fifo(inst.get_instream_width(), inst.get_nodeattr("depth")),
}


def structure(inst: Any) -> Structure:
    """Of FINN's instance of a node, general form or RTL. UnsupportedError for an op that has no hardware here."""
    op = op_of(inst.onnx_node)
    if op not in COUNTS:
        raise UnsupportedError(f"node {inst.onnx_node.name!r} ({op}): no estimate; known are {', '.join(COUNTS)}")
    return COUNTS[op](inst)


def node(inst: Any) -> Counts:
    """What a node takes."""
    return coefficients.shipped().counts(structure(inst))


def sliding(inst: Any, places: int) -> Counts:
    """What a sliding window that writes a window in several words takes with a buffer of `places` words."""
    return coefficients.shipped().counts(streams.window(inst, Places=places))


def converter(in_width: int, out_width: int) -> Counts:
    """What a width converter takes; nothing between equal widths."""
    if in_width == out_width:
        return Counts()
    return coefficients.shipped().counts(streams.converter(in_width, out_width))


def fifo(width: int, depth: int) -> Counts:
    """What a FIFO of `depth` words of `width` bits takes; nothing where there is none (depth 0)."""
    return coefficients.shipped().counts(streams.fifo(width, depth)) if depth else Counts()
