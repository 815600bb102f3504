# SPDX-License-Identifier: BSD-3-Clause
"""One at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from chain.errors import InputError


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Hold `folder`/lock, which goes with its process and may be held more than once by one. Raises InputError where
    another process holds it: a `what` that runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"{folder}: another {what} runs there. Wait for it, or give another --build folder") from None
    try:
        yield
    finally:
        lock.release()
