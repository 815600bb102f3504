# SPDX-License-Identifier: BSD-3-Clause
"""A board on a pseudo-terminal, in Python: answers as docs/serial.md says, or as a test wants it.

It reads and writes frames with tests/fpga/uart/line.py, which was made apart from the driver.
"""

import contextlib
import json
import os
import select
import struct
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.fpga.uart import line

SHAPE, CLASSES = (2, 3, 1), 4
CLOCK_KHZ, BAUD = 48_000, 3_000_000
HASH = "ab" * 28 + "7e7d5e5d"
FIRST, INTERVAL = 250, 100
_STREAM = {"bits": 8, "elements_per_word": 1, "word_bytes": 1}
VALUES: dict[str, Any] = {
    "format": 1,
    "model": "toy",
    "input": {**_STREAM, "shape": list(SHAPE), "signed": False, "words_per_frame": 6},
    "output": {**_STREAM, "shape": [CLASSES], "signed": True, "words_per_frame": CLASSES},
    "classes": [f"class {index}" for index in range(CLASSES)],
    "clock_mhz": CLOCK_KHZ / 1000,
    "part": "LFE5U-85F-6BG381C",
    "design_hash": HASH,
    "bit_sha256": None,
    "link": {"kind": "uart", "baud": BAUD},
}


def write(folder: Path, **changes: Any) -> Path:
    """The metadata in `folder`, and its path."""
    path = folder / "toy.json"
    path.write_text(json.dumps({**VALUES, **changes}), encoding="utf-8")
    return path


def images(count: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    """Random ones, no two with the same result."""
    made = np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), dtype=np.uint8)
    made[:, 0, 0, 0], made[:, 0, 1, 0] = np.arange(count) >> 8, np.arange(count) & 0xFF
    return made


def answers(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """The results [N, CLASSES] of images: sums of their bytes, each weighted otherwise, mod 256."""
    flat = pixels.reshape(len(pixels), -1).astype(np.int64)
    weights = 1 + 2 * np.arange(flat.shape[1] * CLASSES).reshape(flat.shape[1], CLASSES)
    return (flat @ weights).astype(np.uint8).astype(np.int8).astype(np.int32)


class Device:
    """The board; `name` is its port. Everything that arrives is answered in a thread, in order.

    `reply(content)` gives what goes back for a frame's content (None: a damaged frame), frames as bytes; a test
    replaces it. `damage(data)` stands for the line to the host, `hurt(data)` for that to the board.
    """

    def __init__(self) -> None:
        self.reply: Callable[[bytes | None], bytes] = self.answer
        self.damage: Callable[[bytes], bytes] = bytes
        self.hurt: Callable[[bytes], bytes] = bytes
        self.asked: list[bytes | None] = []
        self.identity = self.says()
        self._master, self._slave = os.openpty()
        self._open = [self._master, self._slave]
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)
        self._wake, self._end = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def says(self, version: int = 1, slots: int = 2, number: int = int(HASH[-8:], 16), **other: int) -> bytes:
        """The payload of 'i'; `khz`, `image` and `result` may be given, too."""
        sizes = other.get("khz", CLOCK_KHZ), other.get("image", 6), other.get("result", CLASSES)
        return struct.pack("<4sBBIIII", b"WRAP", version, slots, number, *sizes)

    def answer(self, content: bytes | None) -> bytes:
        """What a board does."""
        if content is None:
            return line.frame(b"e\0\1")
        kind, number = content[:1], content[1:2]
        if kind == b"I":
            return line.frame(b"i" + number + self.identity)
        if kind == b"X":
            return line.frame(b"x" + number)
        repeat = int.from_bytes(content[2:4], "little")
        result = answers(np.frombuffer(content[4:], np.uint8).reshape(1, *SHAPE)).astype(np.uint8)
        cycles = struct.pack("<II", FIRST, FIRST + INTERVAL * (repeat - 1))
        return line.frame(b"r" + number + cycles + result.tobytes())

    def runs(self) -> list[bytes]:
        """The images that arrived."""
        return [content[4:] for content in self.asked if content and content[:1] == b"R"]

    def unplug(self) -> None:
        """The port goes away."""
        self._stop()
        while self._open:  # once each, whoever comes first: the numbers may be another file's by then
            with contextlib.suppress(OSError, IndexError):
                os.close(self._open.pop(0))

    def _serve(self) -> None:
        rest = b""
        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                return
            data = rest + self.hurt(os.read(self._master, 1 << 16))
            whole = data.rfind(b"\x7e") + 1
            rest = data[whole:]
            for content in line.contents(data[:whole]):
                self.asked.append(content)
                back = self.damage(self.reply(content))
                while back:
                    back = back[os.write(self._master, back) :]

    def _stop(self) -> None:
        if self._thread.is_alive():
            os.write(self._end, b"x")
            self._thread.join()


@contextlib.contextmanager
def running() -> Iterator[Device]:
    """A board that is unplugged in the end."""
    device = Device()
    try:
        yield device
    finally:
        device.unplug()
