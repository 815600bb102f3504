# SPDX-License-Identifier: BSD-3-Clause
"""python -m training.bench_training: the command line is in commands.py, which takes a while to import."""

from chain.start import start

if __name__ == "__main__":
    start("training.bench_training.commands")
