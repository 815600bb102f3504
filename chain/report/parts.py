# SPDX-License-Identifier: BSD-3-Clause
"""What the parts of the boards hold (Xilinx DS190, table 1), and the names that people know the stages by."""

from dataclasses import dataclass

STAGE_NAMES = {
    "torch_32bit": "PyTorch, wide accumulators",
    "torch_cut": "those weights, accumulators just cut",
    "torch": "PyTorch, wrapped accumulators",
    "qonnx": "QONNX executor",
    "onnxruntime": "onnxruntime",
    "finn": "FINN graph in Python",
    "rtl": "SystemVerilog in Verilator",
    "netlist": "synthesised netlist in Verilator",
    "board": "driver on the simulated board",
    "cpu": "CPU engine",
}


@dataclass(frozen=True)
class Part:
    """What a part holds: LUTs, flip-flops, block memories of 36 Kib, DSP blocks."""

    lut: int
    ff: int
    bram36: int
    dsp: int


PARTS = {
    "xc7z007s": Part(14_400, 28_800, 50, 66),
    "xc7z010": Part(17_600, 35_200, 60, 80),
    "xc7z020": Part(53_200, 106_400, 140, 220),
    "xc7z045": Part(218_600, 437_200, 545, 900),
}


def part_of(device: str) -> Part | None:
    """The part that a device's full name ("xc7z020clg400-1") begins with; None if it is not in the list."""
    return next((part for name, part in PARTS.items() if device.lower().startswith(name)), None)
