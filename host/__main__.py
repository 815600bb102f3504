# SPDX-License-Identifier: BSD-3-Clause
"""python -m host: the command line is in commands.py, which takes a while to import, on a board seconds."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Import and run it. Ctrl-C during the import ends the process at once: nothing is open yet."""
    answers = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if answers:
        signal.signal(signal.SIGINT, _end)
    from host import commands

    if answers:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return commands.main()


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
