# SPDX-License-Identifier: BSD-3-Clause
"""A simulated board on a serial line: uart_shell and the accelerator, Verilated, behind a pseudo-terminal."""
