# SPDX-License-Identifier: BSD-3-Clause
"""The driver against a board in Python: results, errors of the line, and what it says of boards that are not right."""

import itertools
import logging
import random
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from host import errors
from host.serial.link import LinkErrors
from host.serial.overlay import SerialOverlay
from tests.fpga.uart import line
from tests.host.serial import device as devices
from tests.host.serial.device import Device, answers, images

QUICK = 0.5  # seconds


def check(overlay: SerialOverlay, count: int = 20, seed: int = 9) -> None:
    given = images(count, seed)
    np.testing.assert_array_equal(overlay.run(given), answers(given))


def test_results_and_labels(device: Device, path: Path) -> None:
    given = images(300)
    with SerialOverlay(path, device.name) as overlay:
        got = overlay.run(given)
        np.testing.assert_array_equal(got, answers(given))
        assert got.dtype == np.int32
        np.testing.assert_array_equal(overlay.run(given, labels=True), answers(given).argmax(axis=1))
        np.testing.assert_array_equal(overlay.run(given[:1, ..., 0]), answers(given[:1]))
        assert overlay.link_errors == LinkErrors()
        assert overlay.simulated and overlay.power().watts is None
    assert device.runs() == [image.tobytes() for image in [*given, *given, given[0]]]


def test_every_number_is_fresh_and_none_is_zero(device: Device, path: Path) -> None:
    with SerialOverlay(path, device.name) as overlay:
        overlay.run(images(600))
    numbers = [content[1] for content in device.asked if content]
    assert all(later == earlier % 255 + 1 for earlier, later in itertools.pairwise(numbers)) and 255 in numbers


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_as_many_images_on_their_way_as_the_board_has_buffers(device: Device, path: Path, slots: int) -> None:
    device.identity = device.says(slots=slots)
    held: list[bytes | None] = []

    def reply(content: bytes | None) -> bytes:
        """Images are answered when no more come, so that the most on their way are seen."""
        if not content or content[:1] != b"R":
            return device.answer(content)
        held.append(content)
        if len(held) < slots:
            return b""
        return b"".join(device.answer(held.pop(0)) for _ in range(len(held)))

    device.reply = reply
    with SerialOverlay(path, device.name, timeout=QUICK) as overlay:
        check(overlay, 5 * slots)
        assert overlay.link_errors == LinkErrors()


def test_throughput_keeps_the_parts_apart(device: Device, path: Path) -> None:
    with SerialOverlay(path, device.name) as overlay:
        speed = overlay.throughput(10)
        outputs, again = overlay.run_timed(images(1))
        np.testing.assert_array_equal(outputs, answers(images(1)))
        with pytest.raises(errors.RangeError, match="expected at least 2"):
            overlay.throughput(1)
    assert (speed.images, speed.clock_mhz, speed.simulated) == (10, 48.0, True)
    assert (speed.fill_cycles, speed.interval_cycles, speed.cycles) == (devices.FIRST, devices.INTERVAL, 10 * 250)
    assert again.interval_cycles == devices.INTERVAL  # the board repeats even a single image
    least = 10 * (2 + 2 + 2 + 6 + 4)  # flags, kind and number, repeat, image, CRC
    assert least <= speed.sent <= least + 40
    assert speed.line_seconds == max(speed.sent, speed.received) * 10 / devices.BAUD
    text = str(speed)
    assert "480,000 images a second" in text and "simulated" in text
    assert f"{speed.sent:,} bytes out" in text and "at 3,000,000 baud" in text and "line errors  none" in text
    assert [struct.unpack_from("<H", content, 2)[0] for content in device.asked if content and content[:1] == b"R"] == [
        *([16] + [1] * 9),
        16,
    ]


def noise(seed: int, rate: float, kind: str) -> Callable[[bytes], bytes]:
    """A line that drops, flips or adds bytes."""
    chance = random.Random(seed)

    def hurt(data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if chance.random() >= rate:
                out.append(byte)
            elif kind == "flip":
                out.append(byte ^ 1 << chance.randrange(8))
            elif kind == "add":
                out += bytes((byte, chance.randrange(256)))
        return bytes(out)

    return hurt


@pytest.mark.parametrize("way", ["to the board", "to the host", "both"])
@pytest.mark.parametrize("kind", ["drop", "flip", "add"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_line_that_damages_loses_and_mixes_up_nothing(
    device: Device, path: Path, way: str, kind: str, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    with SerialOverlay(path, device.name, timeout=QUICK, retries=20) as overlay:
        if way != "to the host":
            device.hurt = noise(seed, 0.01, kind)
        if way != "to the board":
            device.damage = noise(seed + 100, 0.01, kind)
        given = images(200, seed)
        with caplog.at_level(logging.WARNING):
            np.testing.assert_array_equal(overlay.run(given), answers(given))
        seen = overlay.link_errors
        device.hurt = device.damage = bytes
        check(overlay)
        assert overlay.link_errors.lost == seen.lost
    assert seen.repeated >= 10 and seen.lost >= 10
    assert seen.damaged_requests >= 1 if way == "to the board" else seen.damaged_replies >= 1
    assert f"errors on the line, mended by repeating: {seen.repeated:,} repeated" in caplog.text
    assert set(device.runs()) >= {image.tobytes() for image in given}  # nothing but what was sent entered


def one_time(device: Device, place: int, what: Callable[[bytes], bytes]) -> None:
    """Let `what` happen to the reply to image `place` of the next call, the first time."""
    count = itertools.count()

    def reply(content: bytes | None) -> bytes:
        back = device.answer(content)
        return what(back) if content and content[:1] == b"R" and next(count) == place else back

    device.reply = reply


@pytest.mark.parametrize("place", [0, 7, 19])
def test_without_repetition_the_error_surfaces_and_the_next_call_works(device: Device, path: Path, place: int) -> None:
    with SerialOverlay(path, device.name, timeout=QUICK, retries=0) as overlay:
        one_time(device, place, lambda back: b"")
        with pytest.raises(errors.LinkError, match=rf"image {place} was not answered: 1 attempt \(") as caught:
            overlay.run(images(20))
        assert caught.value.image == place
        assert overlay.link_errors.repeated == 0 and overlay.link_errors.lost == 1
        check(overlay)


def test_a_silent_board(device: Device, path: Path) -> None:
    with SerialOverlay(path, device.name, timeout=QUICK, retries=2) as overlay:
        device.reply = lambda content: b""
        begin = time.monotonic()
        with pytest.raises(errors.LinkError) as caught:
            overlay.run(images(5))
        assert time.monotonic() - begin < 10
        text = str(caught.value)
        assert "was not answered" in text and "Meanwhile 0 bytes came" in text and "Is the board on" in text
        device.reply = device.answer
        check(overlay)


def test_a_board_that_falls_silent_in_the_middle(device: Device, path: Path) -> None:
    with SerialOverlay(path, device.name, timeout=QUICK, retries=2) as overlay:
        heard = itertools.count()
        device.reply = lambda content: device.answer(content) if next(heard) < 8 else b""
        with pytest.raises(errors.LinkError, match=r"image 7 was not answered: 3 attempts") as caught:
            overlay.run(images(20))
        assert caught.value.image == 7
        device.reply = device.answer
        check(overlay)


def test_late_replies_are_nobodys(device: Device, path: Path) -> None:
    """A reply is held back until its request was given up; then it comes, with another image's result in it."""
    held: list[bytes] = []

    def reply(content: bytes | None) -> bytes:
        if content and content[:1] == b"R":
            held.append(content)
            if len(held) == 3:
                return b""
            if len(held) == 6:
                return device.answer(held[2]) + device.answer(content)
        return device.answer(content)

    device.reply = reply
    given = images(20)
    with SerialOverlay(path, device.name, timeout=QUICK) as overlay:
        np.testing.assert_array_equal(overlay.run(given), answers(given))
        assert (overlay.link_errors.late, overlay.link_errors.repeated) == (1, 1)


def test_replies_to_any_number_do_not_keep_the_host_waiting(device: Device, path: Path) -> None:
    with SerialOverlay(path, device.name, timeout=QUICK, retries=1) as overlay:
        device.reply = lambda content: line.frame(b"r" + bytes(1) + bytes(12)) * 50
        begin = time.monotonic()
        with pytest.raises(errors.LinkError, match="late"):
            overlay.run(images(3))
        assert time.monotonic() - begin < 10
        device.reply = device.answer
        check(overlay)


def test_images_that_meet_no_free_buffer(device: Device, path: Path) -> None:
    """They are sent again once another was answered, or after a while."""
    count = itertools.count()

    def reply(content: bytes | None) -> bytes:
        if content and content[:1] == b"R" and next(count) % 3 == 2:
            return line.frame(b"e" + content[1:2] + b"\4")
        return device.answer(content)

    device.reply = reply
    given = images(12)
    with SerialOverlay(path, device.name, timeout=8 * QUICK) as overlay:  # a tenth of it, once one was refused
        np.testing.assert_array_equal(overlay.run(given), answers(given))
        assert overlay.link_errors.refused == overlay.link_errors.repeated == 5


@pytest.mark.parametrize(
    "code, error, says",
    [
        (5, errors.StallError, "image 2: the accelerator did not finish in time"),
        (2, errors.DeviceError, "image 2: the request has another length .* runs another design"),
        (3, errors.DeviceError, "image 2: the design does not know this kind"),
        (99, errors.DeviceError, "image 2: the board refused it, code 99"),
    ],
)
def test_what_no_repetition_mends(device: Device, path: Path, code: int, error: type[Exception], says: str) -> None:
    with SerialOverlay(path, device.name, timeout=QUICK) as overlay:
        one_time(device, 2, lambda back: line.frame(b"e" + next(line.contents(back))[1:2] + bytes((code,))))  # type: ignore[index]
        with pytest.raises(error, match=says) as caught:
            overlay.run(images(9))
        if isinstance(caught.value, errors.StallError):
            assert caught.value.stage == "accelerator"
        check(overlay)


def test_an_answer_of_another_length(device: Device, path: Path) -> None:
    with SerialOverlay(path, device.name, timeout=QUICK) as overlay:
        one_time(device, 1, lambda back: line.frame(next(line.contents(back)) + b"!"))  # type: ignore[operator]
        with pytest.raises(errors.DeviceError, match="image 1: the answer has 13 bytes, expected 12"):
            overlay.run(images(3))
        check(overlay)


def test_an_interrupted_call_leaves_the_overlay_usable(
    device: Device, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = images(40)
    with SerialOverlay(path, device.name, timeout=QUICK) as overlay:
        count = itertools.count()

        def reply(content: bytes | None) -> bytes:
            if content and content[:1] == b"R" and next(count) == 11:
                monkeypatch.setattr(overlay._port, "read", interrupt)
            return device.answer(content)

        def interrupt(seconds: float) -> bytes:
            raise KeyboardInterrupt

        device.reply = reply
        with pytest.raises(KeyboardInterrupt):
            overlay.run(given)
        monkeypatch.undo()
        check(overlay)
    resets = [content for content in device.asked if content and content[:1] == b"X"]
    assert len(resets) == 2  # on opening, and before the call after the interrupted one


@pytest.mark.parametrize(
    "identity, says",
    [
        ({"version": 2}, "version 2 of the serial protocol, this driver version 1"),
        ({"number": 0x12345678}, r"0x12345678, the metadata of 'toy' describes 0x7e7d5e5d"),
        ({"image": 7}, "images of 7 bytes, .* describes 6"),
        ({"result": 10}, "results of 10 bytes, .* describes 4"),
        ({"khz": 50_000}, "clock is 50 MHz, the design was built for 48 MHz"),
    ],
)
def test_another_design(device: Device, path: Path, identity: dict[str, int], says: str) -> None:
    device.identity = device.says(**identity)
    with pytest.raises(errors.MismatchError, match=says):
        SerialOverlay(path, device.name, timeout=QUICK)
    device.identity = device.says()
    with SerialOverlay(path, device.name, timeout=QUICK) as overlay:  # the port was given back
        device.identity = device.says(**identity)
        with pytest.raises(errors.MismatchError, match=says):  # loaded meanwhile
            overlay.run(images(1))


@pytest.mark.parametrize("identity", [b"WARP" + bytes(18), b"WRAP\1"])
def test_what_is_no_board_of_ours(device: Device, path: Path, identity: bytes) -> None:
    device.identity = identity
    with pytest.raises(errors.DeviceError, match="load the bitstream again"):
        SerialOverlay(path, device.name, timeout=QUICK)


def test_nothing_answers(device: Device, path: Path) -> None:
    device.reply = lambda content: b""
    with pytest.raises(
        errors.LinkError, match=r"the reset was not answered: 4 attempts .* at 3,000,000 baud"
    ) as caught:
        SerialOverlay(path, device.name, timeout=0.1)
    assert caught.value.image is None


def test_what_an_earlier_program_left(device: Device, path: Path) -> None:
    """Half a frame at the board, and replies to requests of nobody: neither is taken, neither counts."""
    leftover = [line.frame(b"r\1" + bytes(12)), line.frame(b"e\0\1")]
    device.reply = lambda content: (leftover.pop() if leftover else b"") + device.answer(content)
    with SerialOverlay(path, device.name, timeout=QUICK) as overlay:
        assert overlay.link_errors == LinkErrors()
        check(overlay)


def test_bad_images_do_not_reach_the_board(device: Device, path: Path) -> None:
    with SerialOverlay(path, device.name) as overlay:
        before = len(device.asked)
        for wrong, error in (
            (images(2).astype(np.int32), errors.DtypeError),
            (images(2)[:, :1], errors.ShapeError),
            (images(2)[:0], errors.EmptyError),
        ):
            with pytest.raises(error):
                overlay.run(wrong)
        assert len(device.asked) == before
        check(overlay)


def test_unplugged_in_the_middle(device: Device, path: Path) -> None:
    count = itertools.count()

    def reply(content: bytes | None) -> bytes:
        if content and content[:1] == b"R" and next(count) == 30:
            raise SystemExit  # the thread ends; unplug closes the port
        return device.answer(content)

    device.reply = reply
    with SerialOverlay(path, device.name, timeout=30) as overlay:
        threading.Timer(0.3, device.unplug).start()
        begin = time.monotonic()
        for _ in range(2):  # and it stays so
            with pytest.raises(errors.DeviceError, match=rf"{device.name} is gone .* unplugged"):
                overlay.run(images(100))
        assert time.monotonic() - begin < 20  # no time-out had to pass


def test_a_stream_of_images_and_batches(device: Device, path: Path) -> None:
    given = images(50)
    labels = answers(given).argmax(axis=1)
    with SerialOverlay(path, device.name) as overlay:
        assert list(overlay.stream(iter(given), batch=8)) == labels.tolist()
        got = list(overlay.stream([given[:3], given[3], given[4:]], labels=False, batch=8))
        assert [part.shape for part in got] == [(3, 4), (4,), (46, 4)]
        np.testing.assert_array_equal(np.vstack(got), answers(given))
        stream = overlay.stream(itertools.cycle(given), batch=8)
        assert next(stream) == labels[0]
        check(overlay)  # between two batches the line is free
        assert list(itertools.islice(stream, 49)) == labels[1:].tolist()
        with pytest.raises(errors.RangeError, match="0 images a batch"):
            overlay.stream(given, batch=0)


def test_a_stream_whose_source_or_line_fails(device: Device, path: Path) -> None:
    given = images(20)
    labels = answers(given).argmax(axis=1)
    with SerialOverlay(path, device.name, timeout=QUICK, retries=0) as overlay:
        got = []
        with pytest.raises(errors.DtypeError, match="item 20 of the source: images are int16"):
            for label in overlay.stream([*given, given[0].astype(np.int16)], batch=8):
                got.append(label)
        assert got == labels.tolist()
        one_time(device, 11, lambda back: b"")
        got = []
        with pytest.raises(errors.LinkError):
            for label in overlay.stream(given, batch=8):
                got.append(label)
        assert got == labels[:8].tolist()
        check(overlay)


def test_batches_of_a_call(device: Device, path: Path) -> None:
    given = images(20)
    with SerialOverlay(path, device.name) as overlay:
        parts = list(overlay.run_batches(given, 8))
        assert [speed.images for _, speed in parts] == [8, 8, 4]
        np.testing.assert_array_equal(np.concatenate([outputs for outputs, _ in parts]), answers(given))
        for batch in (0, -1):
            with pytest.raises(errors.RangeError, match=f"{batch} images a batch, expected at least 1"):
                overlay.run_batches(given, batch)


def test_options_that_make_no_sense(device: Device, path: Path) -> None:
    with pytest.raises(errors.RangeError, match="timeout is 0"):
        SerialOverlay(path, device.name, timeout=0)
    with pytest.raises(errors.RangeError, match="retries is -1"):
        SerialOverlay(path, device.name, retries=-1)


def test_self_test(device: Device, path: Path) -> None:
    given = images(20)
    golden = path.with_suffix(".golden.npz")
    with SerialOverlay(path, device.name) as overlay:
        with pytest.raises(errors.MissingFileError, match="golden vectors are missing"):
            overlay.self_test()
        np.savez(golden, images=given, outputs=answers(given))
        assert overlay.self_test() == 20
        wrong = answers(given)
        wrong[3, 2] += 1
        np.savez(golden, images=given, outputs=wrong)
        with pytest.raises(errors.SelfTestError, match="1 of 20 golden images differ; first image 3, output 2"):
            overlay.self_test()
        for other in (wrong[:, :3], wrong[:, 0]):
            np.savez(golden, images=given, outputs=other)
            with pytest.raises(errors.MismatchError, match=r"toy\.golden\.npz: outputs have shape .* gives \[N, 4\]"):
                overlay.self_test()


def test_an_accelerator_that_chooses_the_label(device: Device, tmp_path: Path) -> None:
    stream = {"shape": [1], "bits": 8, "signed": False, "elements_per_word": 1, "word_bytes": 1, "words_per_frame": 1}
    path = devices.write(tmp_path, output=stream, labels=True)
    device.identity = device.says(result=1)
    device.reply = lambda content: (
        line.frame(b"r" + content[1:2] + bytes(8) + bytes((content[4] % 4,)))
        if content and content[:1] == b"R"
        else device.answer(content)
    )
    given = images(9, 2)
    with SerialOverlay(path, device.name) as overlay:
        assert overlay.run(given, labels=True).tolist() == (given[:, 0, 0, 0] % 4).tolist()
        assert overlay.run(given).shape == (9, 1)
