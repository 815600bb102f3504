# SPDX-License-Identifier: BSD-3-Clause
"""Locks between processes of one machine: two programs must not use one accelerator at the same time."""

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from host.errors import BusyError


@contextlib.contextmanager
def locked(path: Path, what: str, timeout: float) -> Iterator[None]:
    """Hold the advisory lock of `path`, a folder or a file of no other use, waiting up to `timeout` seconds.

    A missing file is made, and removed afterwards. The lock goes with its process, however that ends. Raises
    BusyError; `what` names the locked thing in its text.
    """
    end = time.monotonic() + timeout
    while (handle := _try(path)) is None:
        if time.monotonic() > end:
            raise BusyError(
                f"{what} has been in use by another program for {timeout:g} s (lock: {path}); "
                "end that program and try again"
            )
        time.sleep(0.01)
    try:
        yield
    finally:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            with contextlib.suppress(OSError):
                path.unlink()
        os.close(handle)


def board_lock(name: str) -> Path:
    """The lock file of the board called `name`."""
    safe = "".join(c if c.isalnum() or c in ".-" else "_" for c in name)
    return Path(tempfile.gettempdir()) / f"wrapnet-{safe}.lock"


def _try(path: Path) -> int | None:
    """The open lock, or None if another program holds it or has just removed its file."""
    handle = _open(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


def _open(path: Path) -> int:
    # Without O_CREAT first: with it, Linux refuses another user's file in a sticky folder such as /tmp.
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
