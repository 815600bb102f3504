# SPDX-License-Identifier: BSD-3-Clause
"""The Verilog module of one node: FINN's boundary on the outside, one static cell of `fpga/rtl` inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """One instance: the cell's module name, its parameters, and its memory files (bare name -> lines of hex words).

    A module that was written for this node alone has its text in `text`, and is made of the cells `parts`.
    """

    name: str
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    memories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    text: str = ""
    parts: Sequence[str] = ()


def wrapper(top: str, cell: Cell, inputs: Sequence[int], outputs: Sequence[int]) -> str:
    """Verilog text of module `top`. `inputs` and `outputs` are stream widths in bits, before padding to whole bytes."""
    streams = [f"in{i}_V" for i in range(len(inputs))] + [f"out{i}_V" for i in range(len(outputs))]
    ports = [
        f'  (* X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF {":".join(streams)}, ASSOCIATED_RESET ap_rst_n" *)\n'
        '  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 ap_clk CLK" *)\n'
        "  input  wire ap_clk",
        '  (* X_INTERFACE_PARAMETER = "POLARITY ACTIVE_LOW" *)\n  input  wire ap_rst_n',
    ]
    connections = [".clk_i(ap_clk)", ".rst_ni(ap_rst_n)"]
    padding = []
    for side, widths, forth, back in (("in", inputs, "input ", "output"), ("out", outputs, "output", "input ")):
        for i, width in enumerate(widths):
            stream, port = f"{side}{i}_V", side if len(widths) == 1 else f"{side}{i}"
            ports += [
                f"  {forth} wire [{padded(width) - 1}:0] {stream}_TDATA",
                f"  {forth} wire {stream}_TVALID",
                f"  {back} wire {stream}_TREADY",
            ]
            connections += [
                f".{port}_data_{forth[0]}({stream}_TDATA[{width - 1}:0])",
                f".{port}_valid_{forth[0]}({stream}_TVALID)",
                f".{port}_ready_{back[0]}({stream}_TREADY)",
            ]
            missing, upper = padded(width) - width, f"{stream}_TDATA[{padded(width) - 1}:{width}]"
            if missing and side == "out":
                padding.append(f"  assign {upper} = {missing}'d0;\n")
            elif missing:  # said once, so that nobody warns of it
                padding.append(f"  wire unused_{stream} = &{{1'b0, {upper}}};\n")
    parameters = [
        f'.{name}("{value}")' if isinstance(value, str) else f".{name}({value})"
        for name, value in cell.parameters.items()
    ]
    return (
        "// SPDX-License-Identifier: BSD-3-Clause\n"
        f"// Generated: {cell.name} at FINN's boundary.\n"
        f"module {top} (\n" + ",\n".join(ports) + "\n);\n"
        f"  {cell.name} "
        + (f"#(\n    {joined}\n  ) " if (joined := ",\n    ".join(parameters)) else "")
        + "cell_inst (\n    "
        + ",\n    ".join(connections)
        + "\n  );\n"
        + "".join(padding)
        + "endmodule\n"
    )


def padded(width: int) -> int:
    """`width` rounded up to whole bytes."""
    return -(-width // 8) * 8
