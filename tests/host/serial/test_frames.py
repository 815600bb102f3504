# SPDX-License-Identifier: BSD-3-Clause
"""Frames: what is sent is what arrives, however it is cut; nothing that was damaged counts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.serial.frames import FLAG, Frame, Receiver, decode, encode, longest
from tests.fpga.uart import line

SPECIAL = st.sampled_from([0x7D, 0x7E, 0x5D, 0x5E, 0x00, 0xFF])
BYTES = st.lists(st.one_of(SPECIAL, st.integers(0, 255)), max_size=60).map(bytes)
FRAMES = st.builds(Frame, st.integers(0, 255).map(lambda n: bytes((n,))), st.integers(0, 255), BYTES)


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(0, 400), max_size=6))
def test_frames_arrive_however_the_line_cuts_them(frames: list[Frame], cuts: list[int]) -> None:
    data = b"".join(encode(frame) for frame in frames)
    receiver = Receiver(longest(60))
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    parts = [data[a:b] for a, b in itertools.pairwise(places)]
    assert [frame for part in parts for frame in receiver.feed(part)] == frames


@given(FRAMES)
def test_the_bytes_are_those_of_the_protocol(frame: Frame) -> None:
    data = encode(frame)
    content = frame.kind + bytes((frame.sequence,)) + frame.payload
    assert data == line.frame(content) and len(data) <= longest(len(frame.payload))
    assert FLAG not in data[1:-1]


@given(st.lists(st.one_of(SPECIAL, st.integers(0, 255)), max_size=60).map(bytes))
def test_any_bytes_are_a_frame_or_damage(data: bytes) -> None:
    """And the same as the other reader of the protocol finds."""
    found = list(Receiver(1000).feed(data + FLAG))
    expected = list(line.contents(data + FLAG))
    assert [frame and frame.kind + bytes((frame.sequence,)) + frame.payload for frame in found] == expected


@given(FRAMES, st.data())
def test_a_flipped_or_lost_byte_gives_no_frame(frame: Frame, data: st.DataObject) -> None:
    good = encode(frame)
    place = data.draw(st.integers(1, len(good) - 2), "place")
    flip = data.draw(st.integers(0, 255), "flip")
    changed = bytes((good[place] ^ flip,)) if flip else b""
    bad = good[:place] + changed + good[place + 1 :]
    found = list(Receiver(1000).feed(bad))
    assert found and all(frame is None for frame in found)


def test_a_frame_that_does_not_end_is_not_kept() -> None:
    receiver = Receiver(most=50)
    for _ in range(1000):
        assert list(receiver.feed(b"noise" * 100)) == []
    assert len(receiver._body) <= 51
    assert list(receiver.feed(encode(Frame(b"x", 3)))) == [None, Frame(b"x", 3)]


@pytest.mark.parametrize("body", [b"", b"x", bytes(5), b"\x7d", b"\x7d\x5dx\x7d"])
def test_what_is_too_short_or_wrongly_escaped(body: bytes) -> None:
    assert decode(body) is None
