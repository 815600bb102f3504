# SPDX-License-Identifier: BSD-3-Clause
"""python -m scripts.bench_cpu: the command line is in commands.py, which takes a while to import."""

from chain.start import start

if __name__ == "__main__":
    start("scripts.bench_cpu.commands")
