# SPDX-License-Identifier: BSD-3-Clause
"""What host and board say to each other: the payloads of requests and replies. Numbers have their lowest byte first."""

import struct
from dataclasses import dataclass

from host.errors import DeviceError

IDENTIFY, RUN, RESET = b"I", b"R", b"X"
IDENTITY, RESULT, WAS_RESET, REFUSED = b"i", b"r", b"x", b"e"

VERSION = 1
DAMAGED, WRONG_LENGTH, UNKNOWN_KIND, NO_FREE_SLOT, STALLED, NO_REPEAT = range(1, 7)
REASONS = {
    DAMAGED: "the request arrived damaged",
    WRONG_LENGTH: "the request has another length than the design takes",
    UNKNOWN_KIND: "the design does not know this kind of request",
    NO_FREE_SLOT: "every image buffer is taken",
    STALLED: "the accelerator did not finish in time, and was reset",
    NO_REPEAT: "zero repetitions were asked for",
}

_MAGIC = b"WRAP"
_IDENTITY = struct.Struct("<4sBBIIII")
_CYCLES = struct.Struct("<II")
IDENTITY_BYTES = _IDENTITY.size


@dataclass(frozen=True)
class Identity:
    """What the board says of itself: `design_hash` is 32 bits, the sizes are bytes of one image and one result."""

    version: int
    slots: int
    design_hash: int
    clock_khz: int
    image_bytes: int
    result_bytes: int


@dataclass(frozen=True)
class Result:
    """Cycles from the first word of the image to the last of the first and of the last result; that result's bytes."""

    first_cycles: int
    last_cycles: int
    content: bytes


def identity(payload: bytes) -> Identity:
    """Raises DeviceError if these are not the words of such a board."""
    if payload[: len(_MAGIC)] != _MAGIC or len(payload) != _IDENTITY.size:
        raise DeviceError(
            f"the board does not identify itself: {payload[:32].hex(' ')} ({len(payload)} bytes), expected "
            f"{_MAGIC.hex(' ')} ... ({_IDENTITY.size} bytes): load the bitstream again, and use this version's driver"
        )
    return Identity(*_IDENTITY.unpack(payload)[1:])


def run(image: bytes, repeat: int) -> bytes:
    """The payload that runs `image` so many times (1..65535) back to back."""
    return struct.pack("<H", repeat) + image


def result(payload: bytes) -> Result:
    """The parts of a result's payload, which must have at least its eight bytes of cycles."""
    first, last = _CYCLES.unpack_from(payload)
    return Result(first, last, payload[_CYCLES.size :])


def result_bytes(content: int) -> int:
    """Bytes of a result's payload with so many bytes of content."""
    return _CYCLES.size + content
