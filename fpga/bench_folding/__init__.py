# SPDX-License-Identifier: BSD-3-Clause
"""`make bench-folding`: the folding search against FINN's SetFolding, on one network at several frame rates.

set_folding   FINN's rule on a graph of our units
compare       a row a rate: what both reach, and what it takes
count         what Yosys makes of a folding
commands      build/bench/folding.json, and the table
"""
