# SPDX-License-Identifier: BSD-3-Clause
"""Runs inside the simulator (test_zynq7.py starts it): the whole top level, its processor's ports played by Python.

GP0 is an AXI3 master of its own here, because cocotbext-axi's cannot send what AXI3 allows and software rarely does.
"""

import logging
import random
from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge, Timer
from cocotbext.axi import AxiReadBus, AxiWriteBus
from cocotbext.axi.axi_channels import AxiARSink, AxiAWSink

from fpga.shell.registers import DONE, IDENTITY, IDLE, OFFSETS, READY
from tests.fpga.shell import standin
from tests.fpga.shell.axi_bench import MEMORY, PERIOD_NS, SEED, SIZES, TB, ReadMemory, WriteMemory

FIXED, INCR, WRAP = 0, 1, 2
BASE = 0x43C00000

# The models insist on AXI4's widths; AXI3's fields for length, size and lock differ, and hold what they need.
for sink in (AxiARSink, AxiAWSink):
    sink._signal_widths = {}


@dataclass(frozen=True)
class Burst:
    """One AXI3 transaction on GP0: `size` is log2 of a beat's bytes, `length` the number of beats."""

    address: int
    length: int = 1
    size: int = 2
    kind: int = INCR
    identity: int = 0

    def addresses(self) -> list[int]:
        """Where each beat begins, by the rules of the AXI specification."""
        step, total = 1 << self.size, self.length << self.size
        aligned = self.address // step * step
        if self.kind == FIXED:
            return [self.address] * self.length
        if self.kind == WRAP:
            low = self.address // total * total
            return [low + (self.address - low + beat * step) % total for beat in range(self.length)]
        return [self.address, *(aligned + beat * step for beat in range(1, self.length))]

    def strobes(self) -> list[int]:
        """The byte lanes of each beat that carry data."""
        step = 1 << self.size
        found = []
        for address in self.addresses():
            end = address // step * step + step
            found.append(sum(1 << byte % 4 for byte in range(address, end)))
        return found


class Gp0:
    """The processor's side of GP0: a queue for each channel, with random pauses."""

    def __init__(self, ps: Any, clock: Any, chance: random.Random) -> None:
        self.ps, self.clock, self.random = ps, clock, chance
        self.percent = 0

    def signal(self, name: str) -> Any:
        return getattr(self.ps, f"MAXIGP0{name}")

    async def pause(self) -> None:
        while self.random.randrange(100) < self.percent:
            await RisingEdge(self.clock)

    async def send(self, channel: str, **values: int) -> None:
        """Offer one word until it is taken."""
        await self.pause()
        for name, value in values.items():
            self.signal(f"{channel}{name.upper()}").value = value
        self.signal(f"{channel}VALID").value = 1
        await FallingEdge(self.clock)
        while not int(self.signal(f"{channel}READY").value):
            await FallingEdge(self.clock)
        await RisingEdge(self.clock)
        self.signal(f"{channel}VALID").value = 0

    async def receive(self, channel: str, *names: str) -> list[int]:
        """Take one word; its values."""
        await self.pause()
        self.signal(f"{channel}READY").value = 1
        await FallingEdge(self.clock)
        while not int(self.signal(f"{channel}VALID").value):
            await FallingEdge(self.clock)
        values = [int(self.signal(channel + name).value) for name in names]
        await RisingEdge(self.clock)
        self.signal(f"{channel}READY").value = 0
        return values

    async def announce(self, channel: str, burst: Burst) -> None:
        await self.send(
            channel,
            id=burst.identity,
            addr=burst.address,
            len=burst.length - 1,
            size=burst.size,
            burst=burst.kind,
        )

    async def read(self, burst: Burst) -> list[int]:
        """All beats of a burst; its id, OKAY and the mark on the last one are checked."""
        await self.announce("AR", burst)
        beats = []
        for beat in range(burst.length):
            data, identity, response, last = await self.receive("R", "DATA", "ID", "RESP", "LAST")
            assert (identity, response, last) == (burst.identity, 0, beat == burst.length - 1)
            beats.append(data)
        return beats

    async def write(self, burst: Burst, beats: list[int], early: bool = False) -> None:
        """Write whole beats; `early` offers the data before the address, which AXI allows."""
        task = cocotb.start_soon(self.announce("AW", burst)) if not early else None
        data = cocotb.start_soon(self.data(burst, beats))
        if early:
            await ClockCycles(self.clock, 5)
            task = cocotb.start_soon(self.announce("AW", burst))
        assert task is not None
        await task
        await data
        assert await self.receive("B", "ID", "RESP") == [burst.identity, 0]

    async def data(self, burst: Burst, beats: list[int]) -> None:
        for value, strobe in zip(beats, burst.strobes(), strict=True):
            await self.send("W", data=value, strb=strobe)

    # What the shell's own bench asks of a register bus.

    async def read_dword(self, offset: int) -> int:
        return (await self.read(Burst(BASE + offset, identity=self.random.getrandbits(12))))[0]

    async def write_dword(self, offset: int, value: int) -> None:
        await self.write(
            Burst(BASE + offset, identity=self.random.getrandbits(12)), [value], self.random.random() < 0.2
        )


class Zynq(TB):
    """The bench of the shell, with the top level's ports in place of the shell's."""

    def __init__(self, dut: Any, seed: int) -> None:
        self.dut, self.ps = dut, dut.i_processor
        self.clock = self.ps.bench_clock
        self.design = standin.design(SIZES[0], SIZES[1], SIZES[2], SIZES[3])
        self.random = random.Random(seed + 1000 * SEED)
        self.numpy = np.random.default_rng(seed + 1000 * SEED)
        for name in ("SAXIHP0", "SAXIHP2"):
            logging.getLogger(f"cocotb.{self.ps._name}.{name}").setLevel(logging.WARNING)
        logging.getLogger("cocotb").setLevel(logging.WARNING)
        Clock(self.clock, PERIOD_NS, unit="ns").start()
        clock = self.clock
        self.bus = Gp0(self.ps, clock, random.Random(self.random.random()))
        self.source = ReadMemory(AxiReadBus.from_prefix(self.ps, "SAXIHP0", bus_separator=""), clock, size=MEMORY)
        self.target = WriteMemory(
            AxiWriteBus.from_prefix(self.ps, "SAXIHP2", bus_separator=""), clock, mem=self.source.mem
        )
        self.target.size = MEMORY
        cocotb.start_soon(self.watch("SAXIHP0AR"))
        cocotb.start_soon(self.watch("SAXIHP2AW"))

    async def reset(self) -> None:
        self.ps.FCLKRESETN.value = 0
        await ClockCycles(self.clock, 5)
        await Timer(self.random.randrange(1, 10), "ns")  # at no time of FCLK0's
        self.ps.FCLKRESETN.value = 1
        await ClockCycles(self.clock, 24)

    def stall(self, percent: int) -> None:
        super().stall(percent)
        self.bus.percent = percent

    async def watch(self, channel: str) -> None:
        """What a burst may be on a port of 64 bits, and what the models do not look at."""
        constants = {"SIZE": 3, "BURST": INCR, "CACHE": 3, "PROT": 0, "LOCK": 0, "QOS": 0, "ID": 0}
        longer = self.dut.hp0_arlen if channel == "SAXIHP0AR" else self.dut.hp2_awlen
        while True:
            await RisingEdge(self.clock)
            await ReadOnly()
            if int(getattr(self.ps, f"{channel}VALID").value):
                for name, value in constants.items():
                    assert int(getattr(self.ps, channel + name).value) == value, channel + name
                assert int(longer.value) < 16


async def bench(dut: Any, seed: int) -> Zynq:
    tb = Zynq(dut, seed)
    await tb.reset()
    return tb


@cocotb.test()
async def jobs(dut: Any) -> None:
    """Jobs of several frames through GP0, HP0 and HP2, with every kind of stall."""
    tb = await bench(dut, 1)
    assert await tb.read("IDENTITY") == IDENTITY
    assert await tb.read("DESIGN_HASH") == 0x9ABCDEF0
    for percent in (0, 30, 70):
        tb.stall(percent)
        for count in (1, 5, 40):
            await tb.job(0x2000 - 8 * tb.random.randrange(1, 20), 0x8000 - 8 * tb.random.randrange(1, 20), count)
            for way in ("IN", "OUT"):
                assert await tb.read(f"{way}_CONTROL") == DONE | IDLE | READY


@cocotb.test()
async def bursts(dut: Any) -> None:
    """Every kind of burst on GP0, narrow and unaligned, against a model of the registers that hold what is written."""
    tb = await bench(dut, 2)
    gp0 = tb.bus
    names = ("ADDRESS_LOW", "ADDRESS_HIGH", "FRAMES")
    words = {OFFSETS[f"{way}_{name}"]: 0 for way in ("IN", "OUT") for name in names}  # 0x10, 0x14, 0x1c, 0x110, ...
    for turn in range(300):
        gp0.percent = (0, 0, 30, 70)[turn % 4]
        kind = tb.random.choice((FIXED, INCR, INCR, WRAP))
        size = tb.random.randrange(3)
        length = tb.random.choice((2, 4, 8, 16)) if kind == WRAP else tb.random.randrange(1, 17)
        address = tb.random.choice((0x000, 0x004, 0x010, 0x01C, 0x100, 0x108, 0x110)) + tb.random.randrange(16)
        if kind == WRAP:
            address = address >> size << size
        burst = Burst(BASE + address, length, size, kind, tb.random.getrandbits(12))
        if turn % 2:
            expected = [words.get(at & 0xFFC) for at in burst.addresses()]
            for got, word in zip(await gp0.read(burst), expected, strict=True):
                assert word is None or got == word, burst
        else:
            # No start bit and no reset: bit 0 of every byte is 0, which is all that they look at.
            beats = [tb.random.getrandbits(32) & 0xFEFEFEFE for _ in range(length)]
            await gp0.write(burst, beats, early=turn % 10 == 0)
            for at, beat, strobe in zip(burst.addresses(), beats, burst.strobes(), strict=True):
                if at & 0xFFC in words:
                    mask = sum(0xFF << 8 * lane for lane in range(4) if strobe >> lane & 1)
                    words[at & 0xFFC] = words[at & 0xFFC] & ~mask | beat & mask
    gp0.percent = 0
    for offset, word in words.items():
        assert await gp0.read_dword(offset) == word, hex(offset)


@cocotb.test()
async def both_ways_at_once(dut: Any) -> None:
    """Reads and writes of GP0 do not wait for each other, and a job goes on beside them."""
    tb = await bench(dut, 3)
    tb.stall(40)
    expected = await tb.begin(0x1000, 0x6000, 60)

    async def writes() -> None:
        for value in range(40):
            await tb.bus.write(Burst(BASE + OFFSETS["IN_ADDRESS_HIGH"], 3, 2, FIXED, 7), [value, value + 1, value])

    async def reads() -> None:
        for _ in range(40):
            assert await tb.bus.read(Burst(BASE + OFFSETS["IDENTITY"], 2, 2, INCR, 9)) == [IDENTITY, 1]

    tasks = [cocotb.start_soon(writes()), cocotb.start_soon(reads())]
    for task in tasks:
        await task
    await tb.wait()
    tb.check(0x6000, expected)
    assert await tb.read("IN_ADDRESS_HIGH") == 39


@cocotb.test()
async def reset_by_the_processor(dut: Any) -> None:
    """FCLKRESETN in the middle of nothing in particular: registers start anew, and the next job runs."""
    tb = await bench(dut, 4)
    await tb.job(0x1000, 0x6000, 3)
    await tb.write("IN_FRAMES", 77)
    await tb.reset()
    assert await tb.read("IN_FRAMES") == 0
    await tb.job(0x1800, 0x5000, 4)
