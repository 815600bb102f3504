# SPDX-License-Identifier: BSD-3-Clause
"""The board library (line.cpp) in Python: bytes to a Verilated design's serial pins, and those that come back."""

import ctypes
import os
from types import TracebackType

U32, U64, POINTER = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p
_SIGNATURES = {
    "serial_new": (POINTER, [ctypes.c_char_p, U32]),
    "serial_free": (None, [POINTER]),
    "serial_send": (None, [POINTER, ctypes.c_char_p, U64]),
    "serial_receive": (U64, [POINTER, ctypes.c_char_p, U64]),
    "serial_run": (U32, [POINTER, U64]),
    "serial_cycles": (U64, [POINTER]),
}
_CHUNK = 4096


class SerialBoard:
    """One simulated board. Raises OSError when the library, or the memory files in `rtl_dir`, cannot be read.

    Use from one thread at a time. Time passes in `run` alone.
    """

    def __init__(self, library: str | os.PathLike[str], rtl_dir: str | os.PathLike[str], clocks_per_bit: int) -> None:
        self._library = ctypes.CDLL(os.fspath(library))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._board = self._library.serial_new(os.fsencode(rtl_dir), clocks_per_bit)
        if not self._board:
            raise OSError(f"{os.fspath(library)} cannot read its memory files in {os.fspath(rtl_dir)}")
        self._buffer = ctypes.create_string_buffer(_CHUNK)

    def send(self, data: bytes) -> None:
        """Bytes for the line to the board, after those that are still on their way."""
        self._library.serial_send(self._handle(), data, len(data))

    def run(self, cycles: int) -> bool:
        """Clock for at most so many cycles; False once nothing is going on any more."""
        return bool(self._library.serial_run(self._handle(), cycles))

    def receive(self) -> bytes:
        """The bytes that have come from the board since the last call."""
        found = bytearray()
        while count := self._library.serial_receive(self._handle(), self._buffer, _CHUNK):
            found += self._buffer.raw[:count]
        return bytes(found)

    @property
    def cycles(self) -> int:
        """Clock cycles since the board was made."""
        return int(self._library.serial_cycles(self._handle()))

    def close(self) -> None:
        """Free the model."""
        if self._board:
            self._library.serial_free(self._board)
            self._board = None

    def _handle(self) -> int:
        if not self._board:
            raise ValueError("the board is closed")
        return int(self._board)

    def __enter__(self) -> "SerialBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
