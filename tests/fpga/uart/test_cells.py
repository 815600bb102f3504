# SPDX-License-Identifier: BSD-3-Clause
"""The line's cells by themselves, with several numbers of clocks a bit: framing, CRC, transmitter, receiver."""

import ctypes
import random
import zlib

import numpy as np
import pytest

from fpga import verilate
from fpga.uart import build
from tests.fpga.uart import line
from tests.fpga.uart.bench import CACHE, HERE


class Loop:
    """loop.sv with so many clocks a bit."""

    def __init__(self, clocks_per_bit: int) -> None:
        self.clocks_per_bit = clocks_per_bit
        spec = verilate.Build(
            top="loop",
            sources=[*build.sources(), HERE / "loop.sv"],
            harness=[HERE / "loop.cpp"],
            parameters={"ClocksPerBit": clocks_per_bit},
            cflags=("-O1",),
            warnings=False,
        )
        self._run = ctypes.CDLL(str(verilate.build(spec, CACHE, "uart-loop"))).loop_run
        self._run.restype = ctypes.c_uint64

    def run(
        self, contents: list[bytes], levels: line.Levels, idle: int = 0, seed: int = 1
    ) -> tuple[bytes, list[tuple[bytes, bool]]]:
        """Send frames and hear others: the bytes on the line, and the frames' contents with whether each was good."""
        data = [byte | (n == len(c) - 1) << 8 for c in contents for n, byte in enumerate(c)]
        content = np.array(data, dtype=np.uint16)
        size = sum(2 * len(c) + 16 for c in contents) * (10 * self.clocks_per_bit + 1)
        still = 40 * self.clocks_per_bit
        clocks = max(len(levels), size * 100 // (100 - idle)) + 2 * still
        heard = np.ones(clocks, dtype=np.uint8)
        heard[still : still + len(levels)] = levels
        spoken = np.ones(clocks, dtype=np.uint8)
        got = np.zeros(clocks, dtype=np.uint16)
        sent = ctypes.c_uint64()
        count = self._run(
            ctypes.c_uint32(seed),
            ctypes.c_uint32(idle),
            ctypes.c_uint64(clocks),
            ctypes.c_void_p(content.ctypes.data),
            ctypes.c_uint64(len(content)),
            ctypes.c_void_p(heard.ctypes.data),
            ctypes.c_void_p(spoken.ctypes.data),
            ctypes.c_void_p(got.ctypes.data),
            ctypes.byref(sent),
        )
        assert sent.value == len(content)
        frames, part = [], bytearray()
        for value in got[:count].tolist():
            if value < 256:
                part.append(value)
            else:
                frames.append((bytes(part), value == 257))
                part = bytearray()
        assert not part
        return line.received(spoken, self.clocks_per_bit), frames


@pytest.fixture(params=[4, 5, 25])
def loop(request: pytest.FixtureRequest) -> Loop:
    return Loop(request.param)


def some(seed: int) -> list[bytes]:
    """Contents of 1 to 300 bytes, full of flags and escapes, and all byte values."""
    chance = random.Random(seed)
    found = [bytes(range(256)), b"\x7e", b"\x7d", b"\0"]
    for size in (1, 2, 5, 5, 40, 300):
        found.append(bytes(chance.choice((0x7E, 0x7D, chance.randrange(256))) for _ in range(size)))
    return found


@pytest.mark.parametrize("idle", [0, 99])
def test_frames_go_out(loop: Loop, idle: int) -> None:
    contents = some(1)
    data, _ = loop.run(contents, np.ones(1, dtype=np.uint8), idle)
    assert data == b"".join(line.frame(content) for content in contents)


def test_crc_that_needs_escapes(loop: Loop) -> None:
    """Contents whose CRC has a flag or an escape in each place."""
    found: dict[tuple[int, int], bytes] = {}
    for n in range(5000):
        content = n.to_bytes(2, "little")
        for place, byte in enumerate(zlib.crc32(content).to_bytes(4, "little")):
            if byte in (line.FLAG, line.ESCAPE):
                found[place, byte] = content
    assert len(found) == 8
    contents = list(found.values())
    data, _ = loop.run(contents, np.ones(1, dtype=np.uint8))
    assert data == b"".join(map(line.frame, contents))


@pytest.mark.parametrize("error", [-0.02, 0.0, 0.02])
def test_frames_come_in(loop: Loop, error: float) -> None:
    contents = some(2)
    levels = line.levels(b"".join(map(line.frame, contents)), loop.clocks_per_bit * (1 + error))
    _, frames = loop.run([], levels)
    assert frames == [(content + zlib.crc32(content).to_bytes(4, "little"), True) for content in contents]


def test_every_flip_of_a_bit_is_found(loop: Loop) -> None:
    """One bit of a frame, then two: never good with another content."""
    content = b"R\x05\x01\x00\x7e\x7d\x00\xff"
    raw = line.frame(content)
    chance = random.Random(3)
    places = [(bit,) for bit in range(8, 8 * (len(raw) - 1))]
    places += [tuple(chance.sample(range(8, 8 * (len(raw) - 1)), 2)) for _ in range(200)]
    changed = []
    for bits in places:
        data = bytearray(raw)
        for bit in bits:
            data[bit // 8] ^= 1 << bit % 8
        changed.append(bytes(data))
    _, frames = loop.run([], line.levels(b"".join(changed), loop.clocks_per_bit))
    good = [whole for whole, right in frames if right]
    wanted = [c for c in line.contents(b"".join(changed)) if c is not None]
    assert [whole[:-4] for whole in good] == wanted and set(wanted) <= {content}
    assert len(frames) >= len(places)


def test_start_bits_that_are_none_and_stop_bits_that_lack(loop: Loop) -> None:
    clocks = loop.clocks_per_bit
    one, still = line.levels(b"\x55", clocks), np.ones(20 * clocks, dtype=np.uint8)
    glitch = np.zeros(max(1, clocks // 2 - 1), dtype=np.uint8)
    broken = one.copy()
    broken[9 * clocks :] = 0
    good = line.levels(line.frame(b"ab"), clocks)
    parts = [still, glitch, still, good, glitch, still, line.levels(b"\x7e", clocks), broken, still, good, still]
    _, frames = loop.run([], np.concatenate(parts))
    assert [(whole[:-4], right) for whole, right in frames] == [(b"ab", True)] * 2
    held = np.zeros(35 * clocks, dtype=np.uint8)  # a break makes no byte, and is over when the line is high
    _, frames = loop.run([], np.concatenate([good, held, still, good]))
    assert [(whole[:-4], right) for whole, right in frames] == [(b"ab", True)] * 2
