# SPDX-License-Identifier: BSD-3-Clause
"""uart_shell round a stand-in accelerator in Verilator, seen at its pins."""

import contextlib
import ctypes
from pathlib import Path

import numpy as np

from fpga import verilate
from fpga.uart import build
from tests.fpga.shell import standin
from tests.fpga.uart import line

HERE = Path(__file__).parent
CACHE = HERE.parents[2] / "build" / "verilator"
CLOCKS_PER_BIT = 8
WATCHDOG = 600
DESIGN_HASH = 0x7E7D_CAFE  # flag and escape in it
CLOCK_KHZ = 32_126  # 0x7D7E


class Bench:
    """One simulation. `send` puts bytes on the line, `run` lets time pass; both give the bytes that came meanwhile.

    A byte that is on its way when they end comes with the next call. `stand` names what stands for the accelerator:
    "standin" (tests/fpga/shell), "moody" or "eager" (this folder).
    """

    def __init__(self, folder: Path, sizes: tuple[int, int, int, int], stand: str = "standin", seed: int = 1) -> None:
        self.design = standin.write(folder, *sizes)
        self.image_bytes, self.result_bytes = self.design.input.bytes_per_frame, self.design.output.bytes_per_frame
        sources = [*build.sources(), folder / "accelerator.sv"]
        if stand != "standin":
            inner = folder / "standin.sv"
            text = (folder / "accelerator.sv").read_text(encoding="utf-8")
            inner.write_text(text.replace("module accelerator", "module standin"), encoding="utf-8")
            sources = [*build.sources(), inner, HERE / f"{stand}.sv"]
        names = ("IN_BYTES", "IN_WORDS", "OUT_BYTES", "OUT_WORDS")
        parameters = build.parameters(self.design, f"{DESIGN_HASH:064x}", 48.0, 6_000_000)
        parameters |= {"WatchdogCycles": WATCHDOG, "ClockKhz": CLOCK_KHZ}
        spec = verilate.Build(
            top=build.TOP,
            sources=sources,
            harness=[HERE / "uart_bench.cpp"],
            parameters=parameters,
            defines=dict(zip(names, map(str, sizes), strict=True)),
            cflags=("-O1",),
            warnings=False,
        )
        self._library = ctypes.CDLL(str(verilate.build(spec, CACHE, f"uart-{stand}")))
        self._library.uart_open.restype = ctypes.c_void_p
        with contextlib.chdir(folder):  # where its memory file lies
            self._handle = ctypes.c_void_p(self._library.uart_open(ctypes.c_uint32(seed)))
            self._rest = np.ones(0, dtype=np.uint8)
            self.lights = np.zeros(0, dtype=np.uint8)
            self.reset()

    def __del__(self) -> None:
        self._library.uart_close(self._handle)

    def reset(self, clocks: int = 3) -> None:
        """Hold the reset for so many clocks; what was being sent is lost."""
        self._clock(np.ones(clocks, dtype=np.uint8), 0)
        self._rest = np.ones(0, dtype=np.uint8)

    def drive(self, levels: line.Levels) -> bytes:
        """These levels on the line, one a clock."""
        out = self._clock(levels, 1)
        self.lights = out >> 1
        sent = np.concatenate([self._rest, out & 1])
        # Cut where no byte is on its way.
        whole = len(sent) - _unfinished(sent)
        self._rest = sent[whole:]
        return line.received(sent[:whole], CLOCKS_PER_BIT)

    def send(self, data: bytes, gap: int = 0, error: float = 0.0) -> bytes:
        """Bytes on the line with `gap` bits between them, and bits that are too long by the share `error`."""
        return self.drive(line.levels(data, CLOCKS_PER_BIT * (1 + error), gap)) if data else b""

    def run(self, clocks: int) -> bytes:
        """A line that is still."""
        return self.drive(np.ones(clocks, dtype=np.uint8))

    def ask(self, content: bytes) -> list[bytes | None]:
        """A frame, and the contents of the replies until all is quiet."""
        return replies(self.send(line.frame(content)) + self.settle())

    def settle(self) -> bytes:
        """Until no job runs, and nothing has come for longer than the watchdog's time."""
        data = b""
        while True:
            more = self.run(2 * WATCHDOG + 400)
            data += more
            if not more and not self._rest.size and not self.lights[-1] & 1:
                return data

    def right(self, image: bytes) -> bytes:
        """The result that belongs to an image."""
        return standin.answer(np.frombuffer(image, dtype=np.uint8)[None], self.design).tobytes()

    def _clock(self, levels: line.Levels, reset_n: int) -> line.Levels:
        given = np.ascontiguousarray(levels, dtype=np.uint8)
        out = np.zeros_like(given)
        pointers = (ctypes.c_void_p(array.ctypes.data) for array in (given, out))
        self._library.uart_run(self._handle, ctypes.c_uint64(len(given)), ctypes.c_uint32(reset_n), *pointers)
        return out


def replies(data: bytes) -> list[bytes | None]:
    """The contents of whole frames."""
    assert not data or data[-1] == line.FLAG, f"the last frame is not whole: {data.hex()}"
    return list(line.contents(data))


def _unfinished(sent: line.Levels) -> int:
    """Clocks of the byte at the end of `sent` that is not yet whole."""
    at, size = 0, 10 * CLOCKS_PER_BIT
    while True:
        low = np.flatnonzero(sent[at:] == 0)
        if not low.size:
            return 0
        at += int(low[0])
        if at + size > len(sent):
            return len(sent) - at
        at += size
