# SPDX-License-Identifier: BSD-3-Clause
"""A circuit as SystemVerilog: a module of ready/valid streams, its adders level by level, registers in between.

`s<level>` is everything that a level takes, out of registers; `n<level>` what its adders make. What is needed later is
passed on from register to register.
"""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from fpga.unrolled.circuit import ONE, Adder, Bit, Circuit

CELLS = ("stream_pipe", "sum_three", "add_four")
"""Cells of fpga/rtl that the text may have instances of."""


def module(name: str, circuit: Circuit, title: str) -> str:
    """Text of the module `name`; `title` goes into its comment. Latency: the circuit's, and 1.

    in_data_i has input e at bit e * in_bits, out_data_o row r at bit r * its width.
    """
    in_width = circuit.inputs * circuit.in_bits
    outputs = [bit for row in circuit.outputs for bit in row]
    uses = circuit.last_uses()
    levels = [
        [net for net, last in sorted(uses.items()) if circuit.times[net] <= level <= last]
        for level in range(circuit.latency + 1)
    ]
    levels[0] = list(range(in_width))
    lines = [
        "// SPDX-License-Identifier: BSD-3-Clause",
        "//",
        f"// Generated: {title}.",
        f"// {len(circuit.adders)} adders in {circuit.latency} levels (fpga/unrolled).",
        f"module {name} (",
        "    input  logic clk_i,",
        "    input  logic rst_ni,",
        f"    input  logic [{in_width - 1}:0] in_data_i,",
        "    input  logic in_valid_i,",
        "    output logic in_ready_o,",
        f"    output logic [{len(outputs) - 1}:0] out_data_o,",
        "    output logic out_valid_o,",
        "    input  logic out_ready_i",
        ");",
        "  logic move;",
        f"  logic [{len(outputs) - 1}:0] result;",
        *(f"  logic [{max(len(nets), 1) - 1}:0] s{level};" for level, nets in enumerate(levels)),
        "  logic unused;",
        "",
        "  stream_pipe #(",
        f"      .InWidth({in_width}),",
        f"      .OutWidth({len(outputs)}),",
        f"      .Levels({circuit.latency})",
        "  ) i_pipe (",
        "      .clk_i,",
        "      .rst_ni,",
        "      .in_data_i,",
        "      .in_valid_i,",
        "      .in_ready_o,",
        "      .data_o(s0),",
        "      .move_o(move),",
        "      .result_i(result),",
        "      .out_data_o,",
        "      .out_valid_o,",
        "      .out_ready_i",
        "  );",
    ]
    for level, nets in enumerate(levels[:-1]):
        lines += ["", *_level(circuit, level, nets, levels[level + 1])]
    here = {net: f"s{circuit.latency}[{place}]" for place, net in enumerate(levels[-1])}
    sinks = ["move"] + [f"s{level}" for level in range(len(levels))] + [f"n{level}" for level in range(len(levels) - 1)]
    lines += ["", *_assign("  assign result = ", [_name(bit, here) for bit in outputs])]
    lines += [*_assign("  assign unused = ^", sinks), "endmodule"]
    return "\n".join(lines) + "\n"


def _level(circuit: Circuit, level: int, nets: Sequence[int], following: Sequence[int]) -> Iterator[str]:
    here = {net: f"s{level}[{place}]" for place, net in enumerate(nets)}
    made: dict[int, str] = {}
    instances: list[str] = []
    total = 0
    for adder in circuit.adders:
        if adder.level == level:
            parts = [adder.sums, *([adder.keeps] if adder.keeps else []), (adder.carry,)]
            spans, first = [], total
            for part in parts:
                made.update({net: f"n{level}[{total + i}]" for i, net in enumerate(part) if net >= 0})
                spans.append(f"n{level}[{total}+:{len(part)}]")
                total += len(part)
            instances += _instance(adder, f"i_{level}_{first}", here, spans)
    yield f"  // Level {level}."
    if total:
        yield f"  logic [{total - 1}:0] n{level};"
        yield from instances
    else:
        yield f"  logic n{level};"
        yield f"  assign n{level} = 1'b0;"
    taken = [made.get(net) or here[net] for net in following]
    yield from _assign(f"  always_ff @(posedge clk_i) if (move) s{level + 1} <= ", taken or ["1'b0"])


def _instance(adder: Adder, name: str, here: dict[int, str], spans: Sequence[str]) -> Iterator[str]:
    four = len(adder.rows) == 4
    width = adder.width
    invert = "".join(str(int(bit.inverted)) for row in reversed(adder.rows[:3]) for bit in reversed(row))
    bits = [_name(Bit(bit.net), here) for row in adder.rows for bit in row]
    yield f"  {'add_four' if four else 'sum_three'} #("
    yield f"      .Width({width}),"
    yield f"      .Invert({3 * width}'b{invert})"
    yield f"  ) {name} ("
    yield from _wrapped("      .bits_i({", bits, "}),")
    carries = ", ".join(_name(bit, here) for bit in reversed(adder.carries))
    yield f"      .{'carry_i' if four else 'carries_i'}({{{carries}}}),"
    yield f"      .sum_o({spans[0]}),"
    if four:
        yield f"      .keep_o({spans[1]}),"
    yield f"      .carry_o({spans[-1]})"
    yield "  );"


def _name(bit: Bit, here: dict[int, str]) -> str:
    if bit.net < 0:
        return f"1'b{int((bit.net == ONE) != bit.inverted)}"
    return ("~" if bit.inverted else "") + here[bit.net]


def _assign(head: str, bits: Sequence[str]) -> Iterator[str]:
    """A concatenation, lowest bit first in `bits`, within the width of a line."""
    yield from _wrapped(f"{head}{{", bits, "};")


def _wrapped(head: str, bits: Sequence[str], tail: str) -> Iterator[str]:
    text = f"{head}{', '.join(reversed(bits))}{tail}"
    yield from wrap(text, 116, subsequent_indent="      ")
