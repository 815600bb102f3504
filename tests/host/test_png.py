# SPDX-License-Identifier: BSD-3-Clause
"""PNG files: every filter gives the pixels back, Pillow's files too, and what is not read is named."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from host import png
from host.commands import main
from host.errors import MetadataError
from tests import graphs

PATH = Path("image.png")
COLOURS = {1: 0, 3: 2, 2: 4, 4: 6}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encode(
    pixels: np.ndarray, filters: list[int], bits: int = 8, interlace: int = 0, colour: int | None = None
) -> bytes:
    """A PNG of `pixels` uint8 [H, W, C] whose lines take the `filters` in turn, by the specification's formulas."""
    height, width, channels = pixels.shape
    padded = np.zeros((height + 1, width + 1, channels), np.int64)
    padded[1:, 1:] = pixels
    left, up, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    estimate = left + up - corner
    distances = np.stack([abs(estimate - left), abs(estimate - up), abs(estimate - corner)])
    paeth = np.choose(distances.argmin(axis=0), [left, up, corner])  # of equals the first, as specified
    predictions = [np.zeros_like(left), left, up, (left + up) // 2, paeth]
    lines = b""
    for row in range(height):
        kind = filters[row % len(filters)]
        prediction = predictions[kind % 5][row]
        lines += bytes([kind]) + ((pixels[row] - prediction) % 256).astype(np.uint8).tobytes()
    kind = COLOURS[channels] if colour is None else colour
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlace)
    data = zlib.compress(lines)
    parts = [chunk(b"IDAT", data[:7]), chunk(b"tEXt", b"words"), chunk(b"IDAT", data[7:])]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(parts) + chunk(b"IEND", b"")


def pixels_of(channels: int) -> np.ndarray:
    return np.random.default_rng(channels).integers(0, 256, (11, 13, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("filters", [[0], [1], [2], [3], [4], [4, 3, 2, 1, 0]])
def test_every_filter(channels: int, filters: list[int]) -> None:
    pixels = pixels_of(channels)
    got = png.read(encode(pixels, filters), PATH)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, pixels)


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
def test_files_of_pillow(mode: str) -> None:
    smooth = np.add.outer(np.arange(28), 3 * np.arange(30)).astype(np.uint8)  # so that it chooses filters
    image = Image.fromarray(np.stack([smooth, smooth // 2, 255 - smooth], axis=-1)).convert(mode)
    file = io.BytesIO()
    image.save(file, "png")
    expected = np.asarray(image.convert(mode.removesuffix("A"))).reshape(28, 30, -1)
    np.testing.assert_array_equal(png.read(file.getvalue(), PATH), expected)


GREY = pixels_of(1)
GOOD = encode(GREY, [4])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "does not begin as a PNG does"),
        (b"\x93NUMPY", "does not begin as a PNG does"),
        (GOOD[:8], "first and last parts are missing"),
        (GOOD[:-12], "first and last parts are missing"),
        (GOOD[:-2], "image.png: "),
        (GOOD[:60] + bytes([GOOD[60] ^ 1]) + GOOD[61:], "damaged at byte"),
        (encode(GREY, [5]), "filter 5 in line 0"),
        (encode(GREY, [0], bits=16), "16 bits, colour type 0, not interlaced"),
        (encode(GREY, [0], interlace=1), "8 bits, colour type 0, interlaced"),
        (encode(GREY, [0], colour=3), "a palette"),
        (encode(GREY, [0], colour=2), "bytes of pixels, its header says"),
        (encode(pixels_of(3), [0], colour=0), "bytes of pixels, its header says"),
        (encode(pixels_of(4), [0]), "transparent pixels"),
        (encode(np.zeros((2, 1 << 20, 1), np.uint8), [0]), "at most 1048576 are read"),
        (encode(np.zeros((0, 3, 1), np.uint8), [0]), "3 x 0 pixels"),
    ],
)
def test_what_is_not_read_is_named(content: bytes, says: str) -> None:
    with pytest.raises(MetadataError) as caught:
        png.read(content, PATH)
    assert says in str(caught.value) and "expected a whole PNG file" in str(caught.value)


def test_any_flipped_byte_is_refused() -> None:
    for at in range(len(GOOD)):
        with pytest.raises(MetadataError):
            png.read(GOOD[:at] + bytes([GOOD[at] ^ 0x10]) + GOOD[at + 1 :], PATH)


def test_the_commands_take_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proto = graphs.plain()
    (tmp_path / "model.onnx").write_bytes(proto.SerializeToString())
    pixels = graphs.images(proto, 1, seed=2).astype(np.uint8).transpose(0, 2, 3, 1)[0]
    np.save(tmp_path / "image.npy", pixels)
    (tmp_path / "image.png").write_bytes(encode(pixels, [1]))
    said = []
    for name in ("image.npy", "image.png"):
        assert main(["cpu", str(tmp_path / "model.onnx"), str(tmp_path / name)]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != ""
    (tmp_path / "image.png").write_bytes(b"no image")
    assert main(["cpu", str(tmp_path / "model.onnx"), str(tmp_path / "image.png")]) == 2
    assert "does not begin as a PNG does" in capsys.readouterr().err
