# SPDX-License-Identifier: BSD-3-Clause
"""How `python -m PACKAGE` begins: Ctrl-C is answered before anything that takes long is imported."""

import importlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def start(commands: str) -> NoReturn:
    """Import the module `commands` and exit with what its `main()` returns.

    Ctrl-C during the import ends the process at once with one line and status 130: nothing is open yet. From then on
    `main` sees it as KeyboardInterrupt. Where the shell has let the process ignore Ctrl-C, it goes on ignoring it.
    """
    answers = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if answers:
        signal.signal(signal.SIGINT, _end)
    main = importlib.import_module(commands).main
    if answers:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)
