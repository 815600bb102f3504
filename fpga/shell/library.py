# SPDX-License-Identifier: BSD-3-Clause
"""The board library (board.cpp) in Python: registers and memory of a Verilated design. Standard library only."""

import ctypes
import os
from types import TracebackType

U32, U64 = ctypes.c_uint32, ctypes.c_uint64
_SIGNATURES = {
    "board_new": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_void_p, U64, U64]),
    "board_free": (None, [ctypes.c_void_p]),
    "board_read": (U32, [ctypes.c_void_p, U32]),
    "board_write": (None, [ctypes.c_void_p, U32, U32]),
    "board_poke": (None, [ctypes.c_void_p, U32, U32]),
    "board_cycles": (U64, [ctypes.c_void_p]),
    "board_run": (U64, [ctypes.c_void_p, U64]),
    "board_set_stall": (None, [ctypes.c_void_p, U32, U32]),
    "board_set_channel_stall": (None, [ctypes.c_void_p, U32, U32]),
    "board_set_errors": (None, [ctypes.c_void_p, U32, U64, U64, U32]),
    "board_errors": (U64, [ctypes.c_void_p]),
    "board_broken_rule": (ctypes.c_char_p, [ctypes.c_void_p]),
    "board_set_limit": (None, [ctypes.c_void_p, U64]),
    "board_set_fault": (None, [ctypes.c_void_p, U64, U64]),
}
# Where a bus can wait: the memory's five channels, and the register port.
CHANNELS = ("read address", "read data", "write address", "write data", "write response", "registers")
SLVERR, DECERR = 2, 3


class Board:
    """One simulated board. `ddr` is its memory from bus address `ddr_base` on; both sides see each other's writes.

    Raises OSError when the library, or the memory files in `rtl_dir`, cannot be read. Use from one thread at a time.
    """

    def __init__(
        self, library: str | os.PathLike[str], rtl_dir: str | os.PathLike[str], ddr: bytearray, ddr_base: int = 0
    ) -> None:
        self._library = ctypes.CDLL(os.fspath(library))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._ddr = (ctypes.c_uint8 * len(ddr)).from_buffer(ddr)  # holds the memory, and keeps it from being resized
        self._board = self._library.board_new(os.fsencode(rtl_dir), ctypes.addressof(self._ddr), ddr_base, len(ddr))
        if not self._board:
            raise OSError(f"{os.fspath(library)} cannot read its memory files in {os.fspath(rtl_dir)}")

    def read(self, offset: int) -> int:
        """Read a register."""
        return int(self._library.board_read(self._handle(), offset))

    def write(self, offset: int, value: int) -> None:
        """Write a register. Writing a start bit runs the job: to its end, or until nothing moves any more."""
        self._library.board_write(self._handle(), offset, value & 0xFFFFFFFF)

    def poke(self, offset: int, value: int) -> None:
        """Write a register, and let nothing run besides: a start or a reset has only begun."""
        self._library.board_poke(self._handle(), offset, value & 0xFFFFFFFF)

    def run(self, max_cycles: int) -> int:
        """Clock until both DMAs are idle, nothing moves, or `max_cycles` are over; returns the cycles it took."""
        return int(self._library.board_run(self._handle(), max_cycles))

    @property
    def cycles(self) -> int:
        """Clock cycles since the board was made."""
        return int(self._library.board_cycles(self._handle()))

    def set_stall(self, seed: int, percent: int) -> None:
        """Let each memory channel wait in `percent` of the cycles (100: it has stopped), at random by `seed`."""
        self._library.board_set_stall(self._handle(), seed, percent)

    def set_channel_stall(self, channel: str, percent: int) -> None:
        """The same for one of CHANNELS, by the seed of `set_stall`; at most 99 for the registers."""
        self._library.board_set_channel_stall(self._handle(), CHANNELS.index(channel), percent)

    def set_errors(self, way: str, after: int, count: int, response: int = SLVERR) -> None:
        """After `after` more beats read (`way` "IN") or bursts written ("OUT") answer `count` with `response`."""
        self._library.board_set_errors(self._handle(), way == "OUT", after, count, response)

    @property
    def errors(self) -> int:
        """Error answers of the memory that the shell has taken since the board was made."""
        return int(self._library.board_errors(self._handle()))

    @property
    def broken_rule(self) -> str | None:
        """The first rule of AXI4 that the shell has broken."""
        text = self._library.board_broken_rule(self._handle())
        return text.decode() if text else None

    def set_limit(self, cycles: int) -> None:
        """The most cycles that writing a start bit runs by itself (at first: no limit); `run` goes on from there."""
        self._library.board_set_limit(self._handle(), cycles)

    def set_fault(self, base: int, size: int) -> None:
        """Let bus addresses `base` .. `base + size` answer with an error; size 0 takes it back."""
        self._library.board_set_fault(self._handle(), base, size)

    def close(self) -> None:
        """Free the model; the memory belongs to the caller again."""
        if self._board:
            self._library.board_free(self._board)
            self._board = None
            del self._ddr

    def _handle(self) -> int:
        if not self._board:
            raise ValueError("the board is closed")
        return int(self._board)

    def __enter__(self) -> "Board":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
