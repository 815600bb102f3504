# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board itself, without the network: files, clock registers, and the fabric's registers and time."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from chain.errors import InputError, ToolError, WrapNetError
from fpga.board import bitstream, designs
from fpga.board.memory import BASE, Memory
from fpga.shell import registers
from fpga.shell.library import Board

NAME = "wrapnet-simulated"
FIRMWARE = "/lib/firmware/"
MANAGER = "/sys/class/fpga_manager/fpga0/"
LARGEST_FILE = 64 << 20

SLCR = 0xF800_0000
# Zynq-7000 clock registers after boot: 50 MHz crystal; ARM, DDR and I/O PLLs at 1300, 1050 and 1000 MHz.
CLOCKS = {
    0x100: 26 << 12,
    0x104: 21 << 12,
    0x108: 20 << 12,
    0x120: 2 << 8,
    0x170: 1 << 20 | 10 << 8,
    0x180: 1 << 20 | 10 << 8,
    0x190: 1 << 20 | 10 << 8,
    0x1A0: 1 << 20 | 10 << 8,
}

_SPACE = 1 << 16  # what a hand-off usually reserves; the registers repeat in it
_REGISTERS = 1 << registers.ADDRESS_BITS
_CONTROLS = (registers.OFFSETS["IN_CONTROL"], registers.OFFSETS["OUT_CONTROL"])
_PROGRESS = tuple(registers.OFFSETS[name] for name in ("IN_BEATS", "IN_WORDS", "OUT_WORDS", "OUT_BEATS"))
_STEP = 50_000
_PATIENCE = 1_000_000


class BadAddress(Exception):
    """Nothing answers at this address."""


class Machine:
    """One board with one fabric. Thread-safe; a running job gives way to other accesses every 50,000 cycles.

    `find` lists the designs that can be loaded. `stall` is the share, in percent, of cycles in which memory pauses.
    """

    def __init__(self, find: Callable[[], list[designs.BuiltDesign]], stall: int = 0, seed: int = 1):
        self.memory = Memory()
        self._find = find
        self._stall, self._seed = stall, seed
        self._files: dict[str, bytes] = {MANAGER + "flags": b"0\n"}
        self._clocks = dict(CLOCKS)
        self._fabric: Board | None = None
        self._design: designs.BuiltDesign | None = None
        self._started: set[int] = set()
        self._lock = threading.Lock()
        self._files_lock = threading.Lock()
        self._closed = False

    def exists(self, path: str) -> bool:
        """Whether a file can be read. Never one of /lib/firmware: pynq would not send the bitstream again."""
        return not path.startswith(FIRMWARE) and self.read_file(path) is not None

    def read_file(self, path: str) -> bytes | None:
        """A file's content, or None if the board has no such file."""
        if path == "/proc/version":
            return b"Linux version 6.1 (armv7l) simulated by WrapNet\n"
        if path == "/proc/device-tree/chosen/pynq_board":
            return NAME.encode() + b"\0"
        if path == MANAGER + "state":
            return b"operating\n" if self._fabric else b"unknown\n"
        with self._files_lock:
            return self._files.get(path)

    def write_file(self, path: str, content: bytes) -> None:
        """Take a firmware file or the FPGA manager's flags; its `firmware` file loads a bitstream.

        Raises InputError for any other path and for bitstreams that are not this board's.
        """
        if path == MANAGER + "firmware":
            name = content.decode(errors="replace").strip()
            with self._files_lock:
                sent = self._files.pop(FIRMWARE + name, None)
            if sent is None:
                raise InputError(f"{name!r} is to be loaded, and was not sent before")
            self._load(sent)
        elif path == MANAGER + "flags" or path.startswith(FIRMWARE):
            with self._files_lock:
                waiting = [known for known in self._files if known.startswith(FIRMWARE) and known != path]
                if len(waiting) >= 4:  # sent and never loaded
                    del self._files[waiting[0]]
                self._files[path] = content
        else:
            raise InputError(f"{path}: the simulated board has no such file to write")

    def check_address(self, base: int, length: int) -> None:
        """Raise BadAddress unless [base, base + length) lies in the clock registers or the fabric's registers."""
        self._at(base)
        self._at(base + max(length, 4) - 4)

    def read_word(self, address: int) -> int:
        """One 32-bit register. Reading a DMA's control lets a job that was left go on for 50,000 cycles."""
        kind, offset = self._at(address)
        if kind == "clock":
            return self._clocks.get(offset, 0)
        with self._lock:
            fabric = self._loaded()
            if offset in _CONTROLS and self._started and fabric.run(_STEP) == 0:
                self._started.clear()
            return fabric.read(offset)

    def write_word(self, address: int, value: int, client: Callable[[], bool] = lambda: True) -> None:
        """One 32-bit register. The start of the second DMA runs the job, to its end if it does not stop before."""
        kind, offset = self._at(address)
        if kind == "clock":
            self._clocks[offset] = value
            return
        with self._lock:
            self._loaded().write(offset, value)
            if offset in _CONTROLS and value & registers.START:
                self._started.add(offset)
            elif offset == registers.OFFSETS["RESET"]:
                self._started.clear()
        if len(self._started) == len(_CONTROLS):
            self._advance(client)

    def close(self) -> None:
        """End the simulation; a job that runs is given up, and left alone if it does not end within two seconds."""
        self._closed = True
        if self._lock.acquire(timeout=2):
            try:
                if self._fabric:
                    self._fabric.close()
                self._fabric = None
            finally:
                self._lock.release()

    @property
    def model(self) -> str | None:
        """The loaded design's model."""
        return self._design.model if self._design else None

    def _load(self, payload: bytes) -> None:
        design = designs.by_hash(self._find(), bitstream.design_hash(payload))
        with self._lock:
            try:
                fabric = Board(design.library, design.rtl, self.memory.ddr, BASE)
            except (OSError, AttributeError) as error:
                raise ToolError(f"{error}: build it again (make shell MODEL={design.model})") from None
            fabric.set_limit(0)  # jobs are stepped here, so that one can be left in its middle
            if self._stall:
                fabric.set_stall(self._seed, self._stall)
            if self._fabric:
                self._fabric.close()
            self._fabric, self._design = fabric, design
            self._started.clear()

    def _advance(self, client: Callable[[], bool]) -> None:
        """Run the job until it ends, the client goes, or nothing moves for a million cycles."""
        quiet, before = 0, None
        while client() and not self._closed:
            with self._lock:
                fabric = self._loaded()
                if not self._started:
                    return
                took = fabric.run(_STEP)
                if took == 0:  # both DMAs are idle
                    self._started.clear()
                    return
                now = [fabric.read(offset) for offset in _PROGRESS]
            quiet, before = (quiet + took if now == before else 0), now
            if quiet >= _PATIENCE:
                return
            time.sleep(0.001)  # long enough for others to get the lock

    def _at(self, address: int) -> tuple[str, int]:
        if SLCR <= address < SLCR + 0x1000:
            return "clock", address - SLCR
        base = self._design.base if self._design else None
        if base is not None and base <= address < base + _SPACE:
            return "fabric", (address - base) % _REGISTERS
        there = f"the fabric's registers (0x{base:08x})" if base is not None else "no fabric: no bitstream is loaded"
        raise BadAddress(f"nothing at address 0x{address:08x}: clock registers (0x{SLCR:08x}), {there}")

    def _loaded(self) -> Board:
        if self._fabric is None:
            raise BadAddress("no bitstream is loaded")
        return self._fabric


def default_finder(build: Path, model: str | None) -> Callable[[], list[designs.BuiltDesign]]:
    """Look into the build folder at each load, so that a design built later is found too."""

    def find() -> list[designs.BuiltDesign]:
        try:
            return designs.find(build, model)
        except WrapNetError:
            return []

    return find
