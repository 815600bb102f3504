# SPDX-License-Identifier: BSD-3-Clause
"""The AXI shell round the accelerator, its Verilated library, and the files PYNQ needs to load it.

Nothing is imported here: the simulated board uses `fpga.shell.registers` and runs where the tools are not installed.
"""
