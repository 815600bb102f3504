# SPDX-License-Identifier: BSD-3-Clause
"""Layers all of whose weights are constants of the circuit: adders that the rows share, written out as SystemVerilog.

    rows = sharing.plan(weights, in_bits, acc_bits)   which sums are made once, for several rows
    circuit = rows.build()                             look-up tables, carry chains and registers
    verilog.module(name, circuit)                      its text

Everything is modulo 2^AccBits: a number and what it is plus 2^AccBits are the same one, and a sum may come negated.
"""
