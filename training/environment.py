# SPDX-License-Identifier: BSD-3-Clause
"""The one place of this package that reads environment variables, and what else the process was given."""

import os
from pathlib import Path


def data_folder() -> Path | None:
    """DATA: the folder of the data sets' files, if it is set and not empty."""
    value = os.environ.get("DATA", "")
    return Path(value) if value else None


def is_first_process() -> bool:
    """Whether this is the first of the processes that torchrun started, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def ray_address() -> str:
    """RAY_ADDRESS: the Ray cluster for sweeps and searches, empty for this machine alone."""
    return os.environ.get("RAY_ADDRESS", "")


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def room_for(threads: int) -> int:
    """How many trainings of so many threads run beside each other here."""
    return max(1, processors() // threads)
