# SPDX-License-Identifier: BSD-3-Clause
"""The accelerator behind a serial line (docs/serial.md): plain SystemVerilog, and what its parameters are."""
