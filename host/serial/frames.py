# SPDX-License-Identifier: BSD-3-Clause
"""Frames on the line, as RFC 1662 delimits them: between flags, with two bytes escaped and a CRC-32 at the end."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

FLAG, ESCAPE = b"\x7e", b"\x7d"
_ESCAPED = {ESCAPE: b"\x7d\x5d", FLAG: b"\x7d\x5e"}
"""What stands for these bytes inside a frame. Nothing else is ever escaped."""

_HEAD, _CRC = 2, 4


@dataclass(frozen=True)
class Frame:
    """`kind` is one byte, `sequence` 0..255."""

    kind: bytes
    sequence: int
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """The bytes on the line, a flag at either end.

    >>> encode(Frame(b"X", 1)).hex(" ")
    '7e 58 01 35 f5 bc 44 7e'
    """
    content = frame.kind + bytes((frame.sequence,)) + frame.payload
    content += zlib.crc32(content).to_bytes(_CRC, "little")
    for byte, escaped in _ESCAPED.items():  # the escape first: the second step brings new ones
        content = content.replace(byte, escaped)
    return FLAG + content + FLAG


def decode(body: bytes) -> Frame | None:
    """The frame of the bytes between two flags; None if it is damaged."""
    if body.count(ESCAPE) != sum(body.count(escaped) for escaped in _ESCAPED.values()):
        return None
    content = body
    for byte, escaped in reversed(_ESCAPED.items()):
        content = content.replace(escaped, byte)
    if len(content) < _HEAD + _CRC:
        return None
    content, crc = content[:-_CRC], content[-_CRC:]
    if zlib.crc32(content) != int.from_bytes(crc, "little"):
        return None
    return Frame(content[:1], content[1], content[_HEAD:])


def longest(payload: int) -> int:
    """Bytes on the line of a frame with `payload` bytes, if every one of them must be escaped."""
    return 2 * (_HEAD + payload + _CRC) + 2


class Receiver:
    """Cuts what arrives into frames; keeps no more than `most` bytes of one that does not end."""

    def __init__(self, most: int):
        self._most = most
        self._body = b""

    def feed(self, data: bytes) -> Iterator[Frame | None]:
        """The frames that `data` completes; None for each that is damaged or too long. Empty ones are no frames."""
        *bodies, self._body = (self._body + data).split(FLAG)
        for body in bodies:
            if body:
                yield decode(body) if len(body) <= self._most else None
        # One byte more than can be right: enough to know, at its end, that it was too long.
        self._body = self._body[: self._most + 1]
