# SPDX-License-Identifier: BSD-3-Clause
"""PNG files as pixels: grey or RGB of 8 bits, as cameras' and data sets' crops are saved; others are refused by name.

Pixels are taken as they are: nothing is scaled, converted or cropped, since the network was trained on raw pixels.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from host.errors import MetadataError

Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.int32]

MOST_PIXELS = 1 << 20
"""Of a file: the accelerator's images are far smaller."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type: grey, RGB, and each with alpha
_OTHER = {3: "a palette"}


def read(content: bytes, path: Path) -> Pixels:
    """Pixels uint8 [H, W, 1] or [H, W, 3] of a file's `content`; `path` is for the messages of MetadataError."""
    try:
        return _decode(content)
    except (ValueError, struct.error, zlib.error) as error:
        wanted = "expected a whole PNG file, grey or RGB of 8 bits, not interlaced"
        raise MetadataError(f"{path}: {error}; {wanted}") from None


def _decode(content: bytes) -> Pixels:
    chunks = list(_chunks(content))
    if not chunks or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise ValueError("its first and last parts are missing")
    width, height, bits, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    if bits != 8 or interlace or colour not in _CHANNELS:
        found = _OTHER.get(colour, f"colour type {colour}")
        raise ValueError(f"{bits} bits, {found}, {'' if interlace else 'not '}interlaced")
    if not 0 < width * height <= MOST_PIXELS:
        raise ValueError(f"{width} x {height} pixels, at most {MOST_PIXELS} are read")
    channels = _CHANNELS[colour]
    size = height * (1 + width * channels)
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"), size + 1)
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes of pixels, its header says {size}")
    pixels = _unfiltered(data, height, width, channels)
    if channels in (2, 4):
        if (pixels[..., -1] != 255).any():
            raise ValueError("transparent pixels")
        pixels = pixels[..., :-1]
    return np.ascontiguousarray(pixels)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not content.startswith(_SIGNATURE):
        raise ValueError("it does not begin as a PNG does")
    at = len(_SIGNATURE)
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        body = content[at + 4 : at + 8 + size]
        (crc,) = struct.unpack_from(">I", content, at + 8 + size)
        if zlib.crc32(body) != crc:
            raise ValueError(f"damaged at byte {at}")
        yield body[:4], body[4:]
        at += 12 + size


def _unfiltered(data: bytes, height: int, width: int, channels: int) -> Pixels:
    """Undo the prediction of each line from the pixels to the left and above."""
    lines = np.frombuffer(data, np.uint8).reshape(height, 1 + width * channels)
    above = np.zeros((width, channels), np.uint8)
    pixels = np.empty((height, width, channels), np.uint8)
    for row, line in enumerate(lines):
        kind, rest = int(line[0]), line[1:].reshape(width, channels)
        if kind == 0:
            above = rest
        elif kind == 1:
            above = np.cumsum(rest, axis=0, dtype=np.uint8)
        elif kind == 2:
            above = rest + above
        elif kind in (3, 4):
            above = _predicted(rest, above, _average if kind == 3 else _paeth)
        else:
            raise ValueError(f"filter {kind} in line {row}, PNG has 0 to 4")
        pixels[row] = above
    return pixels


def _predicted(line: Pixels, above: Pixels, predict: Callable[[Values, Values, Values], Values]) -> Pixels:
    result = np.zeros_like(line)
    left = corner = np.zeros(line.shape[1], np.int32)
    for column, value in enumerate(line):
        up = above[column].astype(np.int32)
        result[column] = left = (value + predict(left, up, corner)) & 0xFF
        corner = up
    return result


def _average(left: Values, up: Values, corner: Values) -> Values:
    return (left + up) // 2


def _paeth(left: Values, up: Values, corner: Values) -> Values:
    estimate = left + up - corner
    to_left, to_up, to_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    nearer = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearer)
