# SPDX-License-Identifier: BSD-3-Clause
"""The driver's copy of the register map is the shell's."""

from fpga.shell import registers as shell
from host import registers


def test_the_copies_are_equal() -> None:
    assert registers.OFFSETS == shell.OFFSETS
    for name in ("IDENTITY", "VERSION", "START", "DONE", "IDLE", "READY", "READ_ERROR", "WRITE_ERROR", "JOB_REFUSED"):
        assert getattr(registers, name) == getattr(shell, name), name
