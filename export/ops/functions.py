# SPDX-License-Identifier: BSD-3-Clause
"""Bodies of the custom operators in standard ONNX operators, so that a file runs in plain onnxruntime."""

from functools import cache

from onnx import FunctionProto, GraphProto, ModelProto, helper, parser

from chain.errors import InputError

OPSET = 17
IR_VERSION = 10
WRAP_DOMAIN, WRAP_DOMAIN_VERSION = "export.ops", 1
QUANT_DOMAIN, QUANT_DOMAIN_VERSION = "qonnx.custom_op.general", 2

# Exact for all integers |z| < 2^24 and widths of 1..32 bits: 2^B is a power of two, so the division is exact, and where
# z - (H - 1) has to be rounded it cannot pass a multiple of 2^B. A fold of 0 becomes a limit that no magnitude reaches.
_WRAP_ACCUMULATOR = f"""
<domain: "{WRAP_DOMAIN}", opset_import: ["": {OPSET}]>
WrapAccumulator <bits, fold> (z) => (f) {{
    bits_integer = Constant <value_int: int = @bits> ()
    bits_float = Cast <to = 1> (bits_integer)
    fold_integer = Constant <value_int: int = @fold> ()
    fold_float = Cast <to = 1> (fold_integer)
    zero = Constant <value_float = 0.0> ()
    one = Constant <value_float = 1.0> ()
    two = Constant <value_float = 2.0> ()
    far = Constant <value_float = 1099511627776.0> ()
    modulus = Pow (two, bits_float)
    half = Div (modulus, two)
    top = Sub (half, one)
    no_fold_flag = Equal (fold_float, zero)
    no_fold = Cast <to = 1> (no_fold_flag)
    slope = Add (fold_float, no_fold)
    offset = Mul (no_fold, far)
    corner = Add (half, offset)
    above = Sub (z, top)
    turns = Div (above, modulus)
    whole_turns = Ceil (turns)
    removed = Mul (whole_turns, modulus)
    m = Sub (z, removed)
    magnitude = Abs (m)
    room = Sub (corner, magnitude)
    limit = Mul (room, slope)
    folded = Min (magnitude, limit)
    sign = Sign (m)
    f = Mul (sign, folded)
}}
"""

# Rounds half to even, which is rounding_mode ROUND, the only one that the toolkit writes.
_QUANT = f"""
<domain: "{QUANT_DOMAIN}", opset_import: ["": {OPSET}]>
Quant <signed, narrow, rounding_mode> (x, scale, zero_point, bit_width) => (y) {{
    signed_integer = Constant <value_int: int = @signed> ()
    is_signed = Cast <to = 1> (signed_integer)
    narrow_integer = Constant <value_int: int = @narrow> ()
    is_narrow = Cast <to = 1> (narrow_integer)
    one = Constant <value_float = 1.0> ()
    two = Constant <value_float = 2.0> ()
    is_unsigned = Sub (one, is_signed)
    magnitude_bits = Sub (bit_width, is_signed)
    span = Pow (two, magnitude_bits)
    full_max = Sub (span, one)
    narrow_unsigned = Mul (is_narrow, is_unsigned)
    highest = Sub (full_max, narrow_unsigned)
    narrow_span = Sub (span, is_narrow)
    minus_lowest = Mul (narrow_span, is_signed)
    lowest = Neg (minus_lowest)
    scaled = Div (x, scale)
    shifted = Add (scaled, zero_point)
    rounded = Round (shifted)
    clipped = Clip (rounded, lowest, highest)
    centred = Sub (clipped, zero_point)
    y = Mul (centred, scale)
}}
"""


@cache
def _parsed() -> dict[tuple[str, str], FunctionProto]:
    functions = [parser.parse_function(text) for text in (_WRAP_ACCUMULATOR, _QUANT)]
    return {(function.domain, function.name): function for function in functions}


def embed(model: ModelProto) -> None:
    """Give `model`, in place, the body of every custom operator that it uses and has no body for.

    Raises:
        InputError: a Quant node rounds otherwise than the body does.
    """
    have = {(function.domain, function.name) for function in model.functions}
    used = {(node.domain, node.op_type) for node in model.graph.node}
    for node in model.graph.node:
        if (node.domain, node.op_type) == (QUANT_DOMAIN, "Quant"):
            modes = [a.s.decode() for a in node.attribute if a.name == "rounding_mode"]
            if modes and modes[0].upper() not in ("ROUND", "HALF_EVEN"):
                raise InputError(f"Quant node {node.name!r}: rounding_mode {modes[0]!r}, expected ROUND")
    model.functions.extend(body for key, body in _parsed().items() if key in used - have)


def make_model(graph: GraphProto, metadata: dict[str, str] | None = None) -> ModelProto:
    """Make a model of `graph` in the toolkit's versions of the operator sets, with function bodies and metadata."""
    model = helper.make_model(
        graph,
        producer_name="wrapnet",
        ir_version=IR_VERSION,
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid(QUANT_DOMAIN, QUANT_DOMAIN_VERSION),
            helper.make_opsetid(WRAP_DOMAIN, WRAP_DOMAIN_VERSION),
        ],
    )
    embed(model)
    helper.set_model_props(model, metadata or {})
    return model
