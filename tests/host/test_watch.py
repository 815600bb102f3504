# SPDX-License-Identifier: BSD-3-Clause
"""Watching over made-up boards in the network; fleet_suite.py does it with a process that is stopped."""

import threading
import time
from types import SimpleNamespace

import pytest

from host import watch
from host.errors import DeviceError, ShapeError
from host.watch import answering


class Board:
    """A network device. `answers` says whether it answers; a call of it ends when its connection is closed."""

    def __init__(self) -> None:
        self._stub = {"device": self}
        self.client = SimpleNamespace(channel=self)
        self.answers = True
        self.asked = 0
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()

    def call(self) -> None:
        assert self.closed.wait(10)
        raise ValueError("Channel closed!")


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    def exists_file(stub: Board, seconds: float) -> None:
        stub.asked += 1
        if not stub.answers:
            raise TimeoutError("Deadline Exceeded")

    monkeypatch.setattr(watch, "EVERY", 0.01)
    monkeypatch.setattr(watch, "exists_file", exists_file)
    return Board()


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("watch over")]


def test_silence_ends_the_call_and_the_device(board: Board) -> None:
    board.answers = False
    says = r"pynq-a did not answer any more \(Deadline Exceeded; it had 3 s\)"
    with pytest.raises(DeviceError, match=says), answering(board, "pynq-a", 3):
        board.call()
    assert board.closed.is_set() and not watchers()
    with pytest.raises(DeviceError, match=says), answering(board, "pynq-a", 3):
        pytest.fail("a device that was given up is used")


def test_a_long_job_of_a_board_that_answers_is_let_be(board: Board) -> None:
    with answering(board, "pynq-a", 3):
        end = time.monotonic() + 10
        while board.asked < 5 and time.monotonic() < end:
            time.sleep(0.01)
    assert board.asked >= 5 and not board.closed.is_set() and not watchers()


def test_other_errors_pass(board: Board) -> None:
    with pytest.raises(ShapeError, match="as it was"), answering(board, "pynq-a", 3):
        raise ShapeError("as it was")
    with answering(board, "pynq-a", 3):  # the device can still be used
        pass
    assert not watchers()


def test_a_device_without_a_network_is_not_watched() -> None:
    with answering(object(), "local", 3):
        assert not watchers()
