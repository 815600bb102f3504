# SPDX-License-Identifier: BSD-3-Clause
"""Streams, silence and fleets on simulated boards, in pynq's environment; test_board.py runs this file.

By hand: PYTHONPATH=. .venv/pynq/bin/python tests/fpga/board/fleet_suite.py FOLDER [TestCase.test ...], with a folder as
conftest.py makes it.
"""

import contextlib
import io
import itertools
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import grpc
import numpy as np
import pynq
from pynq.remote import remote_device_pb2_grpc

from fpga.board.evaluate import simulated_board
from host import commands, errors, metadata
from host.fleet import Fleet
from host.overlay import WrapNetOverlay, connect, reach

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(sys.argv.pop(1)) if __name__ == "__main__" else Path()


def bit(model: str = "first") -> Path:
    return BUILD / model / "board" / f"{model}.bit"


def reference(count: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`count` images and their outputs, those of the reference file again and again."""
    with np.load(BUILD / "first" / "reference.npz") as content:
        chosen = np.arange(start, start + count) % len(content["images"])
        return content["images"][chosen], content["outputs"][chosen]


class Server:
    """A simulated board in a process of its own, which can be killed or stopped."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "fpga.board", "--build", str(BUILD), "--port", "0", "--until-stdin-closes"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def address(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().removeprefix("listening on ").strip()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)


@contextlib.contextmanager
def servers(count: int) -> Iterator[dict[str, Server]]:
    """So many boards, by address; they start at the same time."""
    started = [Server() for _ in range(count)]
    try:
        yield {server.address(): server for server in started}
    finally:
        for server in started:
            server.end()


class Streams(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.address = cls.enterClassContext(simulated_board(BUILD))
        cls.device = connect(cls.address)

    def setUp(self) -> None:
        self.board = WrapNetOverlay(bit(), device=self.device, timeout=2)

    def check(self) -> None:
        images, outputs = reference(20)
        np.testing.assert_array_equal(self.board.run(images), outputs)
        self.assertEqual([thread for thread in threading.enumerate() if thread.name.startswith("watch")], [])

    def test_thousands_of_images_in_two_pairs_of_buffers(self) -> None:
        images, outputs = reference(3000)
        taken, lives, most = 0, set(), 0

        def allocate(size: int, real: Any = self.board._allocate) -> Any:
            nonlocal taken, most
            buffer = real(size)
            taken += 1
            lives.add(buffer.buffer_id)
            most = max(most, len(lives))
            free = buffer.freebuffer
            buffer.freebuffer = lambda: (lives.discard(buffer.buffer_id), free())
            return buffer

        with patch.object(self.board._accelerator, "_allocate", allocate):
            cuts = np.cumsum(np.random.default_rng(5).integers(1, 60, 200))
            got = np.concatenate(list(self.board.stream(np.split(images, cuts[cuts < 3000]), labels=False, batch=90)))
            np.testing.assert_array_equal(got, outputs)
            labels = list(self.board.stream(iter(images[:500]), batch=90))
        self.assertEqual(labels, outputs[:500].argmax(axis=1).tolist())
        self.assertEqual((taken, most, len(lives)), (8, 4, 0))
        np.testing.assert_array_equal(np.array(labels), self.board.run(images[:500], labels=True))

    def test_while_it_streams_the_overlay_is_in_use(self) -> None:
        images, outputs = reference(30)
        stream = self.board.stream(images, batch=4)
        self.check()  # nothing has begun yet
        self.assertEqual(next(stream), outputs[0].argmax())
        other = self.board.stream(images)
        for use in (lambda: self.board.run(images), lambda: next(other)):
            with self.assertRaisesRegex(errors.BusyError, "in the middle of a stream"):
                use()
        self.assertEqual(list(stream), outputs[1:].argmax(axis=1).tolist())
        self.check()

    def test_a_caller_that_stops_early(self) -> None:
        images, outputs = reference(3000)
        for label in self.board.stream(itertools.cycle(images), batch=7):
            self.assertEqual(label, outputs[0].argmax())
            break
        self.check()
        stream = self.board.stream(itertools.cycle(images), batch=7)
        next(stream)
        stream.close()
        self.check()

    def test_a_source_that_raises(self) -> None:
        images, outputs = reference(40)

        def source() -> Iterator[np.ndarray]:
            yield from images
            raise OSError("the camera is gone")

        for last, error, says in (
            (source(), OSError, "the camera is gone"),
            ([*images, images[0].astype(np.int16)], errors.DtypeError, "item 40 of the source: images are int16"),
        ):
            got = []
            with self.assertRaisesRegex(error, says) as caught:
                for label in self.board.stream(last, batch=16):
                    got.append(label)
            self.assertNotIsInstance(caught.exception, errors.DeviceError)
            self.assertEqual(got, outputs.argmax(axis=1).tolist())
            self.check()

    def test_stalls_and_bus_errors_are_raised_as_run_does(self) -> None:
        images, outputs = reference(250)
        for frames, error, says in (
            (101, errors.StallError, "the input DMA stopped"),
            (103, errors.StallError, "the output DMA stopped"),
            (104, errors.BusError, "reading the images"),
            (105, errors.DeviceError, "104 frames of 105"),
        ):
            got = []
            with self.assertRaisesRegex(error, says):  # in its last job, which is the only one of so many images
                for part in self.board.stream([images[:110], images[: 2 * 110 + frames - 220]], False, batch=110):
                    got.append(part)
            np.testing.assert_array_equal(got, [outputs[:110]])
            self.check()

    def test_a_batch_must_hold_an_image(self) -> None:
        with self.assertRaisesRegex(errors.RangeError, "0 images a batch"):
            self.board.stream([], batch=0)


class Silence(unittest.TestCase):
    """A board that is stopped in the middle: connections stay, answers do not come."""

    def test_a_run_and_a_stream_end_with_an_error(self) -> None:
        images, _ = reference(20)
        for use in (
            lambda board: [board.run(images) for _ in range(10_000)],
            lambda board: list(board.stream(itertools.cycle(images))),
        ):
            with servers(1) as boards:
                ((address, server),) = boards.items()
                device = connect(address)
                board = WrapNetOverlay(bit(), device=device, timeout=5)
                threading.Timer(0.3, server.stop).start()
                begin = time.monotonic()
                with self.assertRaisesRegex(errors.DeviceError, "did not answer any more .* it had 5 s"):
                    use(board)
                self.assertLess(time.monotonic() - begin, 40)
                with self.assertRaisesRegex(errors.DeviceError, "did not answer any more .* connect and load"):
                    board.run(images)
                with self.assertRaisesRegex(errors.DeviceError, "did not answer any more .* connect and load"):
                    WrapNetOverlay(bit(), device=device)

    def test_connecting_to_a_server_that_says_nothing(self) -> None:
        over = threading.Event()

        class Mute(remote_device_pb2_grpc.RemoteDeviceServicer):
            def existsfile(self, request: Any, context: Any) -> Any:
                over.wait(20)

        server = grpc.server(ThreadPoolExecutor(1))
        remote_device_pb2_grpc.add_RemoteDeviceServicer_to_server(Mute(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with patch("host.overlay._CONNECT_SECONDS", 0.3), self.assertRaisesRegex(errors.DeviceError, "Deadline"):
            connect(f"127.0.0.1:{port}")
        over.set()
        server.stop(0)


class Fleets(unittest.TestCase):
    def test_one_board_is_killed_and_one_hangs(self) -> None:
        images, outputs = reference(2000)
        with servers(4) as boards:
            fleet = Fleet(bit(), list(boards), timeout=5)
            self.assertEqual((fleet.boards, fleet.lost, fleet.simulated), (tuple(boards), {}, True))
            np.testing.assert_array_equal(fleet.run(images[:100], batch=9), outputs[:100])
            dead, hung, *well = boards

            def source() -> Iterator[np.ndarray]:
                for start in range(0, 2000, 20):
                    if start == 400:
                        boards[dead].process.kill()
                    if start == 800:
                        boards[hung].stop()
                    yield images[start : start + 20]

            got = list(fleet.stream(source(), labels=False, batch=20))
            self.assertEqual(len(got), 100)
            np.testing.assert_array_equal(np.concatenate(got), outputs)
            self.assertEqual(fleet.boards, tuple(well))
            self.assertEqual(set(fleet.lost), {dead, hung})
            self.assertRegex(fleet.lost[dead], r"at images \d+ to \d+")
            self.assertRegex(fleet.lost[hung], "did not answer any more .* it had 5 s")

            # The rest goes on, until nobody is left; then the error says how far it came.
            np.testing.assert_array_equal(fleet.run(images, labels=True), outputs.argmax(axis=1))
            done = 0
            with self.assertRaises(errors.FleetError) as caught:
                for got in fleet.stream(itertools.cycle(images), labels=False, batch=10):
                    np.testing.assert_array_equal(got, outputs[done % 2000])
                    done += 1
                    if done in (50, 100):
                        boards[well[done // 50 - 1]].process.kill()
            self.assertEqual(caught.exception.images, done)
            self.assertGreaterEqual(done, 100)
            self.assertEqual(set(caught.exception.lost), set(boards))
            for address in boards:
                self.assertIn(f"\n  {address}: ", str(caught.exception))
            with self.assertRaisesRegex(errors.FleetError, "no board of the fleet is left, after the results of 0"):
                fleet.run(images)

    def test_a_board_that_is_not_there_at_the_start(self) -> None:
        images, outputs = reference(30)
        np.save(BUILD / "images.npy", images)
        with socket.socket() as free, servers(2) as boards:
            free.bind(("127.0.0.1", 0))
            absent = f"127.0.0.1:{free.getsockname()[1]}"
            with patch("sys.stdout") as out, patch("sys.stderr") as err:
                options = [text for address in (absent, *boards) for text in ("--device", address)]
                self.assertEqual(commands.main(["classify", str(bit()), str(BUILD / "images.npy"), *options]), 0)
            said = "".join(call.args[0] for call in out.write.call_args_list)
            labels = outputs.argmax(axis=1)
            self.assertEqual(said, "".join(f"{i}\t{label}\tclass {label}\n" for i, label in enumerate(labels)))
            self.assertIn(f"lost {absent}: ", "".join(call.args[0] for call in err.write.call_args_list))

            with patch("sys.stdout") as out:
                record = BUILD / "fleet.json"
                options = [text for address in boards for text in ("--device", address)]
                options += ["--images", str(BUILD / "first" / "reference.npz"), "--batch", "7", "--out", str(record)]
                self.assertEqual(commands.main(["evaluate", str(bit()), *options]), 0)
            said = "".join(call.args[0] for call in out.write.call_args_list)
            self.assertIn("120 images: 120 correct, 0 differ from torch (simulated board)", said)
            self.assertIn('"interval": 100.0', record.read_text())
            with patch("sys.stderr") as err:
                self.assertEqual(commands.main(["bench", str(bit()), *options[:4]]), 2)
            self.assertIn("2 devices, expected one", "".join(call.args[0] for call in err.write.call_args_list))
        with self.assertRaisesRegex(errors.FleetError, f"no board of the fleet is left.*\n  {absent}: "):
            Fleet(bit(), [absent])

    def test_addresses_and_files_are_checked_first(self) -> None:
        for devices, error, says in (
            ([], errors.RangeError, "at least one"),
            ("127.0.0.1", errors.RangeError, "expected a list"),
            (["127.0.0.1", "127.0.0.1:7967"], errors.RangeError, "each board once"),
            (["127.0.0.1", "here:there"], errors.DeviceError, "expected host"),
        ):
            with self.assertRaisesRegex(error, says):
                Fleet(bit(), devices)
        with self.assertRaises(errors.MissingFileError):
            Fleet(BUILD / "nothing.bit", ["127.0.0.1"])

    def test_what_the_documentation_shows(self) -> None:
        text = (ROOT / "docs" / "board.md").read_text(encoding="utf-8")
        example = text.partition("## Without a pause")[2].partition("```python\n")[2].partition("```")[0]
        images, outputs = reference(9)
        with servers(2) as boards, contextlib.redirect_stdout(io.StringIO()) as out:
            first, second = boards
            names = {"digits.bit": str(bit()), "pynq:7967": first, "pynq-a:7967": first, "pynq-b:7967": second}
            for old, new in names.items():
                self.assertIn(f'"{old}"', example)
                example = example.replace(f'"{old}"', repr(new))
            values = {"images": images}
            exec(example, values)
        labels = outputs.argmax(axis=1)
        self.assertEqual(out.getvalue(), "".join(f"{label}\n" for label in [*labels, {}]))
        np.testing.assert_array_equal(values["labels"], labels)

    def test_reaching_a_board_does_not_make_it_the_active_one(self) -> None:
        with servers(2) as boards:
            first, second = boards
            device = connect(first)
            other = reach(second)
            self.assertIs(pynq.Device.active_device, device)
            WrapNetOverlay(bit(), device=other)  # pynq's clocks and port widths are the active device's
            self.assertIs(pynq.Device.active_device, other)
            self.assertIs(pynq.Clocks.device, other)


class MadeUp:
    """Answers with each image's first pixel, after `seconds`; fails on the images whose first pixel is `poison`."""

    simulated = True

    def __init__(self, seconds: float = 0, poison: int | None = None) -> None:
        self.seconds, self.poison = seconds, poison
        self.done: list[int] = []

    def run_timed(self, images: np.ndarray) -> tuple[np.ndarray, Any]:
        time.sleep(self.seconds)
        firsts = images[:, 0, 0, 0].astype(np.int32)
        if self.poison in firsts:
            raise errors.StallError("stopped", "accelerator", {})
        self.done += firsts.tolist()
        return firsts[:, None], SimpleNamespace()


class Sharing(unittest.TestCase):
    """How batches are shared out, with boards that are made up."""

    def fleet(self, **boards: MadeUp) -> Fleet:
        fleet = Fleet.__new__(Fleet)
        fleet.metadata = SimpleNamespace(input=self.metadata.input, output=self.metadata.output, predictions=np.ravel)
        fleet.lost, fleet._boards = {}, dict(boards)
        return fleet

    def setUp(self) -> None:
        self.metadata = metadata.load(bit())
        self.images = np.zeros((200, 3, 5, 2), np.uint8)
        self.images[:, 0, 0, 0] = np.arange(200)

    def test_fast_boards_do_more_and_order_is_kept(self) -> None:
        fast, slow = MadeUp(0.001), MadeUp(0.3)
        np.testing.assert_array_equal(self.fleet(fast=fast, slow=slow).run(self.images, batch=4)[:, 0], np.arange(200))
        self.assertGreater(len(fast.done), 2 * len(slow.done))
        self.assertEqual(sorted(fast.done + slow.done), list(range(200)))  # none twice, none lost

    def test_a_source_is_not_emptied_ahead_of_a_slow_caller(self) -> None:
        pulled = 0

        def source() -> Iterator[np.ndarray]:
            nonlocal pulled
            for image in self.images:
                pulled += 1
                yield image

        for used, label in enumerate(self.fleet(a=MadeUp(), b=MadeUp(0.01)).stream(source(), batch=2)):
            self.assertEqual(label, used)
            self.assertLessEqual(pulled - used, 2 * 4 * 2 + 2)
        self.assertEqual(used, 199)

    def test_images_that_no_board_survives(self) -> None:
        boards = {name: MadeUp(0.001, poison=150) for name in "abc"}
        fleet = self.fleet(**boards)
        with self.assertRaisesRegex(errors.FleetError, r"150 images:\n  .: stopped \(at images 150 to 159\)") as caught:
            fleet.run(self.images, batch=10)
        self.assertEqual((caught.exception.images, set(caught.exception.lost)), (150, set("abc")))

    def test_a_caller_that_stops_early_waits_for_what_is_under_way(self) -> None:
        board = MadeUp(0.02)
        stream = self.fleet(a=board).stream(itertools.cycle(self.images), batch=5)
        self.assertEqual(next(stream), 0)
        stream.close()
        done = len(board.done)
        time.sleep(0.1)
        self.assertEqual(len(board.done), done)

    def test_a_source_that_raises(self) -> None:
        def source() -> Iterator[np.ndarray]:
            yield from self.images[:13]
            raise OSError("the camera is gone")

        got = []
        with self.assertRaisesRegex(OSError, "the camera is gone"):
            for label in self.fleet(a=MadeUp(), b=MadeUp()).stream(source(), batch=4):
                got.append(label)
        self.assertEqual(got, list(range(13)))


if __name__ == "__main__":
    signal.alarm(300)
    print(f"pynq {pynq.__version__}", flush=True)
    unittest.main(verbosity=2, warnings="ignore")  # pynq's own
