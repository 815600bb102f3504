# SPDX-License-Identifier: BSD-3-Clause
"""Whether a process runs."""

from pathlib import Path


def is_alive(process: int) -> bool:
    """Not gone, and no zombie that nobody has asked for yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
