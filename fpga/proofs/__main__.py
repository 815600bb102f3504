# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.proofs: the command line is in commands.py, which takes a while to import."""

from chain.start import start

if __name__ == "__main__":
    start("fpga.proofs.commands")
