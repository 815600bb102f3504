# SPDX-License-Identifier: BSD-3-Clause
"""The accelerator as a user sees it: WrapNetOverlay on pynq >= 3.0, on the board or over the network."""

import contextlib
import functools
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pynq
from pynq.pl_server.device import Device

from host import board as boards
from host import metadata as files
from host import packing, sensors
from host.accelerator import Accelerator
from host.board import SIMULATED
from host.driver import Driver
from host.errors import BoardMemoryError, BusyError, DeviceError, HostError, MismatchError, RangeError
from host.job import Results, Timing
from host.locks import board_lock, locked
from host.throughput import Throughput
from host.watch import answering, exists_file

PORT = 7967

_LOCK_SECONDS = 600.0
_CONNECT_SECONDS = 5.0
_LEAST_PATIENCE = 5.0


def connect(address: str = "127.0.0.1") -> Any:
    """The pynq device at "host[:port]" (a board with PYNQ.remote, or the simulated one), made the active device.

    Raises DeviceError if the address makes no sense or nothing answers within 5 s.
    """
    device = reach(address)
    Device.active_device = device
    return device


def reach(address: str) -> Any:
    """What `connect` gives, not made the active device."""
    from pynq.pl_server.remote_device import GrpcChannel, RemoteDevice
    from pynq.remote.remote_device_pb2_grpc import RemoteDeviceStub

    host, port = host_and_port(address)
    with _talking_to(address, "is the board on, or the simulated one started (python -m fpga.board --build DIR)?"):
        # RemoteDevice's own questions have no deadline.
        with contextlib.closing(GrpcChannel(host, port).channel) as channel:
            exists_file(RemoteDeviceStub(channel), _CONNECT_SECONDS)
        return RemoteDevice(0, host, port)


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of "host[:port]". Raises DeviceError."""
    host, colon, port = address.rpartition(":")
    if not colon:
        host, port = address, str(PORT)
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise DeviceError(f"{address!r}: expected host[:port], such as 127.0.0.1:{PORT}")
    return host, int(port)


class WrapNetOverlay(Driver):
    """The accelerator of `bitfile` (.bit; its .hwh and .json lie beside it) on `device`, pynq's active one by default.

    Loads the bitstream. Raises MissingFileError, MetadataError or MismatchError about the files, DeviceError or
    BusyError about the board. `timeout`: seconds without progress after which a run counts as stopped, and (but at
    least 5) without an answer after which a board in the network counts as gone.
    """

    stage = "board"

    def __init__(self, bitfile: str | Path, device: Any = None, timeout: float = 10.0):
        self.bitfile = Path(bitfile).absolute()
        self.golden = self.bitfile.with_suffix(".golden.npz")
        self.metadata = files.load(self.bitfile)
        if not timeout > 0:
            raise RangeError(f"timeout is {timeout}, expected seconds above 0")
        self.timeout = timeout
        self.device = _active_device() if device is None else device
        self._streaming = False
        self.simulated = self._board_name() == SIMULATED
        if self.metadata.simulated and not self.simulated:
            raise MismatchError(
                f"{self.bitfile} is a stand-in that only the simulated board can load, and {self._board_name()} is "
                "a real one: build a bitstream (make bitstream) and copy that"
            )
        with self._exclusive(), _pynq_cache(), self._talking(f"while loading {self.bitfile}"):
            _make_active(self.device)
            self._overlay = pynq.Overlay(str(self.bitfile), device=self.device)
            self.clock_mhz = self._clock()
            shell = self._overlay.ip_dict[self._shell()]
            mmio = pynq.MMIO(shell["phys_addr"], shell["addr_range"], device=self.device)
            self._accelerator = Accelerator(mmio, self.metadata, self._allocate, timeout)
            self._accelerator.identify()

    def results(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        """What `run` gives without `labels`; raises what it raises."""
        return self._run(images)[0]

    def stream(self, source: Iterable[npt.NDArray[np.uint8]], labels: bool = True, batch: int = 256) -> Iterator[Any]:
        """For every item of `source`, in order: its labels, or with `labels=False` its logits, as Driver.stream says.

        While the accelerator works on one job, results of the job before are unpacked and used by the caller, and the
        source is asked for the next job's images, which are packed: all this in the caller's thread, so a source that
        waits (a camera) delays the results that are ready. Nothing is asked of the source more than two jobs ahead.
        Two pairs of buffers are allocated, once.

        Until its end or its close() the overlay and the board are in use, and `run` raises BusyError.
        """
        return super().stream(source, labels, batch)

    def run_timed(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], Throughput]:
        """Like `run`, with the speed of this very call; for a single image its interval and FPS are nan."""
        outputs, timing = self._run(images)
        return outputs, Throughput(
            images=timing.images,
            simulated=self.simulated,
            clock_mhz=self.clock_mhz,
            pack_seconds=timing.pack_seconds,
            transfer_seconds=timing.transfer_seconds,
            unpack_seconds=timing.unpack_seconds,
            cycles=timing.cycles,
            fill_cycles=timing.fill_cycles,
            interval_cycles=timing.interval_cycles,
        )

    def power(self) -> sensors.Power:
        """The board's power now, in watts by rail; says plainly where a board has no sensor."""
        if self.simulated:
            return sensors.SIMULATED
        with self._talking("while reading its sensors"):
            return sensors.measure(self._read_file, self.board.name)

    @functools.cached_property
    def board(self) -> boards.Board:
        """Which board this is, and which image it runs."""
        with self._talking("while reading its files"):
            return boards.describe(self._read_file, self._board_name(), hasattr(self.device, "read_file"))

    def close(self) -> None:
        """Harmless: nothing of the board is held between two calls."""

    def _run(self, images: Any) -> tuple[npt.NDArray[np.int32], Timing]:
        begin = time.perf_counter()
        checked = packing.check_images(images, self.metadata.input)
        checking = time.perf_counter() - begin
        with self._exclusive(), self._talking("while running"):
            outputs, timing = self._accelerator.run(checked)
        return outputs, Timing(**{**timing.__dict__, "pack_seconds": timing.pack_seconds + checking})

    def _outputs(self, batches: Iterable[packing.Bytes], size: int) -> Generator[Results, None, None]:
        with self._exclusive(), self._talking("while streaming"):
            self._streaming = True
            try:
                with contextlib.closing(self._accelerator.jobs(batches, size)) as jobs:
                    for outputs, _ in jobs:
                        yield outputs
            finally:
                self._streaming = False

    def _allocate(self, size: int) -> Any:
        try:
            return pynq.allocate((size,), np.uint8, target=self.device)
        except Exception as error:
            if _lacks_memory(error):
                raise BoardMemoryError(f"{self._board_name()} has no memory for a buffer of {size} bytes") from error
            raise

    def _shell(self) -> str:
        """Name of the shell in the hardware hand-off: the metadata's, or the only block that is not the processor."""
        ps = getattr(self._overlay.parser, "ps_name", None)
        names = [name for name, ip in self._overlay.ip_dict.items() if name != ps and "phys_addr" in ip]
        wanted = self.metadata.ip
        if wanted in names or (wanted is None and len(names) == 1):
            return wanted or names[0]
        raise MismatchError(
            f"{self.bitfile.with_suffix('.hwh')} has the blocks {names}, "
            f"expected {'one' if wanted is None else repr(wanted)}; copy the files of one build"
        )

    def _clock(self) -> float:
        """The clock that the board really set, MHz. Raises MismatchError if it is faster than the design's.

        Slower is no error: the dividers do not reach every frequency.
        """
        clock = float(pynq.Clocks.fclk0_mhz)
        if clock > 1.01 * self.metadata.clock_mhz:
            raise MismatchError(
                f"the board's clock is {clock:g} MHz, the design was built for {self.metadata.clock_mhz:g} MHz; "
                "copy the .hwh of the same build"
            )
        return clock

    def _exclusive(self) -> contextlib.AbstractContextManager[None]:
        if self._streaming:
            raise BusyError("this overlay is in the middle of a stream: take all of its results, or close() it, first")
        address = getattr(self.device, "ip_addr", None)
        name = f"{address}-{self.device.port}" if address else "local"
        return locked(board_lock(name), f"the board ({self._board_name()})", _LOCK_SECONDS)

    @contextlib.contextmanager
    def _talking(self, doing: str) -> Iterator[None]:
        """While the block talks to the board: what pynq raises becomes DeviceError, and so does silence."""
        name = self._board_name()
        with _talking_to(name, doing), answering(self.device, name, max(self.timeout, _LEAST_PATIENCE)):
            yield

    def _board_name(self) -> str:
        return str(getattr(self.device, "name", None) or "the board")

    def _read_file(self, path: str) -> str | None:
        if hasattr(self.device, "read_file"):
            if not self.device.exists_file(path).exists:
                return None
            return bytes(self.device.read_file(path)).decode(errors="replace")
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


def _active_device() -> Any:
    with _talking_to("pynq", "no board found; for one in the network pass device=host.connect('address')"):
        return Device.active_device


@contextlib.contextmanager
def _talking_to(name: str, hint: str) -> Iterator[None]:
    """Turn what pynq and its connection raise into DeviceError; the driver's own errors pass."""
    try:
        yield
    except HostError:
        raise
    except (RuntimeError, OSError) as error:
        raise DeviceError(f"{name}: {error} ({hint})") from error
    except Exception as error:
        # gRPC's errors, without importing gRPC: on a board it need not be installed.
        details = getattr(error, "details", None)
        if not callable(details):
            raise
        raise DeviceError(f"{name}: {details()} ({hint})") from error


def _lacks_memory(error: Exception) -> bool:
    # On the board pynq raises RuntimeError when it cannot allocate; over the network there is gRPC's code for it.
    code = getattr(error, "code", None)
    return isinstance(error, RuntimeError | MemoryError) or (
        callable(code) and getattr(code(), "name", "") == "RESOURCE_EXHAUSTED"
    )


def _pynq_cache() -> contextlib.AbstractContextManager[None]:
    # pynq keeps the last bitstream's metadata in files of its own package, and readers meet half-written ones.
    folder = Path(pynq.__file__).parent / "pl_server"
    return locked(folder, "pynq's metadata cache", _LOCK_SECONDS)


def _make_active(device: Any) -> None:
    # Loading uses parts of pynq that know the active device alone, and its Clocks stays with the first one ever seen.
    Device.active_device = device
    clocks: Any = pynq.Clocks
    if clocks.device is not device and "_real_instance" in vars(clocks):
        del clocks._real_instance
