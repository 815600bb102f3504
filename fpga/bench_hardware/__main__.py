# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.bench_hardware --build build [--full]"""

from fpga.bench_hardware.commands import main

if __name__ == "__main__":
    main()
