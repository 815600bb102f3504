# SPDX-License-Identifier: BSD-3-Clause
"""The names that people know the stages by, in the order in which they are shown."""

STAGE_NAMES = {
    "torch_32bit": "PyTorch, wide, before the penalty",
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
