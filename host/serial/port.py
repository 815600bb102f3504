# SPDX-License-Identifier: BSD-3-Clause
"""A serial port: opened for this program alone, read and written with a time limit, its errors in words."""

import contextlib
import errno
import select
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from host.errors import BusyError, DeviceError

_CHUNK = 1 << 16


class Port:
    """`name` is the device's path, such as /dev/ttyUSB0. Raises DeviceError or BusyError.

    `simulated`: it is a pseudo-terminal, behind which no board can be, but the simulated one.
    """

    def __init__(self, name: str, baud: int):
        self.name, self.baud = name, baud
        serial = _pyserial()
        try:
            # Neither of pyserial's own time-outs: to change one sets the whole port up again.
            self._port: Any = serial.Serial(name, baud, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, ValueError) as error:
            raise _refused(name, baud, error) from None
        self.simulated = str(Path(name).resolve()).startswith("/dev/pts/")
        self._poll = select.poll()

    def read(self, seconds: float) -> bytes:
        """What has arrived, waiting up to `seconds` for it; b"" if nothing has. DeviceError if the port is gone."""
        with self._gone():
            if not self._ready(select.POLLIN, seconds):
                return b""
            return bytes(self._port.read(_CHUNK))

    def write(self, data: bytes, seconds: float) -> int:
        """Write `data`; the number of bytes that the port took within `seconds`. DeviceError if the port is gone."""
        end, done = time.monotonic() + seconds, 0
        with self._gone():
            while done < len(data) and self._ready(select.POLLOUT, end - time.monotonic()):
                done += self._port.write(data[done:])
        return done

    def close(self) -> None:
        """Give the port back; harmless when it is closed."""
        self._port.close()

    def _ready(self, what: int, seconds: float) -> bool:
        self._poll.register(self._port.fileno(), what)
        return bool(self._poll.poll(max(0.0, seconds) * 1000))

    @contextlib.contextmanager
    def _gone(self) -> Iterator[None]:
        if not self._port.is_open:
            raise DeviceError(f"{self.name} was closed: open the overlay again")
        try:
            yield
        except OSError as error:
            raise DeviceError(
                f"{self.name} is gone ({error}): was the board unplugged or switched off? Plug it in, load its "
                "bitstream and open the overlay again"
            ) from None


def _pyserial() -> ModuleType:
    try:
        import serial
        import serial.tools.list_ports
    except ImportError:
        raise DeviceError(
            "a board on a serial line needs the Python package pyserial, which is not installed here: "
            "pip install pyserial (the tools' environment has it: .venv/tools/bin/python -m host ...)"
        ) from None
    return serial


def _refused(name: str, baud: int, error: Exception) -> DeviceError | BusyError:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return DeviceError(f"{name}: there is no such port. {_present()}")
    if number in (errno.EACCES, errno.EPERM):
        return DeviceError(
            f"{name}: you may not open it. Ports belong to a group, 'dialout' on most systems: "
            "sudo usermod -aG dialout $USER, then log in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return BusyError(f"{name} is in use by another program: end that (`fuser {name}` names it) and try again")
    return DeviceError(f"{name}: {error}; expected a serial port that can do {baud:,} baud. {_present()}")


def _present() -> str:
    ports = _pyserial().tools.list_ports.comports()
    if not ports:
        return "This machine has no serial port now: is the board plugged in, with a cable that carries data?"
    return "There are " + ", ".join(f"{port.device} ({port.description})" for port in ports)
