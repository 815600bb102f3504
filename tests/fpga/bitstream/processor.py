# SPDX-License-Identifier: BSD-3-Clause
"""Stand-ins for a vendor's primitives, made from the port lists that Yosys has of them: a test drives their outputs."""

import re
from pathlib import Path

from fpga import yosys
from fpga.bitstream import top

_PORT = re.compile(r"^\s*(input|output|inout)(?: \[(\d+):(\d+)\])? (\w+);$", re.MULTILINE)


def black_boxes() -> Path:
    """Yosys' declarations of the vendor's cells (Verilog)."""
    return yosys.share() / "xilinx" / "cells_xtra.v"


def hollow(name: str, clock: str = "") -> str:
    """Verilog of a module with a primitive's ports, nothing in it. Its outputs start at 0, for a bench to write.

    Of the output `clock`, bit 0 is the variable `bench_clock`, because a bench can only wait for single bits that it
    writes itself: what follows from them has changed the registers already.
    """
    library = black_boxes().read_text(encoding="utf-8")
    start = library.index(f"module {name}(")
    ports = []
    for direction, high, low, port in _PORT.findall(library[start : library.index("endmodule", start)]):
        bits = f"[{high}:{low}] " if high else ""
        driven = direction == "output" and port != clock
        ports.append(f"    {direction} " + (f"reg {bits}{port} = 0" if driven else f"wire {bits}{port}"))
    body = f"  reg bench_clock = 0;\n  assign {clock} = {{3'b0, bench_clock}};\n" if clock else ""
    off, on = (f"/* verilator lint_{word} UNUSEDSIGNAL */\n" for word in ("off", "on"))  # of a hollow module
    return f"{off}module {name} (\n" + ",\n".join(ports) + f"\n);\n{body}endmodule\n{on}"


def write(folder: Path, name: str = top.ZYNQ7) -> list[Path]:
    """Fill `folder` with stand-ins for the primitives of the top level `name`, the processor first; their paths."""
    chip, buffer = {top.ZYNQ7: ("PS7", "BUFG"), top.ZYNQMP: ("PS8", "BUFG_PS")}[name]
    texts = {
        chip: hollow(chip, "FCLKCLK" if name == top.ZYNQ7 else ""),
        buffer: f"module {buffer} (\n    input wire I,\n    output wire O\n);\n  assign O = I;\nendmodule\n",
    }
    paths = []
    for name, text in texts.items():
        path = folder / f"{name}.v"
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # make looks at the time stamp
            path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths
