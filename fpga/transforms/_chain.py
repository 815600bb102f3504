# SPDX-License-Identifier: BSD-3-Clause
"""Chains of elementwise float32 operations that end in a quantiser: what may be in one, and executing one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.general.quant import quant

from fpga.transforms._graph import attribute, refuse, scalar

Array = npt.NDArray[Any]

_BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Mul": np.multiply,
    "Add": np.add,
    "Sub": np.subtract,
    "Div": np.divide,
}
_UNARY: dict[str, Callable[[Array], Array]] = {
    "Relu": lambda x: np.maximum(x, np.float32(0)),
    "Round": np.rint,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Neg": np.negative,
    "Identity": lambda x: x,
}
ELEMENTWISE = (*_BINARY, *_UNARY, "Clip", "Quant")
"""Operations that are monotone in their variable operand, float32 rounding included, while the others are constant."""


def variable(model: ModelWrapper, node: NodeProto) -> str | None:
    """The one operand that is not constant; None if there is another count of them."""
    open_ = [name for name in node.input if name and model.get_initializer(name) is None]
    if len(open_) != 1 or (node.op_type == "Div" and open_[0] != node.input[0]):
        return None
    return open_[0]


def quantiser(model: ModelWrapper, node: NodeProto) -> tuple[int, float]:
    """Bits and scale of a Quant that the toolkit maps: unsigned, one scale, zero point 0 (else UnsupportedError)."""
    _, scale_name, zero_name, bits_name = node.input
    scale, zero, bits = (scalar(model, name) for name in (scale_name, zero_name, bits_name))
    if scale is None or zero is None or bits is None:
        refuse(node, "it has more than one scale, zero point or width", "quantise activations per tensor")
    if attribute(node, "signed", 1) or attribute(node, "narrow", 0) or zero != 0:
        refuse(
            node, "it is signed, narrow or has a zero point", "use an unsigned activation quantiser with zero point 0"
        )
    if bits != int(bits) or not 1 <= bits <= 8:
        refuse(node, f"it has {bits:g} bits", "activations have 1 to 8 bits")
    if not scale > 0 or not np.isfinite(scale):
        refuse(node, f"its scale is {scale:g}", "scales are positive")
    return int(bits), scale


def evaluate(model: ModelWrapper, nodes: Sequence[NodeProto], x: Array, scale: float) -> npt.NDArray[np.int64]:
    """Execute the chain on float32 `x` as onnxruntime and QONNX do; the last node is a Quant: its levels, y / scale."""
    for node in nodes:
        x = _step(model, node, x)
    levels = np.rint(x / np.float32(scale))
    if not np.array_equal(levels * np.float32(scale), x):
        refuse(nodes[-1], "its outputs are no multiples of its scale", "export it with the toolkit's own exporter")
    return levels.astype(np.int64)


def _step(model: ModelWrapper, node: NodeProto, x: Array) -> Array:
    source = variable(model, node)
    operands = [x if name == source else model.get_initializer(name) if name else None for name in node.input]
    if node.op_type in _UNARY:
        return _UNARY[node.op_type](x)
    if node.op_type in _BINARY:
        left, right = (np.asarray(value, dtype=np.float32) for value in operands)
        return _BINARY[node.op_type](left, right)
    if node.op_type == "Clip":
        low, high = (*operands[1:], None, None)[:2]
        low = attribute(node, "min") if low is None else low
        high = attribute(node, "max") if high is None else high
        return np.clip(x, None if low is None else np.float32(low), None if high is None else np.float32(high))
    flags = {"signed": bool(attribute(node, "signed", 1)), "narrow": bool(attribute(node, "narrow", 0))}
    scale, zero, bits = (np.asarray(value, dtype=np.float32) for value in operands[1:])
    mode = attribute(node, "rounding_mode", "ROUND")
    return quant(x, scale, zero, bits, flags["signed"], flags["narrow"], mode).astype(np.float32)
