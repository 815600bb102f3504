# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board's end of a pseudo-terminal: what a program writes goes to the board, its replies come back."""

import contextlib
import os
import select
import tty
from collections.abc import Callable, Sequence
from types import TracebackType

from fpga.serial_board.library import SerialBoard

_STEP = 20_000
"""Clock cycles between two looks at the terminal: some milliseconds of simulation."""

_CHUNK = 4096

Line = Callable[[bytes], bytes]


class Terminal:
    """A pseudo-terminal in raw mode; `name` is the port that a program opens. It is gone after `close`."""

    def __init__(self) -> None:
        # The other end stays open here, too: the terminal outlives the programs that come and go.
        self._master, self._port = os.openpty()
        self._open = [self._master, self._port]
        tty.setraw(self._port)
        os.set_blocking(self._master, False)
        self.name = os.ttyname(self._port)

    def serve(self, board: SerialBoard, to_board: Line, to_host: Line, until: Sequence[int]) -> None:
        """Carry bytes both ways, each through its line, until one of the descriptors `until` can be read."""
        active, outgoing = False, b""
        while True:
            readable, writable, _ = select.select(
                [self._master, *until], [self._master] if outgoing else [], [], 0 if active else None
            )
            if any(end in readable for end in until):
                return
            if self._master in readable:
                board.send(to_board(os.read(self._master, _CHUNK)))
                active = True
            if active:
                active = board.run(_STEP)
                outgoing += to_host(board.receive())
            if writable:
                with contextlib.suppress(BlockingIOError):
                    outgoing = outgoing[os.write(self._master, outgoing) :]

    def close(self) -> None:
        """Take the port away, as when a board is unplugged."""
        while self._open:  # once each, whoever comes first: the numbers may be another file's by then
            with contextlib.suppress(OSError, IndexError):
                os.close(self._open.pop(0))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
