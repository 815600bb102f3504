# SPDX-License-Identifier: BSD-3-Clause
"""Look-up tables at a frame rate, by estimate, as what a search for accumulator widths makes small:

make export MODEL=digits
make search MODEL=digits COST=docs/examples/lut_cost.py:luts
"""

from pathlib import Path

from fpga.accumulator_cost import AccumulatorCost

luts = AccumulatorCost(Path("build/digits"), fps=100_000)
