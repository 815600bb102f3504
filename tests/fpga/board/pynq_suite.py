# SPDX-License-Identifier: BSD-3-Clause
"""The driver on the simulated board, in pynq's environment; test_board.py runs this file and gives it the build folder.

By hand: PYTHONPATH=. .venv/pynq/bin/python tests/fpga/board/pynq_suite.py FOLDER [TestCase.test ...], with a folder as
conftest.py makes it.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import unittest
import unittest.mock
from pathlib import Path

import grpc
import numpy as np
import pynq
from pynq.remote import buffer_pb2, remote_device_pb2

from fpga.board import connections, memory
from fpga.board.evaluate import simulated_board
from host import bench, errors, locks, overlay
from host.overlay import WrapNetOverlay, connect

BUILD = Path(sys.argv.pop(1)) if __name__ == "__main__" else Path()


def bit(model: str) -> Path:
    return BUILD / model / "board" / f"{model}.bit"


def reference(model: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(BUILD / model / "reference.npz") as content:
        return content["images"], content["outputs"]


class OnBoard(unittest.TestCase):
    """One server for all tests of a class; every test has its own overlay."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.address = cls.enterClassContext(simulated_board(BUILD))
        cls.port = int(cls.address.rpartition(":")[2])
        cls.device = connect(cls.address)

    def overlay(self, model: str = "first", **options: float) -> WrapNetOverlay:
        return WrapNetOverlay(bit(model), device=self.device, **options)

    def check(self, board: WrapNetOverlay, model: str = "first", count: int = 20) -> None:
        images, outputs = reference(model)
        np.testing.assert_array_equal(board.run(images[:count]), outputs[:count])


class Driver(OnBoard):
    def test_results(self) -> None:
        board = self.overlay()
        images, outputs = reference("first")
        got = board.run(images)
        self.assertEqual(got.dtype, np.int32)
        self.assertNotIsInstance(got, pynq.buffer.PynqBuffer)
        np.testing.assert_array_equal(got, outputs)
        np.testing.assert_array_equal(board.run(images, labels=True), outputs.argmax(axis=1))

    def test_the_hundredth_call_gives_what_the_first_gave(self) -> None:
        board = self.overlay()
        images, outputs = reference("first")
        for call in range(100):
            count = 1 + call % 7
            np.testing.assert_array_equal(board.run(images[call : call + count]), outputs[call : call + count])

    def test_throughput_keeps_the_parts_apart(self) -> None:
        board = self.overlay()
        for batch in (16, reference("first")[0][:16]):
            speed = board.throughput(batch)
            self.assertEqual((speed.images, speed.simulated, speed.clock_mhz), (16, True, 62.5))
            self.assertEqual((speed.fill_cycles, speed.interval_cycles, speed.cycles), (250, 100.0, 1770))
            self.assertAlmostEqual(speed.fps, 625000)
            self.assertAlmostEqual(speed.fabric_seconds, 1770 / 62.5e6)
            self.assertAlmostEqual(speed.batch_fps, 16 / speed.fabric_seconds)
            self.assertAlmostEqual(speed.fill_seconds, 4e-6)
            self.assertGreater(min(speed.pack_seconds, speed.transfer_seconds, speed.unpack_seconds), 0)
            self.assertIn("simulated: FPS are cycles divided by the clock, not wall time", str(speed))
        with self.assertRaisesRegex(errors.RangeError, "at least 2"):
            board.throughput(1)
        with self.assertRaisesRegex(errors.RangeError, "at least 2"):
            board.throughput(reference("first")[0][:1])

    def test_power_says_that_there_is_no_sensor(self) -> None:
        power = self.overlay().power()
        self.assertIsNone(power.watts)
        self.assertIn("simulated", str(power))

    def test_bad_images_do_not_reach_the_board(self) -> None:
        board = self.overlay()
        images = reference("first")[0][:2]
        for wrong, error in (
            (images.astype(np.int32), errors.DtypeError),
            (images[:, :2], errors.ShapeError),
            (images[:0], errors.EmptyError),
            (images[0], errors.ShapeError),
        ):
            with self.assertRaises(error):
                board.run(wrong)
        self.check(board)

    def test_stalls_name_the_stage_and_the_board_recovers(self) -> None:
        board = self.overlay(timeout=1)
        images = np.zeros((105, 3, 5, 2), np.uint8)
        for frames, stage in ((101, "input DMA"), (102, "accelerator"), (103, "output DMA")):
            with self.assertRaisesRegex(errors.StallError, f"the {stage} stopped") as caught:
                board.run(images[:frames])
            self.assertEqual(caught.exception.stage, stage)
            self.check(board)
        with self.assertRaisesRegex(errors.BusError, "reading the images"):
            board.run(images[:104])
        with self.assertRaisesRegex(errors.DeviceError, "104 frames of 105"):
            board.run(images[:105])
        self.check(board)

    def test_self_test(self) -> None:
        board = self.overlay("second")
        golden = bit("second").with_suffix(".golden.npz")
        images, outputs = reference("second")
        golden.unlink(missing_ok=True)
        with self.assertRaisesRegex(errors.MissingFileError, "second.golden.npz"):
            board.self_test()
        np.savez(golden, images=images[:5], outputs=outputs[:5])
        self.assertEqual(board.self_test(), 5)
        outputs[3, 1] += 1
        np.savez(golden, images=images[:5], outputs=outputs[:5])
        with self.assertRaisesRegex(errors.SelfTestError, "1 of 5 .* image 3, output 1: expected .*, got"):
            board.self_test()
        golden.write_bytes(b"no archive")
        with self.assertRaises(errors.MetadataError):
            board.self_test()
        golden.unlink()

    def test_another_overlay_loaded_since(self) -> None:
        board = self.overlay("first")
        other = self.overlay("second")
        with self.assertRaisesRegex(errors.MismatchError, "another bitstream was loaded"):
            board.run(reference("first")[0][:1])
        self.check(other, "second")
        self.check(self.overlay("first"))

    def test_mixed_up_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(BUILD / "first" / "board", folder, dirs_exist_ok=True)
            metadata = Path(folder, "first.json")
            text = metadata.read_text()
            for key, value, says in (("clock_mhz", 50, "clock is 62.5 MHz"), ("ip", "shell_9", "expected 'shell_9'")):
                metadata.write_text(json.dumps({**json.loads(text), key: value}))
                with self.assertRaisesRegex(errors.MismatchError, says):
                    WrapNetOverlay(Path(folder, "first.bit"), device=self.device)
            second = json.loads((BUILD / "second" / "board" / "second.json").read_text())
            metadata.write_text(json.dumps(second))
            with self.assertRaisesRegex(errors.MismatchError, "do not belong together"):
                WrapNetOverlay(Path(folder, "first.bit"), device=self.device)
            mixed = {**json.loads(text), "design_hash": second["design_hash"]}
            metadata.write_text(json.dumps(mixed))
            with self.assertRaisesRegex(errors.MismatchError, "the design on the board is"):
                WrapNetOverlay(Path(folder, "first.bit"), device=self.device)

    def test_a_real_board_does_not_get_the_stand_in(self) -> None:
        real = types.SimpleNamespace(name="Pynq-Z2")
        with self.assertRaisesRegex(errors.MismatchError, "stand-in .* Pynq-Z2 is a real one"):
            WrapNetOverlay(bit("first"), device=real)

    def test_a_board_without_memory_is_told_apart_from_one_that_fails(self) -> None:
        board = self.overlay()
        images = np.zeros((200_000, 3, 5, 2), np.uint8)  # 6 MB of 256 MiB
        buffer = pynq.allocate((252 << 20,), np.uint8, target=self.device)
        try:
            with self.assertRaisesRegex(errors.BoardMemoryError, "simulated has no memory for a buffer of 6000000"):
                board.run(images)
            self.check(board)
            found = bench.measure(board, [20, 200_000], 1, 0)
        finally:
            buffer.freebuffer()
        self.assertEqual([row.skipped is None for row in found.batches], [True, False])
        self.assertIn("no memory for a buffer of 6000000", found.batches[1].skipped)

    def test_memory_is_given_back(self) -> None:
        board = self.overlay()
        images = np.zeros((200_000, 3, 5, 2), np.uint8)  # 6 MB; 60 calls are more than the board's memory
        for _ in range(60):
            buffer = pynq.allocate((6 << 20,), np.uint8, target=self.device)
            buffer.freebuffer()
        self.assertEqual(board.run(images).shape, (200_000, 10))


class Server(OnBoard):
    def test_plain_pynq(self) -> None:
        overlay._make_active(self.device)  # left alone, pynq asks the first board of the process
        loaded = pynq.Overlay(str(bit("first")), device=self.device)
        self.assertIn("resize_accel_0", loaded.ip_dict)
        self.assertEqual(loaded.resize_accel_0.mmio.read(0x200) & 0xFFFFFFFF, int.from_bytes(b"WRAP", "little"))
        with pynq.allocate((1000, 3), np.int16, target=self.device) as buffer:
            buffer[:] = np.arange(3000).reshape(1000, 3)
            buffer.flush()
            buffer[:] = 0
            buffer.invalidate()
            np.testing.assert_array_equal(np.asarray(buffer), np.arange(3000).reshape(1000, 3))
            self.assertEqual(buffer.physical_address % 4096, 0)
        with self.assertRaisesRegex(grpc.RpcError, "was freed"):
            buffer.flush()

    def test_a_bitstream_that_is_not_ours(self) -> None:
        board = self.overlay()
        with tempfile.TemporaryDirectory() as folder:
            for name, payload, says in (
                ("other", bytes(range(256)) * 40, "not a WrapNet design"),
                ("unbuilt", b"WRAPNET\0" + hashlib.sha256(b"unbuilt").digest(), "is not in the build folder; there"),
            ):
                data = bit("first").read_bytes()
                header = data[: data.index(b"WRAPNET") - 4]
                path = Path(folder, f"{name}.bit")
                path.write_bytes(header + len(payload).to_bytes(4, "big") + payload)
                shutil.copy(bit("first").with_suffix(".hwh"), path.with_suffix(".hwh"))
                with self.assertRaisesRegex(grpc.RpcError, says):
                    pynq.Overlay(str(path), device=self.device)
        self.check(board)  # what was loaded before is still there

    def test_garbage_on_the_port(self) -> None:
        board = self.overlay()
        for garbage in (
            b"\0" * 5,
            b"GET / HTTP/1.1\r\n\r\n",
            os.urandom(100_000),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff" * 9,
        ):
            # The server may hang up in the middle.
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.sendall(garbage)
        self.check(board)

    def test_requests_that_make_no_sense(self) -> None:
        board = self.overlay()
        stubs = self.device._stub
        for call in (
            lambda: stubs["device"].writefile(iter([])),
            lambda: stubs["device"].writefile(iter([remote_device_pb2.WriteFileRequest(file_path="/etc/passwd")])),
            lambda: list(stubs["device"].readfile(remote_device_pb2.ReadFileRequest(file_path="/etc/passwd"))),
            lambda: stubs["buffer"].allocate(buffer_pb2.AllocateRequest(size=-5)),
            lambda: stubs["buffer"].freebuffer(buffer_pb2.FreeBufferRequest(buffer_id="nonsense")),
            lambda: list(stubs["buffer"].read(buffer_pb2.BufferReadRequest(buffer_id="nonsense"))),
            lambda: pynq.MMIO(0x1000, 4, device=self.device),
            lambda: self.device.write_file("/sys/class/fpga_manager/fpga0/firmware", b"never_sent.bin"),
        ):
            with self.assertRaises(grpc.RpcError) as caught:
                call()
            self.assertNotEqual(caught.exception.code(), grpc.StatusCode.INTERNAL)
            self.assertGreater(len(caught.exception.details()), 10)
        self.assertFalse(self.device.exists_file("/etc/passwd").exists)
        self.check(board)

    def test_writing_past_a_buffer(self) -> None:
        with pynq.allocate((16,), np.uint8, target=self.device) as buffer:
            request = buffer_pb2.BufferWriteRequest(buffer_id=buffer.buffer_id, data=bytes(17))
            with self.assertRaisesRegex(grpc.RpcError, "17 bytes written to a buffer of 16"):
                self.device._stub["buffer"].write(iter([request]))

    def test_a_client_that_vanishes_while_it_sends(self) -> None:
        board = self.overlay()
        script = (
            "import sys, os, threading; from pynq.remote import remote_device_pb2 as pb\n"
            "from host import connect\n"
            f"device = connect({self.address!r}); buffer = device.allocate((1 << 20,), 'u1')\n"
            "def chunks():\n"
            "    yield pb.WriteFileRequest(file_path='/lib/firmware/half.bin', data=bytes(1 << 20))\n"
            "    os._exit(0)\n"
            "device._stub['device'].writefile(chunks())\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
        self.check(board)

    def test_buffers_of_dead_clients_are_taken_back(self) -> None:
        size = 200 << 20  # of 256
        script = (
            f"import os; from host import connect; device = connect({self.address!r})\n"
            f"buffer = device.allocate(({size},), 'u1'); print('got it', flush=True); os._exit(0)\n"
        )
        for _ in range(2):
            done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.stdout, "got it\n", done.stderr)
        buffer = pynq.allocate((size,), np.uint8, target=self.device)
        with self.assertRaisesRegex(grpc.RpcError, "cannot be had"):
            pynq.allocate((size,), np.uint8, target=self.device)
        buffer.freebuffer()

    def test_two_clients_at_once(self) -> None:
        """Another process loads and runs the same design again and again; neither gets the other's results."""
        board = self.overlay()
        script = (
            "import numpy as np; from host import WrapNetOverlay, connect\n"
            f"content = np.load({str(BUILD / 'first' / 'reference.npz')!r})\n"
            "for _ in range(4):\n"
            f"    board = WrapNetOverlay({str(bit('first'))!r}, device=connect({self.address!r}))\n"
            "    for first in range(0, 40, 5):\n"
            "        part = slice(first, first + 5)\n"
            "        assert (board.run(content['images'][part]) == content['outputs'][part]).all()\n"
            "print('all equal')\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as other:
            calls = 0
            while other.poll() is None:
                self.check(board, count=7)
                calls += 1
            assert other.stdout
            self.assertEqual(other.stdout.read(), "all equal\n")
        self.assertGreater(calls, 3)


class ServersEnd(unittest.TestCase):
    def test_nobody_there(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        with self.assertRaisesRegex(errors.DeviceError, f"{address}.*python -m fpga.board"):
            connect(address)
        for nonsense in ("", ":", "127.0.0.1:", "host:port", "host:0", "host:70000"):
            with self.assertRaisesRegex(errors.DeviceError, "expected host"):
                connect(nonsense)

    def test_the_board_goes_away(self) -> None:
        with simulated_board(BUILD, "first") as address:
            board = WrapNetOverlay(bit("first"), device=connect(address))
            board.run(reference("first")[0][:1])
        with self.assertRaises(errors.DeviceError) as caught:
            board.run(reference("first")[0][:1])
        self.assertIn("wrapnet-simulated", str(caught.exception))

    def test_a_new_server_on_the_same_port(self) -> None:
        with simulated_board(BUILD) as address:
            board = WrapNetOverlay(bit("first"), device=connect(address))
            port = int(address.rpartition(":")[2])
        with simulated_board(BUILD, port=port):
            deadline = time.monotonic() + 30
            while True:  # gRPC takes its time to connect again
                with self.assertRaises(errors.DeviceError) as caught:
                    board.run(reference("first")[0][:1])
                if "no bitstream is loaded" in str(caught.exception):
                    break
                self.assertLess(time.monotonic(), deadline, caught.exception)
                time.sleep(0.2)
            board = WrapNetOverlay(bit("first"), device=connect(address))
            board.run(reference("first")[0][:1])

    def test_programs_wait_for_each_other(self) -> None:
        """One program at a time loads (pynq keeps metadata in files that all programs share), and uses one board."""
        cache = Path(pynq.__file__).parent / "pl_server"
        with simulated_board(BUILD, "first") as address, unittest.mock.patch.object(overlay, "_LOCK_SECONDS", 0.1):
            device = connect(address)
            with locks.locked(cache, "the test", 1), self.assertRaisesRegex(errors.BusyError, "pynq's metadata cache"):
                WrapNetOverlay(bit("first"), device=device)
            board = WrapNetOverlay(bit("first"), device=device)
            name = locks.board_lock(address.replace(":", "-"))
            with locks.locked(name, "the test", 1):
                for use in (lambda: board.run(reference("first")[0][:1]), lambda: WrapNetOverlay(bit("first"), device)):
                    with self.assertRaisesRegex(errors.BusyError, "the board .* in use by another program for 0.1 s"):
                        use()
            board.run(reference("first")[0][:1])
            self.assertFalse(name.exists())


class Parts(unittest.TestCase):
    def test_first_fit_and_reuse(self) -> None:
        ddr = memory.Memory(10 * memory.PAGE)
        first, second = ddr.allocate(5000, "a"), ddr.allocate(1, "b")
        self.assertEqual([ddr.get(name, "x").start for name in (first, second)], [0, 2 * memory.PAGE])
        ddr.free(first)
        third = ddr.allocate(2 * memory.PAGE, "a")
        self.assertEqual(ddr.get(third, "a").start, 0)
        with self.assertRaises(memory.OutOfMemory):
            ddr.allocate(8 * memory.PAGE, "a")
        for size in (0, -1):
            with self.assertRaises(memory.OutOfMemory):
                ddr.allocate(size, "a")
        with self.assertRaises(memory.UnknownBuffer):
            ddr.free(first)
        ddr.reclaim(lambda owner: owner == "a")
        self.assertEqual(ddr.buffers, 1)

    def test_peers(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as client:
                peer = f"ipv4:127.0.0.1:{client.getsockname()[1]}"
                self.assertTrue(connections.alive(port)(peer))
                self.assertFalse(connections.alive(port)("ipv4:127.0.0.1:1"))
            self.assertFalse(connections.alive(port)(peer))
        self.assertTrue(connections.alive(port, ("/nonexistent",))(peer))

    def test_the_two_sides_agree_on_names(self) -> None:
        from fpga.board import commands, machine

        self.assertEqual(overlay.SIMULATED, machine.NAME)
        self.assertEqual(overlay.PORT, commands.DEFAULT_PORT)
        self.assertEqual(overlay.PORT, pynq.pl_server.remote_device.PYNQ_PORT)


if __name__ == "__main__":
    signal.alarm(300)
    print(f"pynq {pynq.__version__}", flush=True)
    unittest.main(verbosity=2, warnings="ignore")  # pynq's own
