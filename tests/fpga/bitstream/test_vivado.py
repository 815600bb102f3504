# SPDX-License-Identifier: BSD-3-Clause
"""Vivado's flow with a stand-in for Vivado (vivado/vivado): its commands against a golden, and what can go wrong."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result

from chain.errors import InputError, ToolError
from fpga import design, steps
from fpga.bitstream import board, commands, vivado, vivado_reports
from fpga.bitstream.job import Job
from fpga.design import Layer
from fpga.shell import hwh
from host import metadata
from tests import graphs
from tests.fpga.bitstream.alive import is_alive
from tests.fpga.shell import standin

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "vivado.txt"
REPORTS = HERE / "vivado"
NAME = "toy"

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="the stand-in for Vivado is a script for tclsh")


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `vivado` be the stand-in."""
    monkeypatch.setenv("PATH", str(REPORTS), prepend=os.pathsep)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return make(tmp_path)


def make(folder: Path) -> Job:
    """A job for a small design with two layers in its manifest."""
    layers = (Layer("First", "Mvu", 1, 1, 5, "conv1", "i_first"), Layer("Second", "Mvu", 1, 1, 5, "conv2", "i_second"))
    made = dataclasses.replace(standin.write(folder / "rtl", 3, 5, 10, 3), layers=layers)
    return Job(
        made,
        "0" * 56 + "9abcdef0",
        folder / "rtl",
        board.load("pynq-z2"),
        {"vivado": REPORTS / "vivado"},
        folder / "vivado",
        lambda text: None,
    )


def recorded(job: Job, repository: Path) -> str:
    """The commands that the stand-in was given, without this machine's folders."""
    text = (job.folder / "commands.txt").read_text(encoding="utf-8")
    return text.replace(str(job.folder.parent), "BUILD").replace(str(repository), "TOOLKIT")


def test_commands_are_the_golden(job: Job, repository: Path) -> None:
    """After a wanted change: WRITE_GOLDEN=1 pytest tests/fpga/bitstream/test_vivado.py."""
    vivado.build(job)
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text(recorded(job, repository), encoding="utf-8")
    assert recorded(job, repository) == GOLDEN.read_text(encoding="utf-8")
    constraint = (job.folder / "clock.xdc").read_text(encoding="utf-8")
    assert constraint == "create_clock -name fabric -period 10.000 [get_pins {i_processor/FCLKCLK[0]}]\n"
    assert (job.folder / "seed.hex").is_file()


def test_for_a_fast_clock_registers_in_a_row_stay_registers(job: Job, repository: Path) -> None:
    fast = dataclasses.replace(job, design=dataclasses.replace(job.design, clock_mhz=200.0))
    vivado.build(fast)
    (synthesis,) = (line for line in recorded(fast, repository).splitlines() if line.startswith("synth_design"))
    assert synthesis.endswith(" -no_srlextract")


def test_a_folder_whose_name_is_no_word_of_tcl(tmp_path: Path) -> None:
    assert vivado.build(make(tmp_path / 'a [build] $folder {of "mine')).bits.is_file()


def test_reports_become_figures(job: Job) -> None:
    built = vivado.build(job)
    assert built.tool == "vivado 2023.2"
    assert (built.timing.clock_mhz, built.timing.fmax_mhz, built.timing.layer) == (100.0, 125.0, "conv2")
    assert built.use == {"lut": 3100, "ff": 4210, "bram36": 1.5, "dsp": 3}
    assert built.available == {"lut": 53200, "ff": 106400, "bram36": 140, "dsp": 220}
    assert built.accelerator == {"lut": 2000, "ff": 2900, "bram36": 1.5, "dsp": 3}
    assert built.power_w == 0.187
    assert built.bits.read_text(encoding="utf-8") == "bits of a stand-in\n"


def test_progress_and_log(job: Job) -> None:
    said: list[str] = []
    vivado.build(dataclasses.replace(job, say=said.append))
    assert said == [
        f"vivado: {step}"
        for step in (
            *("reading sources", "synthesis", "optimisation", "placement", "physical optimisation", "routing"),
            *("reports", "bitstream"),
        )
    ]
    assert "wrapnet: routing" in (job.folder / "vivado.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("step", ["synth_design", "place_design", "write_bitstream"])
def test_the_first_error_is_told(step: str, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_FAIL", step)
    with pytest.raises(ToolError) as error:
        vivado.build(job)
    log = job.folder / "vivado.log"
    assert str(error.value) == (
        f"vivado failed (exit 1): ERROR: [Synth 8-439] module 'stream_fifo' not found\nWhole log: {log}"
    )
    assert log.is_file() and not list(job.folder.glob("*.bit"))


def test_timing_that_is_not_met(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_SLACK", "-2.500")
    with pytest.raises(ToolError) as error:
        vivado.build(job)
    text = str(error.value)
    assert "slack -2.5 ns (setup) at 100 MHz" in text and "in layer 'conv2'" in text and "(80 MHz would do)" in text
    assert "i_first_fifo0/head_q_reg[2]/C to i_shell/i_accelerator/i_second/acc_q_reg[7]/D" in text
    assert "write_bitstream" not in (job.folder / "commands.txt").read_text(encoding="utf-8")
    assert not list(job.folder.glob("*.bit"))


def test_hold_that_is_not_met(job: Job) -> None:
    """Its own path is told, and no slower clock is recommended, which would not help."""
    shutil.copytree(REPORTS, job.folder)
    summary = job.folder / "timing_summary.rpt"
    summary.write_text(summary.read_text(encoding="utf-8").replace("0.041  ", "-0.107  ", 1), encoding="utf-8")
    with pytest.raises(ToolError) as error:
        vivado.read(job, job.folder / "toy.bit")
    text = str(error.value)
    assert "slack -0.107 ns (hold)" in text and "i_registers/rdata_q_reg[3]/C to i_processor/MAXIGP0RDATA[3]" in text
    assert "in the shell" in text and "MHz would do" not in text


@pytest.mark.parametrize(("clock", "period"), [(100.0, "10.000"), (125.0, "8.000"), (150.0, "6.666"), (66.7, "14.992")])
def test_the_period_is_not_longer_than_asked(clock: float, period: str, job: Job) -> None:
    """Whole picoseconds, rounded to the safe side; a slack of 0 is met for any of them."""
    job = dataclasses.replace(job, design=dataclasses.replace(job.design, clock_mhz=clock))
    shutil.copytree(REPORTS, job.folder)
    vivado.prepare(job, job.folder / "toy.bit")
    assert f" -period {period} " in (job.folder / "clock.xdc").read_text(encoding="utf-8")
    summary = job.folder / "timing_summary.rpt"
    summary.write_text(summary.read_text(encoding="utf-8").replace("  2.000  ", "  0.000  "), encoding="utf-8")
    (job.folder / "toy.bit").write_bytes(b"bits")
    assert vivado.read(job, job.folder / "toy.bit").timing.met


def test_a_missing_bitstream_is_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_EMPTY", "1")
    with pytest.raises(ToolError, match=r"ended well and wrote no standin\.bit"):
        vivado.build(job)


def test_a_path_that_cannot_be_handed_over(job: Job) -> None:
    with pytest.raises(InputError, match="no tab or line break"):
        vivado.prepare(job, job.folder / "a\tb.bit")


# --------------------------------------------------------------------------------------------------------- reports


def test_timing_reports() -> None:
    text = (REPORTS / "timing_summary.rpt").read_text(encoding="utf-8")
    found = vivado_reports.timing(text)
    assert (found.setup, found.hold, found.worst) == (2.0, 0.041, 0.041)
    assert found.source == "i_shell/i_accelerator/i_first_fifo0/head_q_reg[2]/C"
    for wrong in ("", text.replace("      2.000        0.000  ", "         NA           NA  ")):
        with pytest.raises(ToolError, match="is the clock constrained"):
            vivado_reports.timing(wrong)
    hold = vivado_reports.timing(
        text.replace("        0.041        0.000      ", "       -0.107       -0.300      ", 1)
    )
    assert (hold.worst, hold.is_hold, hold.destination) == (-0.107, True, "i_processor/MAXIGP0RDATA[3]")


def test_utilization_reports() -> None:
    text = (REPORTS / "utilization.rpt").read_text(encoding="utf-8")
    of_ultrascale = text.replace("Slice LUTs ", "CLB LUTs*  ").replace("Slice Registers", "CLB Registers  ")
    assert vivado_reports.utilization(of_ultrascale) == vivado_reports.utilization(text)
    with pytest.raises(ToolError, match="no row 'DSPs'"):
        vivado_reports.utilization(text.replace("| DSPs ", "| DSPx "))
    hierarchy = (REPORTS / "utilization_hierarchical.rpt").read_text(encoding="utf-8")
    assert vivado_reports.instance(hierarchy, "i_axi_to_lite")["ff"] == 98
    assert vivado_reports.instance(hierarchy, "i_other") == {}


def test_power_reports() -> None:
    assert vivado_reports.power((REPORTS / "power.rpt").read_text(encoding="utf-8")) == 0.187
    assert vivado_reports.power("") is None


# ------------------------------------------------------------------------------------------------- the whole command


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with the RTL of a small network in it."""
    folder = tmp_path_factory.mktemp("bitstream") / "build" / NAME
    folder.mkdir(parents=True)
    onnx.save(graphs.plain(), folder / "model.onnx")
    steps.build_rtl(steps.open_model(folder.parent, NAME), fps=50_000.0)
    return folder.parent


@pytest.fixture
def build(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "build"))


def run(build: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands.main, [NAME, "--build", str(build), *arguments])


def left(build: Path) -> list[str]:
    """Names of what a driver or a bundle could take for a bitstream, in whatever folder, and of temporary files."""
    folder = build / NAME / "bitstream"
    kinds = ("*.bit", "*/*.hwh", "*/*.json", "**/.*")
    return sorted({path.name for kind in kinds for path in folder.rglob(kind)})


def test_the_whole_flow(build: Path, path: None) -> None:
    done = run(build)
    assert done.exit_code == 0, done.output
    assert "vivado: routing" in done.stdout and "100 MHz asked, 125.0 MHz reached" in done.stdout
    bits = build / NAME / "bitstream" / "pynq-z2" / f"{NAME}.bit"
    told = json.loads((bits.parent / "bitstream.json").read_text(encoding="utf-8"))
    assert (told["tool"], told["timing"]["met"], told["use"]["lut"]) == ("vivado 2023.2", True, 3100)
    assert told["design_hash"] == design.digest(build / NAME / "rtl")
    found = metadata.load(bits)  # as the driver reads it
    assert (found.simulated, found.bundled, found.bit_sha256) == (False, False, told["bit_sha256"])
    assert found.design_hash == told["design_hash"]
    text = bits.with_suffix(".hwh").read_text(encoding="utf-8")
    assert text == hwh.text(NAME, "xc7z020clg400-1", found.clock_mhz)


def test_without_vivado(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run(build)
    assert done.exit_code == 2 and "not found: vivado" in done.stderr
    assert not (build / NAME / "bitstream").exists()


def test_a_design_of_another_part_is_refused(build: Path, path: None) -> None:
    assert run(build).exit_code == 0
    done = run(build, "--board", "zcu104")
    assert done.exit_code == 2
    assert f"{NAME} is made for xc7z020clg400-1, AMD ZCU104 has xczu7ev-ffvc1156-2-e" in done.stderr
    assert 'part = "xczu7ev-ffvc1156-2-e" into' in done.stderr and "BOARD=pynq-z1 or pynq-z2" in done.stderr
    assert [found.parent.name for found in (build / NAME / "bitstream").glob("*/*.bit")] == ["pynq-z2"]


def test_what_a_tool_leaves_of_a_bitstream_goes(build: Path, path: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it calls the file, and in whatever folder: FINN's project keeps one below work/."""

    def half(job: Job) -> None:
        (job.folder / "work" / "impl_1").mkdir(parents=True)
        (job.folder / "work" / "impl_1" / "top_wrapper.bit").write_bytes(b"bits of a missed clock")
        (job.folder / "design.bit").write_bytes(b"half")
        raise ToolError("ended too early")

    monkeypatch.setattr(vivado, "build", half)
    done = run(build)
    assert done.exit_code == 2 and "ended too early" in done.stderr and left(build) == []


@pytest.mark.parametrize(
    ("name", "value"), [("FAKE_FAIL", "route_design"), ("FAKE_SLACK", "-0.5"), ("FAKE_EMPTY", "1")]
)
def test_a_failure_leaves_nothing(
    name: str, value: str, build: Path, path: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(build).exit_code == 0
    assert left(build) == ["bitstream.json", f"{NAME}.bit", f"{NAME}.hwh", f"{NAME}.json"]
    monkeypatch.setenv(name, value)
    done = run(build)
    assert done.exit_code == 2 and "Traceback" not in done.output and "error: " in done.stderr
    assert left(build) == []


def test_a_full_disk_leaves_nothing(build: Path, path: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def full(handle: int) -> None:
        if os.readlink(f"/proc/self/fd/{handle}").endswith(".bit"):
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    done = run(build)
    assert done.exit_code == 2 and "No space left" in done.stderr and "BUILD=" in done.stderr
    assert left(build) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_ends_vivado(number: int, build: Path, repository: Path) -> None:
    environment = {**os.environ, "FAKE_HANG": "route_design", "PATH": f"{REPORTS}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "fpga.bitstream", NAME, "--build", str(build)]
    with subprocess.Popen(
        command, cwd=repository, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        told = build / NAME / "bitstream" / "pynq-z2" / "vivado" / "child.txt"
        deadline = time.monotonic() + 60
        while not (told.is_file() and told.read_text(encoding="utf-8").strip()):
            assert time.monotonic() < deadline and run.poll() is None
            time.sleep(0.05)
        assert left(build) == [f"{NAME}.bit"]  # half of one
        child = int(told.read_text(encoding="utf-8"))
        assert is_alive(child)
        run.send_signal(number)
        _, said = run.communicate(timeout=30)
    assert run.returncode == 128 + number and b"Traceback" not in said
    assert not is_alive(child)
    assert left(build) == []
