# SPDX-License-Identifier: BSD-3-Clause
"""Requests and their answers over a line that may lose or damage either: repeated as often as allowed.

Each attempt goes under a number of its own, and an answer counts only for the attempt whose number it carries. The
board answers in the order in which it was asked. So an attempt is lost when a later one is answered, or when nothing
is answered for longer than line and board need.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from host.errors import DeviceError, LinkError, StallError
from host.serial import messages
from host.serial.frames import Frame, longest
from host.serial.link import Link, LinkErrors

MOST_WAITING = 64
"""Attempts on their way at most: far from all the numbers, so that one in use is never that of an attempt given up."""

_HURRY = 0.1
"""The part of the time-out that counts once damage was seen, when most likely nothing more will come."""


@dataclass(frozen=True)
class Request:
    """`answer` is the kind of its answer, `answer_bytes` the length of that one's payload.

    `name` is for messages; `image` is its place in the call if it carries one.
    """

    name: str
    kind: bytes
    payload: bytes
    answer: bytes
    answer_bytes: int
    image: int | None = None


@dataclass(eq=False)
class _Task:
    """A request and what became of its attempts; the latest has `number`, and `size` bytes with its answer at most."""

    index: int
    request: Request
    number: int = 0
    size: int = 0
    refused: bool = False
    story: list[str] = field(default_factory=list)
    errors_before: LinkErrors = field(default_factory=LinkErrors)
    received_before: int = 0


class Exchange:
    """Sends `requests`, up to `window` of them before an answer, and gives each one's index and answer (iterate once).

    `timeout`: seconds that the board may take beyond the time on the line; `retries`: how often a request is repeated.

    Raises LinkError when that did not help, StallError or DeviceError when the board refuses for a reason that no
    repetition mends, DeviceError when the port is gone. Requests may be left at the board then, or when the caller
    stops asking: it must be reset before the next exchange.
    """

    def __init__(self, link: Link, requests: Iterable[Request], window: int, timeout: float, retries: int):
        self._link = link
        self._window = min(window, MOST_WAITING)
        self._timeout, self._retries = timeout, retries
        self._new = (_Task(index, request) for index, request in enumerate(requests))
        self._again: deque[_Task] = deque()
        self._waiting: list[_Task] = []  # in the order in which they were sent
        self._damage = 0  # signs of damage beyond the attempts that were found lost
        self._deadline = 0.0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        while True:
            self._fill()
            if not self._waiting:
                return
            frame = self._link.receive(self._deadline)
            if frame is None:
                self._lose(self._waiting, f"no answer within {self._patience():.2g} s")
            elif frame == "damaged":
                self._hurry()
            elif frame.kind == messages.REFUSED and frame.payload[:1] == bytes((messages.DAMAGED,)):
                self._link.errors.damaged_requests += 1
                self._hurry()
            elif task := self._asked(frame):
                if frame.kind == messages.REFUSED:
                    self._refuse(task, frame)
                    continue
                self._check_length(task.request, frame.payload)
                place = self._waiting.index(task)
                del self._waiting[place]
                self._lose(self._waiting[:place], "a later request was answered before it")
                self._lose_refused()
                self._deadline = time.monotonic() + self._patience()
                yield task.index, frame.payload
            else:
                self._link.errors.late += 1
                self._lose_refused()  # whatever this was for, its image buffer is free now

    def _fill(self) -> None:
        """Send as many as the window has room for, those that were lost first."""
        while len(self._waiting) < self._window:
            task = self._again.popleft() if self._again else next(self._new, None)
            if task is None:
                return
            if task.story:
                self._link.errors.repeated += 1
            else:
                task.errors_before, task.received_before = self._link.errors.copy(), self._link.received
            request = task.request
            task.refused = False
            task.number, size = self._link.send(request.kind, request.payload, self._timeout)
            task.size = size + longest(request.answer_bytes)
            self._waiting.append(task)
            self._deadline = time.monotonic() + self._patience()

    def _patience(self) -> float:
        """Seconds until what is on its way must have been answered."""
        line = self._link.seconds(sum(task.size for task in self._waiting))
        return line + self._timeout * (_HURRY if self._damage else 1)

    def _hurry(self) -> None:
        self._damage += 1
        self._deadline = min(self._deadline, time.monotonic() + self._patience())

    def _asked(self, frame: Frame) -> _Task | None:
        """The task that `frame` answers or refuses."""
        for task in self._waiting:
            if task.number == frame.sequence and frame.kind in (task.request.answer, messages.REFUSED):
                return task
        return None

    def _check_length(self, request: Request, answer: bytes) -> None:
        if len(answer) != request.answer_bytes:
            raise DeviceError(
                f"{request.name}: the answer has {len(answer)} bytes, expected {request.answer_bytes}: the board runs "
                "another design, or is of another version than this driver; load the bitstream again"
            )

    def _refuse(self, task: _Task, frame: Frame) -> None:
        code = frame.payload[0] if frame.payload else 0
        if code == messages.NO_FREE_SLOT:  # an attempt that was given up is still in it
            self._link.errors.refused += 1
            task.refused = True
            self._hurry()
            return
        said = f"{task.request.name}: {messages.REASONS.get(code, f'the board refused it, code {code}')}"
        if code == messages.STALLED:
            raise StallError(f"{said}; if it happens again, load the bitstream again", "accelerator", {})
        raise DeviceError(f"{said}: the board runs another design by now, or another version; open the overlay again")

    def _lose_refused(self) -> None:
        self._lose([task for task in self._waiting if task.refused], "no image buffer was free")

    def _lose(self, tasks: list[_Task], why: str) -> None:
        """These attempts will not be answered: their requests go again, or LinkError."""
        self._damage = max(0, self._damage - len(tasks))
        self._link.errors.lost += len(tasks)
        for task in list(tasks):
            task.story.append(why)
            if len(task.story) > self._retries:
                raise LinkError(self._explain(task), task.request.image)
            self._waiting.remove(task)
            self._again.append(task)
        if not self._waiting:
            self._damage = 0

    def _explain(self, task: _Task) -> str:
        link = self._link
        received = link.received - task.received_before
        if received:
            check = "Check the cable, and that no other program uses the port; more retries help if little is damaged"
        else:
            check = "Is the board on, is its bitstream loaded, and is this its port?"
        return (
            f"{task.request.name} was not answered: {len(task.story)} attempt{'s' * (len(task.story) > 1)} "
            f"({'; '.join(dict.fromkeys(task.story))}). Meanwhile {received:,} bytes came from {link.port.name} at "
            f"{link.port.baud:,} baud; errors: {link.errors.since(task.errors_before)}. {check}"
        )
