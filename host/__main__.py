# SPDX-License-Identifier: BSD-3-Clause
"""python -m host: the command line is in commands.py, which takes a while to import."""

from host.start import start

if __name__ == "__main__":
    start("host.commands")
