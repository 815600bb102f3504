# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.bench_folding MODEL --build build"""

from fpga.bench_folding.commands import main

if __name__ == "__main__":
    main()
