# SPDX-License-Identifier: BSD-3-Clause
"""The board's DDR: one bytearray that both sides share, and the buffers in it."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

BASE = 0x1000_0000
SIZE = 256 << 20
PAGE = 4096


class OutOfMemory(Exception):
    """No gap is large enough; the text says how much was asked for."""


class UnknownBuffer(Exception):
    """A buffer that does not exist, or exists no longer."""


@dataclass
class Buffer:
    """`size` bytes at byte `start` of the DDR, of the client `owner`."""

    start: int
    size: int
    owner: str


class Memory:
    """Buffers on page boundaries, first fit. Thread-safe, except that one buffer's bytes are its client's affair."""

    def __init__(self, size: int = SIZE):
        self.ddr = bytearray(size)
        self._buffers: dict[str, Buffer] = {}
        self._lock = threading.Lock()
        self._count = 0
        # Names differ from one server to the next, so that a client that outlived one cannot hit another's buffers.
        self._token = secrets.token_hex(4)

    def allocate(self, size: int, owner: str) -> str:
        """Reserve `size` bytes (at least 1); returns the buffer's name. Raises OutOfMemory."""
        with self._lock:
            start = 0
            for buffer in sorted(self._buffers.values(), key=lambda buffer: buffer.start):
                if buffer.start - start >= size:
                    break
                start = -(-(buffer.start + buffer.size) // PAGE) * PAGE
            if size < 1 or start + size > len(self.ddr):
                used = sum(buffer.size for buffer in self._buffers.values())
                raise OutOfMemory(
                    f"{size} bytes cannot be had: the board has {len(self.ddr)}, {used} of them in use in "
                    f"{len(self._buffers)} buffers; free buffers or ask for less"
                )
            self._count += 1
            name = f"{self._token}-{self._count}"
            self._buffers[name] = Buffer(start, size, owner)
            return name

    def free(self, name: str) -> None:
        """Give a buffer back. Raises UnknownBuffer."""
        with self._lock:
            if self._buffers.pop(name, None) is None:
                raise UnknownBuffer(f"buffer {name!r} does not exist or was freed")

    def get(self, name: str, user: str) -> Buffer:
        """The buffer, from now on `user`'s: a client that reconnects keeps what it uses. Raises UnknownBuffer."""
        with self._lock:
            buffer = self._buffers.get(name)
            if buffer is None:
                raise UnknownBuffer(f"buffer {name!r} does not exist or was freed; was the board restarted?")
            buffer.owner = user
            return buffer

    def reclaim(self, alive: Callable[[str], bool]) -> None:
        """Free the buffers of every owner that is not `alive`."""
        with self._lock:
            living = {owner: alive(owner) for owner in {buffer.owner for buffer in self._buffers.values()}}
            self._buffers = {name: buffer for name, buffer in self._buffers.items() if living[buffer.owner]}

    @property
    def buffers(self) -> int:
        """Number of buffers in use."""
        return len(self._buffers)
