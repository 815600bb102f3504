# SPDX-License-Identifier: BSD-3-Clause
"""A layer's constant matrix by da4ml (PyPI, LGPL-3.0; used as a program, nothing of it comes with the toolkit).

da4ml finds adders that several outputs share, and gives every one the width that its values need.
"""

import importlib.metadata
import re
import tempfile
from pathlib import Path

from chain.errors import ToolError
from chain.files import write_text
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.layer import Layer

TOP = "distributed"
ADDERS = 1
"""Adders between two registers: as in our own trees and those of the other rivals."""


def version() -> str:
    """Of da4ml. Raises ToolError if it is not installed."""
    try:
        return importlib.metadata.version("da4ml")
    except importlib.metadata.PackageNotFoundError:
        raise ToolError("da4ml is not installed in this Python environment (make setup)") from None


def design(layer: Layer, folder: Path) -> Design:
    """Write the matrix product of the unrolled `layer` to `folder`: clk, model_inp, model_out; no handshake.

    The outputs are all as wide as the widest sum of the matrix needs.
    """
    version()
    from da4ml.codegen import RTLModel
    from da4ml.trace import FixedVariableArrayInput, comb_trace
    from da4ml.trace.ops import quantize

    inputs = quantize(FixedVariableArrayInput((layer.fan_in,)), 0, layer.activation_bits, 0)
    logic = comb_trace(inputs, inputs @ layer.matrix.T.astype("float32"))
    with tempfile.TemporaryDirectory() as scratch:
        RTLModel(logic, TOP, scratch, latency_cutoff=ADDERS).write()
        found = sorted((Path(scratch) / "src").rglob("*.v"))
        for path in found:
            write_text(folder / path.name, path.read_text(encoding="utf-8"))
    return Design(f"{TOP}_wrapper", folder, tuple(path.name for path in found))


def latency(design: Design) -> int:
    """Cycles from an input to its output: a register before each stage, and one behind the last."""
    return sum(name.startswith(f"{TOP}_stage") for name in design.files) + 1


def output_bits(design: Design, outputs: int) -> int:
    """Of each of the `outputs`."""
    text = (design.folder / f"{design.top}.v").read_text(encoding="utf-8")
    found = re.search(r"output \[(\d+):0\] model_out", text)
    if found is None or (int(found[1]) + 1) % outputs:
        raise ToolError(f"{design.folder}: da4ml's {design.top} has no model_out of {outputs} equal parts")
    return (int(found[1]) + 1) // outputs
