# SPDX-License-Identifier: BSD-3-Clause
"""How `python -m PACKAGE` begins, and what Ctrl-C does while modules are imported.

KeyboardInterrupt in the middle of an import does harm: torch's and numpy's C++ swallow it, and go on with half of a
module, or abort. (chain/start.py and host/start.py are the same file: host/ stands alone.)
"""

import importlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

AGAIN = 0.05  # seconds


def start(commands: str) -> NoReturn:
    """Import the module `commands` and exit with what its `main()` returns.

    Ctrl-C during this import ends the process at once, with one line and status 130: nothing is open yet. From then on
    it is KeyboardInterrupt, as always, but never inside of an import: it waits for the end of that. Where the shell
    lets the process ignore Ctrl-C, it goes on ignoring it.
    """
    answers = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if answers:
        signal.signal(signal.SIGINT, _end)
    main = importlib.import_module(commands).main
    if answers:
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(signal.SIGALRM, _interrupt)
    sys.exit(main())


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)


def _interrupt(number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
            return
        frame = frame.f_back
    raise KeyboardInterrupt
