# SPDX-License-Identifier: BSD-3-Clause
"""Many measurements at a time."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


def each(tasks: Mapping[Key, Callable[[], Value]], workers: int, advance: Callable[[], None]) -> dict[Key, Value]:
    """The result of every task, `workers` at a time; `advance` is called after each of them. What a task raises ends
    the others that have not begun.
    """
    found: dict[Key, Value] = {}
    with ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(task): key for key, task in tasks.items()}
        try:
            for done in as_completed(waiting):
                found[waiting[done]] = done.result()
                advance()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return found
