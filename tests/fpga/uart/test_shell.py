# SPDX-License-Identifier: BSD-3-Clause
"""The serial bridge at its pins, against docs/serial.md."""

import os
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.fpga.uart import line
from tests.fpga.uart.bench import CLOCK_KHZ, CLOCKS_PER_BIT, DESIGN_HASH, Bench, replies
from tests.fpga.uart.line import frame, run

SIZES = [(1, 64, 1, 10), (3, 5, 2, 3), (2, 1, 10, 1)]  # bytes and words of an image, bytes and words of a result
SMALL = SIZES[1]
SEED = int(os.environ.get("SEED", "1"))
NEVER_TAKEN, NEVER_ANSWERED = 0xA5, 0x5A  # first byte of images at which moody.sv hangs


@pytest.fixture(params=SIZES, ids=str)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, request.param)


@pytest.fixture
def small(tmp_path: Path) -> Bench:
    return Bench(tmp_path, SMALL)


@pytest.fixture
def moody(tmp_path: Path) -> Bench:
    return Bench(tmp_path, SMALL, "moody", SEED)


def u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def image_of(bench: Bench, seed: int) -> bytes:
    """Random, and never one that moody.sv hangs at; flags and escapes are frequent."""
    chance = random.Random(seed)
    data = bytes(chance.choice((0x7D, 0x7E, 0x5D, 0x5E, chance.randrange(256))) for _ in range(bench.image_bytes))
    return bytes([chance.choice((0x7E, 0x7D, 1))]) + data[1:]


def works(bench: Bench, sequence: int = 200) -> None:
    """The next image gets its own result."""
    image = image_of(bench, sequence)
    (reply,) = bench.ask(run(sequence, image))
    assert reply is not None and reply[:2] == b"r" + bytes([sequence]) and reply[10:] == bench.right(image)


def test_identify(bench: Bench) -> None:
    sizes = u32(bench.image_bytes) + u32(bench.result_bytes)
    assert bench.ask(b"I\x2a") == [b"i\x2aWRAP\x01\x02" + u32(DESIGN_HASH) + u32(CLOCK_KHZ) + sizes]


def test_an_image_gives_its_result_and_its_cycles(bench: Bench) -> None:
    image = bytes(range(0x70, 0x70 + bench.image_bytes))
    for repeat in (1, 2, 5, 258):
        one = bench.design.input.words_per_frame + bench.design.output.words_per_frame
        assert bench.ask(run(7, image, repeat)) == [b"r\x07" + u32(one) + u32(one * repeat) + bench.right(image)]


def test_many_images_in_order(bench: Bench) -> None:
    """As a driver sends them: a new one as soon as there is a reply, two on their way."""
    images = [image_of(bench, n) for n in range(8)]
    data = bench.send(frame(run(0, images[0])) + frame(run(1, images[1])))
    for n in range(2, 8):
        while sum(r is not None for r in replies(data[: data.rfind(line.FLAG) + 1])) < n - 1:
            data += bench.run(CLOCKS_PER_BIT * 10)
        data += bench.send(frame(run(n, images[n])))
    got = replies(data + bench.settle())
    assert [(r[0], r[1], r[10:]) for r in got if r] == [(ord("r"), n, bench.right(images[n])) for n in range(8)]


def test_what_cannot_be_done_is_told(small: Bench) -> None:
    image = image_of(small, 1)
    for content, code in (
        (b"Q\x01", 3),
        (b"r\x01", 3),
        (b"I\x01x", 2),
        (b"X\x01" + bytes(300), 2),
        (run(1, image[:-1]), 2),
        (run(1, image + b"\0"), 2),
        (run(1, image + bytes(1000)), 2),
        (b"R\x01", 2),
        (run(1, image, 0), 6),
    ):
        assert small.ask(content) == [b"e\x01" + bytes([code])], content
        assert small.lights[-1] == 2, "busy is off, error on"
    works(small)
    assert small.lights[-1] == 0


def test_damaged_frames(small: Bench) -> None:
    good = frame(run(1, image_of(small, 1)))
    for raw in (
        b"\x7e\x00\x7e",
        b"\x7e" + bytes(5) + b"\x7e",
        good[:-1] + b"\x7d\x7e",  # an escape before the flag
        b"\x7e\x7d\x7e",
        *(good[:n] + bytes([good[n] ^ 1]) + good[n + 1 :] for n in (1, 2, 3, 8, len(good) - 2)),
    ):
        assert len([c for c in line.contents(raw) if c is None]) == 1
        assert replies(small.send(raw) + small.settle()) == [b"e\0\x01"], raw.hex()
    works(small)
    assert small.send(b"\x7e" * 20) + small.settle() == b""  # empty frames are none
    # An escaped byte need not be one of the two; a flag may be shared.
    content = b"I\x33"
    plain = frame(content)[1:-1]
    escaped = b"".join(bytes([0x7D, byte ^ 0x20]) for byte in line.unstuffed(plain))
    got = replies(small.send(b"\x7e" + escaped + b"\x7e" + plain + b"\x7e") + small.settle())
    assert [r[:2] for r in got if r] == [b"i\x33"] * 2


def test_slots(small: Bench) -> None:
    """Two images may wait; a third is refused. Other requests are answered while a job runs."""
    images = [image_of(small, n) for n in range(4)]
    sent = frame(run(1, images[1], 5000)) + frame(run(2, images[2])) + frame(run(3, images[3])) + frame(b"I\x04")
    got = replies(small.send(sent) + small.run(60_000) + small.settle())
    assert [r[:2] for r in got if r] == [b"e\x03", b"i\x04", b"r\x01", b"r\x02"]
    assert got[0] == b"e\x03\x04"
    assert got[2] and got[2][10:] == small.right(images[1]) and got[3] and got[3][10:] == small.right(images[2])


def test_reset_takes_back_what_is_not_answered(small: Bench) -> None:
    for wait in (0, 1, 7, 300, 2000, 5000):
        image = image_of(small, wait)
        data = small.send(frame(run(1, image, 60_000)) + frame(run(2, image)))
        assert small.run(wait + 1) == b"" and small.lights[-1] == 1
        assert replies(data + small.send(frame(b"X\x05")) + small.settle()) == [b"x\x05"]
        works(small)


def test_reset_while_a_reply_is_sent(small: Bench) -> None:
    """It is sent to its end; what has not begun is taken back."""
    image = image_of(small, 1)
    for wait in range(0, 3000, 230):
        data = small.send(frame(run(1, image)))
        data += small.run(wait) + small.send(frame(b"X\x05") + frame(run(2, image))) + small.settle()
        got = replies(data)
        assert got[-2] == b"x\x05" and got[-1] and got[-1][:2] == b"r\x02" and got[-1][10:] == small.right(image)
        assert [r and (r[:2], r[10:]) for r in got[:-2]] in ([], [(b"r\x01", small.right(image))])


def test_reset_while_a_result_waits_for_another_reply(small: Bench) -> None:
    """The job ends while an identity is being sent: no result comes after the reset's reply."""
    image = image_of(small, 1)
    for wait in range(0, 3000, 150):
        data = small.send(frame(run(1, image, 300)) + frame(b"I\x04")) + small.run(wait)
        got = replies(data + small.send(frame(b"X\x05") + frame(run(2, image))) + small.settle())
        after = got[[r and r[:1] for r in got].index(b"x") :]
        assert [r and r[:2] for r in after] == [b"x\x05", b"r\x02"], wait


def test_an_accelerator_that_hangs(moody: Bench) -> None:
    for first in (NEVER_TAKEN, NEVER_ANSWERED):
        stuck, image = bytes([first]) + image_of(moody, 1)[1:], image_of(moody, 2)
        got = replies(moody.send(frame(run(8, stuck, 3)) + frame(run(9, image))) + moody.settle())
        assert got[0] == b"e\x08\x05"
        assert got[1] and got[1][:2] == b"r\x09" and got[1][10:] == moody.right(image)
        works(moody)


def test_pauses_of_the_accelerator(moody: Bench) -> None:
    for n in range(12):
        image = image_of(moody, n)
        (reply,) = moody.ask(run(n, image, n + 1))
        assert reply and reply[:2] == b"r" + bytes([n]) and reply[10:] == moody.right(image)
        first, last = (int.from_bytes(reply[i : i + 4], "little") for i in (2, 6))
        assert last == first if n == 0 else last > first


def test_an_accelerator_that_answers_before_it_has_seen_all(tmp_path: Path) -> None:
    """The next image waits, and is not begun before this one's last word has been taken."""
    eager = Bench(tmp_path, (3, 40, 2, 3), "eager")
    images = [bytes([n]) * eager.image_bytes for n in range(1, 9)]
    for n in range(0, 8, 2):
        data = eager.send(frame(run(n, images[n], 100)) + frame(run(n + 1, images[n + 1])))
        got = replies(data + eager.settle())
        assert [r and (r[:2], r[10:]) for r in got] == [(b"r" + bytes([k]), images[k][:6]) for k in (n, n + 1)]


@pytest.mark.parametrize("error", [-0.03, -0.02, 0.02, 0.03])
def test_a_clock_that_is_off(small: Bench, error: float) -> None:
    image = image_of(small, 3)
    data = small.send(frame(run(1, image)) * 3, error=error) + small.settle()
    assert {r and r[10:] for r in replies(data)} == {small.right(image)}


def test_the_pin_reset_at_any_moment(small: Bench) -> None:
    chance = random.Random(SEED)
    for _ in range(12):
        small.send(frame(run(1, image_of(small, 1), chance.choice((1, 2000)))))
        small.run(chance.randrange(2500))
        half = line.levels(frame(run(2, image_of(small, 2))), CLOCKS_PER_BIT)
        small.drive(half[: chance.randrange(len(half))])
        small.reset()
        small.run(10 * CLOCKS_PER_BIT)
        small.send(bytes([line.FLAG]))  # ends what the reset cut in two
        small.settle()
        works(small)


def requests(bench: Bench, count: int, chance: random.Random) -> list[bytes]:
    """Contents of frames of every kind, right and wrong; the sequence number is the index."""
    found = []
    for n in range(count):
        image = image_of(bench, chance.getrandbits(30))
        found.append(
            chance.choice(
                [
                    *[run(n, image, chance.choice((1, 1, 2, 40)))] * 6,
                    run(n, bytes([chance.choice((NEVER_TAKEN, NEVER_ANSWERED))]) + image[1:]),
                    run(n, image, 0),
                    run(n, image[: chance.randrange(len(image))]),
                    run(n, image + bytes(chance.randrange(1, 40))),
                    b"I" + bytes([n]),
                    b"X" + bytes([n]),
                    bytes([chance.randrange(256), n]) + image[: chance.randrange(9)],
                ]
            )
        )
    return found


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """A byte dropped, changed or put in, sometimes several; never the last, which is a flag."""
    data = bytearray(raw[:-1])
    for _ in range(chance.choice((0, 0, 1, 1, 3))):
        at = chance.randrange(len(data))
        kind = chance.randrange(3)
        if kind == 0 and len(data) > 1:
            del data[at]
        elif kind == 1:
            data[at] ^= 1 << chance.randrange(8)
        else:
            data.insert(at, chance.choice((0x7E, 0x7D, chance.randrange(256))))
    return bytes(data) + raw[-1:]


def allowed(content: bytes | None, bench: Bench) -> list[tuple[bytes, bytes]]:
    """What may answer a frame: kind and sequence number, and what follows the cycles in 'r', all of it else."""
    if content is None:
        return [(b"e\0", b"\x01")]
    kind, sequence = content[:1], content[1:2]
    refused = b"e" + sequence
    if kind == b"I":
        return [(b"i" + sequence, b"")] if len(content) == 2 else [(refused, b"\x02")]
    if kind == b"X":
        return [(b"x" + sequence, b"")] if len(content) == 2 else [(refused, b"\x02")]
    if kind != b"R":
        return [(refused, b"\x03")]
    if len(content) != 4 + bench.image_bytes:
        return [(refused, b"\x02")]
    if content[2:4] == b"\0\0":
        return [(refused, b"\x06")]
    if content[4] in (NEVER_TAKEN, NEVER_ANSWERED):
        return [(refused, b"\x04"), (refused, b"\x05")]
    return [(refused, b"\x04"), (b"r" + sequence, bench.right(content[4:]))]


def seen(reply: bytes | None) -> tuple[bytes, bytes]:
    assert reply is not None, "a reply that is damaged"
    return reply[:2], {ord("r"): reply[10:], ord("i"): b""}.get(reply[0], reply[2:])


@pytest.mark.parametrize("part", range(3))
def test_every_frame_is_answered_once(moody: Bench, part: int) -> None:
    """Random requests, damaged at random, one after the other: nothing is lost, nothing is another's."""
    chance = random.Random(1000 * SEED + part)
    for content in requests(moody, 240, chance):
        raw = damaged(frame(content), chance)
        got = [seen(reply) for reply in replies(moody.send(raw) + moody.settle())]
        wanted = [allowed(c, moody) for c in line.contents(raw)]
        again = f"{raw.hex()}; repeat with SEED={SEED}"
        assert len(got) == len(wanted) and all(g in w for g, w in zip(sorted(got), sorted(wanted), strict=True)), again
        assert not any(g[1] == b"\x04" and g[0][:1] == b"e" for g in got), "there was a slot"
    works(moody)


@pytest.mark.parametrize("part", range(3))
def test_without_a_pause(moody: Bench, part: int) -> None:
    """The same faster than it can be answered: every R that is accepted is still answered once, unless reset."""
    chance = random.Random(5000 * SEED + part)
    contents = [c for c in requests(moody, 240, chance) if c[:1] != b"X"]
    raws = [damaged(frame(content), chance) for content in contents]
    data = b"".join(moody.send(raw, gap=chance.choice((0, 0, 0, 3))) for raw in raws) + moody.settle()
    got = Counter(seen(reply) for reply in replies(data))
    frames = [allowed(content, moody) for content in line.contents(b"".join(raws))]
    most = Counter(answer for answers in frames for answer in set(answers))
    assert not got - most, f"SEED={SEED}"
    by_number = Counter(answer[0][1:] for answer in got.elements())
    assert all(by_number[bytes([n])] <= 1 for n in range(1, 240)), f"SEED={SEED}"
    assert got.total() > 40 and any(answer[0][:1] == b"r" for answer in got)
    works(moody)


@pytest.mark.parametrize("part", range(3))
def test_noise_on_the_line(moody: Bench, part: int) -> None:
    """Levels flipped for a moment, breaks: what is answered is right, and the next image works."""
    chance = random.Random(9000 * SEED + part)
    images = {n: image_of(moody, chance.getrandbits(30)) for n in range(1, 200)}
    data = b""
    for n, image in images.items():
        levels = line.levels(frame(run(n, image)), CLOCKS_PER_BIT)
        for _ in range(chance.choice((0, 1, 1, 4))):
            at, size = chance.randrange(len(levels)), chance.choice((1, 2, 3, 8, 30, 200))
            levels[at : at + size] = chance.choice((0, 1))
        data += moody.drive(np.concatenate([levels, np.ones(chance.randrange(3000), dtype=np.uint8)]))
    got = [seen(reply) for reply in replies(data + moody.settle())]
    results = [answer for answer in got if answer[0][:1] == b"r"]
    assert all(answer == (b"r" + answer[0][1:], moody.right(images[answer[0][1]])) for answer in results)
    assert 10 < len(results) == len({answer[0] for answer in results})
    moody.send(bytes([line.FLAG]))  # ends what was cut off
    moody.settle()
    works(moody)


def test_a_line_that_is_held_low(small: Bench) -> None:
    """A break, or a host without power: no byte, so no frame."""
    assert small.drive(np.zeros(20_000, dtype=np.uint8)) + small.settle() == b""
    works(small)
