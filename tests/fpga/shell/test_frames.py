# SPDX-License-Identifier: BSD-3-Clause
"""Frames through the shell under injected stalls, bus errors and resets: none lost, none twice, none wrong.

That the account notices such things is shown on shells that were broken on purpose.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from fpga.shell import build
from tests.fpga.shell import frames

SEED = int(os.environ.get("SEED", "1"))


@pytest.fixture(scope="module")
def cache(repository: Path) -> Path:
    return repository / "build" / "verilator"


@pytest.fixture(scope="module")
def rtl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    frames.write(folder)
    return folder


def traffic(rtl: Path, library: Path, seed: int, often: float, most_frames: int = frames.MOST_FRAMES) -> frames.Traffic:
    print(f"repeat with: SEED={seed} pytest tests/fpga/shell/test_frames.py")
    return frames.Traffic(rtl, library, seed, often, most_frames)


def test_a_million_frames_come_out_once_each(rtl: Path, cache: Path) -> None:
    some = traffic(rtl, build.library(rtl, cache), SEED, often=0.05)
    some.run(1_000_000)
    assert min(some.seen[name] for name in ("BusError", "DeviceError", "Interrupt", "reset")) > 20, some.seen
    assert some.seen["good"] > some.seen["jobs"] // 2


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_little_but_trouble(rtl: Path, cache: Path, seed: int) -> None:
    """Short jobs, half of them with a bus error, half of them interrupted or reset."""
    some = traffic(rtl, build.library(rtl, cache), seed, often=0.5, most_frames=60)
    some.run(10_000)
    assert min(some.seen[name] for name in ("good", "BusError", "DeviceError", "Interrupt", "reset")) > 100, some.seen


@pytest.mark.parametrize(
    ("channel", "count", "stage", "says"),
    [
        ("read address", 8, "input DMA", "it read 0 of 6 beats and delivered 0 of 16 words"),
        ("read data", 8, "input DMA", "it read 0 of 6 beats and delivered 0 of 16 words"),
        ("write address", 800, "output DMA", "a result waits at its input, it wrote 8 of 900 beats"),
        ("write data", 800, "output DMA", "a result waits at its input, it wrote 0 of 900 beats"),
        ("write response", 800, "output DMA", "a result waits at its input, it wrote 64 of 900 beats"),
        ("write response", 8, "output DMA", "it was given all 24 words and wrote 9 of 9 beats"),
    ],
)
def test_a_channel_that_stops_is_diagnosed(
    rtl: Path, cache: Path, channel: str, count: int, stage: str, says: str
) -> None:
    """As docs/board.md explains it; and once the channel moves again, frames come out as ever."""
    some = traffic(rtl, build.library(rtl, cache), SEED, often=0.1, most_frames=60)
    error = some.stopped(channel, count)
    assert error.stage == stage and says in str(error)
    some.run(500)


@dataclass(frozen=True)
class Fault:
    """A fault in one file of the shell: the expression `old`, which stands there once in `where`, becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    where: str = "{}"


FAULTS = (
    Fault("nothing is aborted", "shell.sv", "state_q != Run", "1'b0", "assign abort      = {};"),
    Fault("a job that RESET ended is done", "shell.sv", "abort && by_request_q", "1'b0"),
    Fault("read errors are not told", "shell.sv", "read_error", "1'b0", "write_error, {}}}),"),
    Fault("write errors are not told", "shell.sv", "write_error", "1'b0", "out_reject, {}, "),
    Fault("the accelerator is not reset", "shell.sv", "state_q != Clear", "1'b1"),
    Fault("the count of words is not cleared", "shell.sv", "state_q == Clear", "1'b0", "if (!ap_rst_n || {}) begin"),
    Fault("words are taken in an abort", "shell.sv", "frames_left_q != '0 && !abort", "frames_left_q != '0"),
    Fault("the gearboxes are not cleared", "byte_gearbox.sv", "!rst_ni || clear_i", "!rst_ni"),
    Fault(
        "reading ends before what was asked for is there",
        "axi_read_master.sv",
        "bursts_q == '0 && (length == '0 || abort_i)",
        "abort_i || (bursts_q == '0 && length == '0)",
    ),
    Fault(
        "writing ends before the last answer",
        "axi_write_master.sv",
        "bursts_q == '0 && (length == '0 || abort_i)",
        "left_q == '0 && !awvalid_q && (length == '0 || abort_i)",
    ),
    Fault(
        "a burst is filled up with data",
        "axi_write_master.sv",
        "!fill_q && 4'(lane) < in_bytes_i",
        "4'(lane) < in_bytes_i",
    ),
    Fault("the last beat is always whole", "axi_write_master.sv", "!fill_q && 4'(lane) < in_bytes_i", "!fill_q"),
)


@pytest.fixture(scope="module")
def broken(rtl: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One library that has all faults; the file fault.hex beside the design says which of them holds, 0 none."""
    folder = tmp_path_factory.mktemp("broken")
    for source in build.sources():
        text = source.read_text(encoding="utf-8")
        for number, fault in enumerate(FAULTS, start=1):
            if fault.file == source.name:
                place = fault.where.format(fault.old)
                assert text.count(place) == 1, fault
                choice = f"(fault[0] == 8'd{number} ? ({fault.new}) : ({fault.old}))"
                text = text.replace(place, fault.where.format(choice))
        if "fault[0]" in text:
            text = text.replace(
                "\n);\n", '\n);\n  logic [7:0] fault[1];\n  initial $readmemh("fault.hex", fault);\n', 1
            )
        (folder / source.name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "sources", lambda: sorted(folder.glob("*.sv")))
        return build.library(rtl, cache)


def test_the_same_shell_without_a_fault_passes(rtl: Path, broken: Path) -> None:
    (rtl / "fault.hex").write_text("00\n", encoding="utf-8")
    traffic(rtl, broken, SEED, often=0.5, most_frames=4).run(5000)


@pytest.mark.parametrize("number", range(1, len(FAULTS) + 1), ids=[fault.name for fault in FAULTS])
def test_a_broken_shell_is_noticed(rtl: Path, broken: Path, number: int) -> None:
    (rtl / "fault.hex").write_text(f"{number:02x}\n", encoding="utf-8")
    with pytest.raises(frames.Lost, match=f"seed {SEED}, job"):
        traffic(rtl, broken, SEED, often=0.5, most_frames=4).run(50_000)
