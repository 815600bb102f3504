# SPDX-License-Identifier: BSD-3-Clause
"""Proofs of the cells: properties in SystemVerilog (sv/), decided by Yosys and ABC, and mutations that must be noticed."""
