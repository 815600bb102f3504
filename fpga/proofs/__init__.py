# SPDX-License-Identifier: BSD-3-Clause
"""Proofs of the cells: properties in SystemVerilog (sv/) that Yosys and ABC decide, and mutations they must notice."""
