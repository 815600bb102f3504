# SPDX-License-Identifier: BSD-3-Clause
"""A program that takes minutes or hours: its output to a log and line by line to the caller; it ends when we do."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from chain.errors import ToolError

_GRACE = 5.0  # seconds from asking a process to end to ending it


def run(
    command: Sequence[str | Path],
    log: Path,
    line: Callable[[str], None],
    folder: Path | None = None,
    output: Path | None = None,
) -> int:
    """Run `command`, in `folder` if one is given; its exit status.

    Each line that it says goes to the file `log` and to `line`; with `output`, that file gets what it writes to stdout,
    and only the rest is said. If this process is interrupted or asked to end, so is everything that the command has
    started.
    """
    with ExitStack() as stack:
        stack.enter_context(_ending())
        told = stack.enter_context(log.open("w", encoding="utf-8"))
        made = stack.enter_context(output.open("wb")) if output else None
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=made or subprocess.PIPE,
            stderr=subprocess.PIPE if made else subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        said = process.stderr if made else process.stdout
        assert said is not None
        try:
            for text in said:
                told.write(text)
                line(text.rstrip())
            return process.wait()
        finally:
            _end(process)


def require(
    name: str, command: Sequence[str | Path], log: Path, folder: Path | None = None, output: Path | None = None
) -> None:
    """`run` a program that must succeed. ToolError with `name`, its first error, or what it said last, and its log."""
    said: dict[str, str] = {}

    def line(text: str) -> None:
        if text.startswith("ERROR"):
            said.setdefault("marked", text)
        elif "error" in text.lower():
            said.setdefault("likely", text.strip())
        elif text:
            said["last"] = text.strip()

    status = run(command, log, line, folder, output)
    if status:
        told = next((said[kind] for kind in ("marked", "likely", "last") if kind in said), "it said nothing")
        raise ToolError(f"{name} failed (exit {status}): {told}\nWhole log: {log}")


def _end(process: "subprocess.Popen[str]") -> None:
    """End the process and all of its group, at the latest after `_GRACE`; nothing if they have ended."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_GRACE)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    finally:  # also where Ctrl-C comes once more while we wait
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _ending() -> Iterator[None]:
    """Let SIGTERM and SIGHUP (a closed terminal) raise SystemExit, so that what was started is ended as well."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
