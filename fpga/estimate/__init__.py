# SPDX-License-Identifier: BSD-3-Clause
"""LUTs, flip-flops, block RAMs and carry chains of a node by formula: what a synthesis would count, without one.

The structure of a node is counted as `fpga/rtl` builds it (`heap`, `units`, `streams`), its memories as Yosys places
them (`memory`), and a handful of factors for each op, fitted to syntheses of random nodes (`calibrate`), turn counts
into cells (`coefficients`).
"""
