# SPDX-License-Identifier: BSD-3-Clause
"""Runs inside the simulator (test_axi.py starts it): the shell between cocotbext-axi's memory and register models."""

import logging
import os
import random
from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiRamRead,
    AxiRamWrite,
    AxiReadBus,
    AxiWriteBus,
)

from fpga.shell.registers import (
    DONE,
    IDENTITY,
    IDLE,
    JOB_REFUSED,
    OFFSETS,
    READ_ERROR,
    READY,
    REGISTERS,
    START,
    VERSION,
    WRITE_ERROR,
)
from tests.fpga.shell import standin

SEED = int(os.environ["COCOTB_RANDOM_SEED"])
SIZES = [int(n) for n in os.environ["SHELL_SIZES"].split(",")]
PERIOD_NS = 10
MEMORY = 1 << 16
GUARD = 0xEE


class ReadMemory(AxiRamRead):
    """Answers with an error where `fault` says so."""

    fault = range(0)

    async def _read(self, address: int, length: int) -> bytes:
        if address in self.fault:
            raise ValueError("fault")
        return await super()._read(address, length)


class WriteMemory(AxiRamWrite):
    """Answers with an error where `fault` says so."""

    fault = range(0)

    async def _write(self, address: int, data: bytes) -> None:
        if address in self.fault:
            raise ValueError("fault")
        await super()._write(address, data)


class TB:
    """The bench: clock, reset, memory, register access, jobs."""

    def __init__(self, dut: Any, seed: int = 1) -> None:
        self.dut, self.clock = dut, dut.ap_clk
        self.design = standin.design(SIZES[0], SIZES[1], SIZES[2], SIZES[3])
        self.random = random.Random(seed + 1000 * SEED)
        self.numpy = np.random.default_rng(seed + 1000 * SEED)
        for name in ("m_axi_in", "m_axi_out", "s_axi"):
            logging.getLogger(f"cocotb.{dut._name}.{name}").setLevel(logging.WARNING)
        logging.getLogger("cocotb").setLevel(logging.WARNING)
        Clock(dut.ap_clk, PERIOD_NS, unit="ns").start()
        self.bus = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.ap_clk)
        self.source = ReadMemory(AxiReadBus.from_prefix(dut, "m_axi_in"), dut.ap_clk, size=MEMORY)
        self.target = WriteMemory(AxiWriteBus.from_prefix(dut, "m_axi_out"), dut.ap_clk, mem=self.source.mem)
        self.target.size = MEMORY

    async def reset(self) -> None:
        self.dut.ap_rst_n.value = 0
        await ClockCycles(self.dut.ap_clk, 4)
        self.dut.ap_rst_n.value = 1
        await ClockCycles(self.dut.ap_clk, 24)

    def stall(self, percent: int) -> None:
        """Let every channel of memory and registers pause at random."""

        def pauses() -> Iterator[bool]:
            chance = random.Random(self.random.random())
            while True:
                yield chance.randrange(100) < percent

        channels = (
            self.source.ar_channel,
            self.source.r_channel,
            self.target.aw_channel,
            self.target.w_channel,
            self.target.b_channel,
        )
        for channel in channels:
            if percent:
                channel.set_pause_generator(pauses())
            else:
                channel.clear_pause_generator()
                channel.pause = False

    async def read(self, name: str) -> int:
        return int(await self.bus.read_dword(OFFSETS[name]))

    async def write(self, name: str, value: int) -> None:
        await self.bus.write_dword(OFFSETS[name], value)

    def frames(self, count: int) -> npt.NDArray[np.uint8]:
        return self.numpy.integers(0, 256, (count, self.design.input.bytes_per_frame), dtype=np.uint8)

    async def start(self, way: str, address: int, frames: int) -> None:
        await self.write(f"{way}_ADDRESS_LOW", address & 0xFFFFFFFF)
        await self.write(f"{way}_ADDRESS_HIGH", address >> 32)
        await self.write(f"{way}_FRAMES", frames)
        await self.write(f"{way}_CONTROL", START)

    async def begin(self, source: int, target: int, count: int) -> npt.NDArray[np.uint8]:
        """Put frames into memory, start both DMAs, give the results that must come."""
        frames = self.frames(count)
        self.source.write(source, frames.tobytes())
        expected = standin.answer(frames, self.design)
        self.target.write(target - 8, bytes([GUARD]) * (expected.size + 16))
        await self.start("OUT", target, count)
        await self.start("IN", source, count)
        return expected

    async def wait(self, limit: int = 20_000) -> None:
        """Until both DMAs are idle."""
        for _ in range(limit):
            await RisingEdge(self.clock)
            if not (int(self.dut.in_busy.value) or int(self.dut.out_busy.value)):
                return
        raise AssertionError(f"still busy after {limit} cycles")

    def check(self, target: int, expected: npt.NDArray[np.uint8]) -> None:
        """The results are there, and not a byte beside them was touched."""
        size = expected.size
        assert self.target.read(target, size) == expected.tobytes()
        assert self.target.read(target - 8, 8) == bytes([GUARD]) * 8
        assert self.target.read(target + size, 8) == bytes([GUARD]) * 8

    def check_part(self, target: int, expected: npt.NDArray[np.uint8]) -> None:
        """Of a job that was aborted: each byte is the right one or untouched."""
        got = np.frombuffer(self.target.read(target - 8, expected.size + 16), dtype=np.uint8)
        guard = np.full(8, GUARD, dtype=np.uint8)
        right = np.concatenate([guard, expected.reshape(-1), guard])
        assert np.all((got == right) | (got == GUARD))

    async def job(self, source: int, target: int, count: int) -> None:
        expected = await self.begin(source, target, count)
        await self.wait()
        self.check(target, expected)
        assert await self.read("ERROR") == 0

    async def settled(self) -> None:
        """Until the shell has dealt with an error or a request to reset."""
        for _ in range(2000):
            if not await self.read("RESET"):
                return
        raise AssertionError("RESET does not end")


async def bench(dut: Any, seed: int = 1) -> TB:
    tb = TB(dut, seed)
    await tb.reset()
    return tb


@cocotb.test()
async def registers(dut: Any) -> None:
    tb = await bench(dut)
    assert await tb.read("IDENTITY") == IDENTITY
    assert await tb.read("VERSION") == VERSION
    assert await tb.read("DESIGN_HASH") == 0x0BADCAFE
    assert await tb.read("CLOCK_MHZ") == 125
    counters = [r for r in REGISTERS if r.access == "r" and r.offset >= OFFSETS["CYCLES_LOW"]]
    for register in counters:
        assert await tb.read(register.name) == 0, register.name
    settable = [r for r in REGISTERS if r.access == "rw" and r.name.endswith(("_LOW", "_HIGH", "_FRAMES"))]
    values = {r.name: tb.random.getrandbits(32) for r in settable}
    for name, value in values.items():
        await tb.write(name, value)
    for name, value in values.items():
        assert await tb.read(name) == value, name
    await tb.bus.write(OFFSETS["IN_FRAMES"] + 1, b"\x5a")  # one byte lane only
    assert await tb.read("IN_FRAMES") == values["IN_FRAMES"] & ~0xFF00 | 0x5A00
    known = {r.offset for r in REGISTERS}
    for offset in (0x004, 0x248, 0xFFC):
        assert offset not in known
        await tb.bus.write_dword(offset, 0xFFFFFFFF)
        assert await tb.bus.read_dword(offset) == 0
    for way in ("IN", "OUT"):
        assert await tb.read(f"{way}_CONTROL") == IDLE | READY


@cocotb.test()
async def jobs(dut: Any) -> None:
    """Many lengths, starts just under a 4 KiB boundary, every kind of stall."""
    tb = await bench(dut, 2)
    for turn, percent in enumerate((0, 20, 50, 80, 0, 50)):
        tb.stall(percent)
        for count in (1, 2, 3, 2 + turn * 7):
            source = 0x2000 - 8 * tb.random.randrange(1, 20)
            target = 0x8000 - 8 * tb.random.randrange(1, 20)
            await tb.job(source, target, count)
            assert await tb.read("IN_CONTROL") == DONE | IDLE | READY
            assert await tb.read("OUT_CONTROL") == DONE | IDLE | READY
            assert await tb.read("OUT_CONTROL") == IDLE | READY  # cleared by reading


@cocotb.test()
async def long_job(dut: Any) -> None:
    """More than 4 KiB each way: several boundaries, many bursts."""
    tb = await bench(dut, 3)
    tb.stall(15)
    count = 4600 // min(tb.design.input.bytes_per_frame, tb.design.output.bytes_per_frame)
    await tb.job(0x0FF8, 0x8FF0, min(count, 0x6000 // tb.design.output.bytes_per_frame))


@cocotb.test()
async def back_to_back(dut: Any) -> None:
    """The next job starts in the moment the last one is over, twice with the register writes prepared before."""
    tb = await bench(dut, 4)
    for turn in range(3):
        expected = await tb.begin(0x1000, 0x4000, 9)
        later = tb.frames(5)
        tb.source.write(0x2008, later.tobytes())
        for way, address in (("IN", 0x2008), ("OUT", 0x6008)):  # registers may change while a job runs
            await tb.write(f"{way}_ADDRESS_LOW", address)
            await tb.write(f"{way}_FRAMES", 5)
        await tb.wait()
        await tb.write("OUT_CONTROL", START)
        await tb.write("IN_CONTROL", START)
        tb.check(0x4000, expected)
        await tb.wait()
        assert (
            tb.target.read(0x6008, 5 * tb.design.output.bytes_per_frame) == standin.answer(later, tb.design).tobytes()
        )
        assert await tb.read("ERROR") == 0
        assert await tb.read("FRAMES_OUT") == 5, turn


@cocotb.test()
async def empty_job(dut: Any) -> None:
    tb = await bench(dut)
    await tb.start("OUT", 0x4000, 0)
    await tb.start("IN", 0x1000, 0)
    await tb.wait()
    assert await tb.read("IN_CONTROL") & DONE
    assert await tb.read("OUT_CONTROL") & DONE
    assert await tb.read("ERROR") == 0
    await tb.job(0x1000, 0x4000, 2)


@cocotb.test()
async def start_while_busy(dut: Any) -> None:
    """A second start changes nothing."""
    tb = await bench(dut, 5)
    tb.stall(60)
    expected = await tb.begin(0x1000, 0x4000, 6)
    assert await tb.read("IN_CONTROL") & START
    await tb.write("IN_CONTROL", START)
    await tb.write("OUT_CONTROL", START)
    await tb.wait()
    tb.check(0x4000, expected)
    assert await tb.read("ERROR") == 0


@cocotb.test()
async def bus_errors(dut: Any) -> None:
    """An error response ends both DMAs, is reported, blocks starts until it is cleared, and leaves nothing behind."""
    tb = await bench(dut, 6)
    for turn in range(6):
        tb.stall((0, 40, 70)[turn % 3])
        reading = turn % 2 == 0
        at = 8 * tb.random.randrange(0, 20)
        if reading:
            tb.source.fault = range(0x1000 + at, 0x1000 + at + 8)
        else:
            tb.target.fault = range(0x4000 + at, 0x4000 + at + 8)
        expected = await tb.begin(0x1000, 0x4000, 20)
        await tb.wait()
        tb.check_part(0x4000, expected)
        assert await tb.read("ERROR") == (READ_ERROR if reading else WRITE_ERROR)
        assert await tb.read("IN_CONTROL") & DONE
        assert await tb.read("OUT_CONTROL") & DONE
        tb.source.fault = tb.target.fault = range(0)
        await tb.settled()
        await tb.write("IN_CONTROL", START)
        assert await tb.read("IN_CONTROL") == DONE | IDLE | READY
        assert await tb.read("ERROR") & JOB_REFUSED
        await tb.write("ERROR", READ_ERROR | WRITE_ERROR | JOB_REFUSED)
        assert await tb.read("ERROR") == 0
        await tb.job(0x1000, 0x4000, 3)


@cocotb.test()
async def refused(dut: Any) -> None:
    """Addresses that are no multiple of 8 or beyond 4 GiB, for either DMA: the other one ends too."""
    tb = await bench(dut, 7)
    size = tb.design.input.bytes_per_frame
    bad = ((0x1004, 1), (1 << 32, 1), ((1 << 32) - 8, 8 // size + 1), (0, (1 << 32) // size + 1), (8, (1 << 32) - 1))
    for address, frames in bad:
        await tb.start("OUT", 0x4000, 1)
        await tb.start("IN", address, frames)
        await tb.wait()
        await tb.settled()
        assert await tb.read("ERROR") == JOB_REFUSED, hex(address)
        assert await tb.read("OUT_CONTROL") & DONE
        await tb.write("ERROR", JOB_REFUSED)
    await tb.start("OUT", 0x4001, 1)
    await tb.wait()
    await tb.settled()
    assert await tb.read("ERROR") == JOB_REFUSED
    await tb.write("ERROR", JOB_REFUSED)
    await tb.job(0x1000, 0x4000, 2)


@cocotb.test()
async def abort_and_restart(dut: Any) -> None:
    """RESET at any moment: the bus is left in order, done bits are clear, the next job is right."""
    tb = await bench(dut, 8)
    for turn in range(14):
        tb.stall((0, 30, 75)[turn % 3])
        if turn == 5:
            tb.target.w_channel.clear_pause_generator()
            tb.target.w_channel.pause = True  # a write burst hangs half-way
        expected = await tb.begin(0x1000, 0x4000, 20)
        await ClockCycles(dut.ap_clk, tb.random.randrange(1, 150))
        await tb.write("RESET", 1)
        if turn == 5:
            await ClockCycles(dut.ap_clk, 50)
            assert await tb.read("RESET") == 1
            tb.target.w_channel.pause = False
        await tb.settled()
        assert await tb.read("IN_CONTROL") == IDLE | READY
        assert await tb.read("OUT_CONTROL") == IDLE | READY
        assert await tb.read("ERROR") == 0
        tb.check_part(0x4000, expected)
        await tb.job(0x1800, 0x5000, 3)
    await tb.write("RESET", 1)  # with nothing to abort
    await tb.settled()
    await tb.job(0x1800, 0x5000, 1)


@cocotb.test()
async def start_during_reset(dut: Any) -> None:
    """A start that comes before the reset is over begins after it; another reset takes it back."""
    tb = await bench(dut, 11)
    source = tb.frames(4)
    tb.source.write(0x1000, source.tobytes())
    for way, address in (("OUT", 0x4000), ("IN", 0x1000)):
        await tb.write(f"{way}_ADDRESS_LOW", address)
        await tb.write(f"{way}_FRAMES", 4)
    for resets in (1, 2):
        before = tb.target.read(0x4000, 8)
        await tb.write("OUT_CONTROL", START)
        await tb.write("IN_CONTROL", START)
        await tb.write("RESET", 1)
        await tb.write("OUT_CONTROL", START)
        await tb.write("IN_CONTROL", START)
        assert await tb.read("RESET") == 1
        assert await tb.read("IN_CONTROL") & START
        if resets == 2:
            await tb.write("RESET", 1)
        await tb.settled()
        await tb.wait()
        expected = standin.answer(source, tb.design)
        if resets == 1:
            assert tb.target.read(0x4000, expected.size) == expected.tobytes()
            assert await tb.read("OUT_CONTROL") == DONE | IDLE | READY
            tb.target.write(0x4000, bytes([GUARD]) * expected.size)
        else:
            assert before == tb.target.read(0x4000, 8) == bytes([GUARD]) * 8
            assert await tb.read("OUT_CONTROL") == IDLE | READY
        assert await tb.read("ERROR") == 0


@cocotb.test()
async def counters(dut: Any) -> None:
    """Every counter against what is seen on the wires from outside."""
    tb = await bench(dut, 9)
    for percent in (0, 40):
        tb.stall(percent)
        seen = {
            "IN_BEATS": 0,
            "OUT_BEATS": 0,
            "IN_STALLS": 0,
            "OUT_STALLS": 0,
            "IN_WORDS": 0,
            "OUT_WORDS": 0,
            "CYCLES_LOW": 0,
        }
        ends: list[float] = []
        first: list[float] = []
        begun: list[float] = []
        word = dut.i_shell

        async def watch(
            seen: dict[str, int], ends: list[float], first: list[float], begun: list[float], word: Any = word
        ) -> None:
            was = False
            while True:
                await RisingEdge(dut.ap_clk)
                busy = bool(int(dut.in_busy.value))
                if busy and not was:
                    begun.append(get_sim_time("ns"))
                was = busy
                running = bool(begun) and (busy or bool(int(dut.out_busy.value)))
                seen["CYCLES_LOW"] += running
                seen["IN_BEATS"] += int(dut.m_axi_in_rvalid.value) & int(dut.m_axi_in_rready.value)
                seen["OUT_BEATS"] += int(dut.m_axi_out_wvalid.value) & int(dut.m_axi_out_wready.value)
                for way, valid, ready in (
                    ("IN", word.in_valid, word.in_ready),
                    ("OUT", word.out_valid, word.out_ready),
                ):
                    offered, taken = int(valid.value), int(ready.value)
                    seen[f"{way}_WORDS"] += offered & taken
                    seen[f"{way}_STALLS"] += running and offered and not taken
                    if way == "OUT" and offered and taken:
                        first.append(get_sim_time("ns"))
                        if seen["OUT_WORDS"] % tb.design.output.words_per_frame == 0:
                            ends.append(get_sim_time("ns"))

        task = cocotb.start_soon(watch(seen, ends, first, begun))
        count = 11
        before = get_sim_time("ns")
        await tb.job(0x1000, 0x4000, count)
        task.cancel()
        for name, value in seen.items():
            assert await tb.read(name) == value, name
        assert seen["IN_WORDS"] == count * tb.design.input.words_per_frame
        assert seen["OUT_WORDS"] == count * tb.design.output.words_per_frame
        assert seen["IN_BEATS"] == -(-count * tb.design.input.bytes_per_frame // 8)
        assert seen["OUT_BEATS"] == -(-count * tb.design.output.bytes_per_frame // 8)
        assert await tb.read("FRAMES_OUT") == count

        def cycle(when: float, start: float = begun[0]) -> int:
            return round((when - start) / PERIOD_NS)

        assert await tb.read("FIRST_OUTPUT_CYCLE") == cycle(first[0])
        assert await tb.read("FIRST_FRAME_CYCLE") == cycle(ends[0])
        assert await tb.read("LAST_FRAME_CYCLE") == cycle(ends[-1])
        total = await tb.read("CYCLES_LOW") + (await tb.read("CYCLES_HIGH") << 32)
        assert cycle(ends[-1]) < total < cycle(get_sim_time("ns"))
        assert total < (get_sim_time("ns") - before) / PERIOD_NS
        assert total - cycle(ends[-1]) < 100  # what the write of the last beats takes


@cocotb.test()
async def full_speed(dut: Any) -> None:
    """Without stalls the memory side is never what a design that takes a word a cycle waits for."""
    tb = await bench(dut, 10)
    count = 40
    await tb.job(0x1000, 0x4000, count)
    interval = (await tb.read("LAST_FRAME_CYCLE") - await tb.read("FIRST_FRAME_CYCLE")) / (count - 1)
    slowest = max(tb.design.input.bytes_per_frame, tb.design.output.bytes_per_frame) / 8
    assert interval <= 1.3 * max(tb.design.bound, slowest)
