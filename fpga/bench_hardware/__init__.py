# SPDX-License-Identifier: BSD-3-Clause
"""`make bench-hardware`: what a processing element with accumulator and activation takes, ours against its rivals.

plan      the layers that are compared, and with what effort
layer     random weights and thresholds of a layer, by its seed
contest   the contenders of a layer
design    RTL to be synthesised: a top module, its files, memories and parameters
ours      a layer as the toolkit's own generator writes it
plain     the same layer in plain SystemVerilog (rivals/*.sv), or with FINN's thresholding
distributed   the same layer by da4ml
flow      one design through Yosys: cells and levels of logic, kept by the hash of everything that they depend on
activity  how much a netlist switches, a proxy of its energy
bound     how few look-up tables dot products could take
workers   many measurements at a time
place     post-route figures on an ECP5
networks  whole networks
recorded  units of a network, on what test images put into them
rows, page, plots, commands   what is written and shown
"""
