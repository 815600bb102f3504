# SPDX-License-Identifier: BSD-3-Clause
"""A program that takes minutes or hours: its output to a log and line by line to the caller; it ends when we do."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

_GRACE = 5.0  # seconds from asking a process to end to ending it


def run(command: Sequence[str], folder: Path, log: Path, line: Callable[[str], None]) -> int:
    """Run `command` in `folder`; its exit status. Each line of its output goes to the file `log` and to `line`.

    If this process is interrupted or asked to end, so is everything that the command has started.
    """
    with _ending(), log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            for text in process.stdout:
                file.write(text)
                line(text.rstrip())
            return process.wait()
        finally:
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    """End the process and all of its group; nothing if they have ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


@contextmanager
def _ending() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, so that what was started is ended as well."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
