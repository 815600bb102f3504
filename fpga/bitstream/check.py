# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.bitstream.check BOARD [TOOLCHAIN]: whether this machine can make a bitstream, before anything else;
with --known in place of TOOLCHAIN whether there is such a board.

Standard library only: it runs before set-up, so that a missing tool is named within a second.
"""

import sys

from chain.errors import WrapNetError
from fpga.bitstream import board, toolchains, xray


def main(arguments: list[str]) -> int:
    """Status 0, or 2 with what is missing. Programs that set-up brings count as there until it is done."""
    try:
        chosen = board.load(arguments[0])
        if arguments[1:] == ["--known"]:
            return 0
        chain = toolchains.choose(chosen, arguments[1] if len(arguments) > 1 else None)
        if chain.name != "trellis":
            toolchains.require(chosen, chain)
        if chain.name == "openxc7":
            xray.find(chosen.part)
    except WrapNetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
