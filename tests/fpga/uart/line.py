# SPDX-License-Identifier: BSD-3-Clause
"""The serial line and its frames in Python, made apart from the hardware: levels of the pins, flags, CRC."""

import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

FLAG, ESCAPE = 0x7E, 0x7D

Levels = npt.NDArray[np.uint8]


def levels(data: bytes, clocks_per_bit: float, gap: int = 0) -> Levels:
    """The line's level in each clock while `data` is sent, `gap` bits of silence after each byte."""
    values = np.frombuffer(data, dtype=np.uint8)
    bits = np.ones((len(values), 10 + gap), dtype=np.uint8)
    bits[:, 0] = 0
    bits[:, 1:9] = np.unpackbits(values[:, None], axis=1, bitorder="little")
    flat = bits.reshape(-1)
    clocks = np.arange(round(len(flat) * clocks_per_bit))
    return flat[np.minimum((clocks / clocks_per_bit).astype(np.int64), len(flat) - 1)]


def received(line: Levels, clocks_per_bit: int) -> bytes:
    """The bytes on a line that is high at first. AssertionError for a bit of wrong length, or no stop bit."""
    found = bytearray()
    at = 0
    while True:
        low = np.flatnonzero(line[at:] == 0)
        if not low.size:
            return bytes(found)
        at += int(low[0])
        byte = line[at : at + 10 * clocks_per_bit].reshape(10, clocks_per_bit)
        assert (byte == byte[:, :1]).all(), "a level changed within a bit"
        assert byte[9, 0] == 1, "no stop bit"
        found.append(int(np.packbits(byte[1:9, 0], bitorder="little")[0]))
        at += 10 * clocks_per_bit


def stuffed(content: bytes) -> bytes:
    """`content` with what must not stand between flags escaped."""
    special = bytes([FLAG, ESCAPE])
    return b"".join(bytes([ESCAPE, byte ^ 0x20]) if byte in special else bytes([byte]) for byte in content)


def frame(content: bytes) -> bytes:
    """`content` and its CRC between flags."""
    whole = content + zlib.crc32(content).to_bytes(4, "little")
    return bytes([FLAG]) + stuffed(whole) + bytes([FLAG])


def unstuffed(part: bytes) -> bytes | None:
    """What `stuffed` was given; None if an escape stands at the end."""
    content, escaped = bytearray(), False
    for byte in part:
        if escaped:
            content.append(byte ^ 0x20)
        elif byte != ESCAPE:
            content.append(byte)
        escaped = byte == ESCAPE and not escaped
    return None if escaped else bytes(content)


def contents(data: bytes) -> Iterator[bytes | None]:
    """The content of each frame in `data`, without its CRC; None for a damaged one. The last must have its flag."""
    for part in data.split(bytes([FLAG]))[:-1]:
        if part:
            whole = unstuffed(part) or b""
            body, crc = whole[:-4], whole[-4:]
            yield body if len(body) >= 2 and zlib.crc32(body).to_bytes(4, "little") == crc else None


def run(sequence: int, image: bytes, repeat: int = 1) -> bytes:
    """The content of an 'R'."""
    return b"R" + bytes([sequence]) + repeat.to_bytes(2, "little") + image
