# SPDX-License-Identifier: BSD-3-Clause
"""FINN's own Zynq build with our nodes. Vivado and Vitis HLS are stand-ins that leave what FINN looks for."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import InputError, ToolError, UnsupportedError
from fpga.bitstream import board, finn, toolchains
from fpga.bitstream.job import Job
from tests.fpga import finn_graphs
from tests.fpga.bitstream import toy_job

from finn.util.basic import pynq_part_map  # isort: skip
from finn.util.settings import get_settings  # isort: skip

GOLDEN = Path(__file__).parent / "golden"

# Vivado leaves the block design's wrapper, a bitstream with its hand-off, and reports; FINN asks for nothing else.
VIVADO = """#!/bin/sh
if [ "$4" = make_project.tcl ]; then
  wrapper=$(sed -n 's/^add_files -norecurse \\(.*bd.*_wrapper.v\\)$/\\1/p' make_project.tcl)
  mkdir -p "$(dirname "$wrapper")" && : > "$wrapper"
  exit
fi
if [ -n "$FAIL" ]; then echo "ERROR: [Place 30-640] $FAIL" > vivado.log; exit 1; fi
run=finn_zynq_link.runs/impl_1 top=finn_zynq_link.gen/sources_1/bd/top/hw_handoff
mkdir -p $run $top
echo bits > $run/top_wrapper.bit
echo hand-off > $top/top.hwh
cp "$(dirname "$0")/timing.rpt" $run/top_wrapper_timing_summary_routed.rpt
cp "$(dirname "$0")/utilization.rpt" $run/top_wrapper_utilization_placed.rpt
"""
VITIS = """#!/bin/sh
name=$(basename "$1" .tcl)
mkdir -p "project_${name#hls_syn_}/sol1/impl/ip"
"""
TIMING = """
| Design Timing Summary
| ---------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)
    -------      -------  ---------------------  -------------------      -------
      {slack}        0.000                      0                 9981        0.021
"""
UTILISATION = """
|          Site Type         |  Used | Fixed | Prohibited | Available | Util% |
| Slice LUTs                 |  4012 |     0 |          0 |     53200 |  7.54 |
| Slice Registers            |  5120 |     0 |          0 |    106400 |  4.81 |
| Block RAM Tile             |   2.5 |     0 |          0 |       140 |  1.79 |
| DSPs                       |     0 |     0 |          0 |       220 |  0.00 |
"""

Make = Callable[..., Job]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return toy_job.make(tmp_path_factory.mktemp("build"), "pynq-z1")


@pytest.fixture
def make(toy: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A job for the board, with stand-ins for the tools on the PATH and for what FINN downloads."""
    tools = tmp_path / "2022.2" / "bin"
    tools.mkdir(parents=True)
    for name, text in (("vivado", VIVADO), ("vitis_hls", VITIS)):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    (tools / "timing.rpt").write_text(TIMING.format(slack=" 2.000"), encoding="utf-8")
    (tools / "utilization.rpt").write_text(UTILISATION, encoding="utf-8")
    for name in ("finn-hlslib", "board_files"):
        (tmp_path / "deps" / name).mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    monkeypatch.setenv("XILINX_VIVADO", str(tmp_path / "2022.2"))
    for name in ("FINN_RTLLIB", "FINN_CUSTOM_HLS"):
        monkeypatch.setenv(name, "")  # what the build sets is taken back after the test
        monkeypatch.delenv(name)
    monkeypatch.setattr(get_settings(), "finn_deps", tmp_path / "deps")

    def job(folder: Path = tmp_path / "finn") -> Job:
        return toy_job.at(toy, folder, toolchains.require(toy.board, toolchains.choose(toy.board, "finn")))

    return job


def scripts(job: Job) -> dict[str, str]:
    """What FINN tells Vivado of this design, folders normalised. The rest of its scripts is FINN's own text."""
    work = job.folder / finn.WORK
    projects = work.glob("vivado_stitch_proj_*/make_project.tcl")
    (accelerator,) = (path for path in projects if "IODMA" not in path.parent.name)
    (whole,) = work.glob("vivado_zynq_proj_*/ip_config.tcl")
    kinds = ("create_bd_", "add_files", "connect_bd", "make_bd_", "set_property name", "set_property CONFIG")
    stitched = accelerator.read_text(encoding="utf-8").partition("\nsave_bd_design")[0].splitlines()
    config = whole.read_text(encoding="utf-8")
    head = [line for line in config.splitlines() if re.match(r"set [A-Z_]+ ", line)][:5]
    middle = config.partition("start here\n")[2].partition("\n\n#")[0].splitlines()
    return {
        "finn_make_project.tcl": normal("\n".join(line for line in stitched if line.startswith(kinds)), job),
        "finn_ip_config.tcl": normal("\n".join([*head, *middle]), job),
    }


def normal(text: str, job: Job) -> str:
    """`text` with the names of folders replaced: where it is built, where the toolkit is, where FINN is."""
    places = {
        str((job.folder / finn.WORK).resolve()): "WORK",
        get_settings().finn_rtllib: "FINN_RTLLIB",
        str(Path(finn.__file__).resolve().parents[1]): "FPGA",
    }
    for place, name in places.items():
        text = text.replace(place, name)
    text = re.sub(r"(WORK/\w+?_)[a-z0-9_]{8}(?=[/\] ])", r"\1RANDOM", text)
    return f"# SPDX-License-Identifier: BSD-3-Clause\n{text}\n"


def test_the_whole_build(make: Make) -> None:
    """FINN goes through to the bitstream. After a wanted change of its scripts: WRITE_GOLDEN=1, and a look at them."""
    job = make()
    built = finn.build(job)
    assert built.bits.read_text() == "bits\n" and built.tool == "Vivado 2022.2, FINN"
    assert built.timing.met and built.timing.fmax_mhz == pytest.approx(125.0)
    assert built.use == {"lut": 4012, "ff": 5120, "bram36": 2.5, "dsp": 0}
    assert built.available == {"lut": 53200, "ff": 106400, "bram36": 140, "dsp": 220}
    assert (job.folder / "toy.hwh").read_text() == "hand-off\n" and (job.folder / "finn.onnx").exists()
    for name, text in scripts(job).items():
        if "WRITE_GOLDEN" in os.environ:
            (GOLDEN / name).write_text(text, encoding="utf-8")
        assert text == (GOLDEN / name).read_text(encoding="utf-8"), name


def test_the_memories_are_found_wherever_vivado_runs(make: Make) -> None:
    """FINN packs a node's Verilog into an IP elsewhere: a name relative to it would be lost, and the weights zero."""
    job = make()
    finn.build(job)
    wrappers = list((job.folder / finn.WORK).glob("code_gen_ipgen_*Wrap*/*.v"))
    assert len(wrappers) == 3
    for wrapper in wrappers:
        found = re.findall(r'\.InitFile\("([^"]*)"\)', wrapper.read_text(encoding="utf-8"))
        assert all(Path(name).is_absolute() for name in found)
        files = list(wrapper.parent.glob("*.hex"))
        assert all(str(path).startswith(tuple(found)) for path in files) and bool(files) == bool(found)


def test_vivado_s_first_error_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "The design does not fit")
    job = make()
    with pytest.raises(ToolError, match=r"ERROR: \[Place 30-640\] The design does not fit \(.*/vivado.log\)\n.*work"):
        finn.build(job)
    assert not list(job.folder.glob("*.hwh"))


def test_a_clock_that_is_not_reached_is_an_error(make: Make) -> None:
    job = make()
    report = job.programs["vivado"].parent / "timing.rpt"
    report.write_text(TIMING.format(slack="-2.500"), encoding="utf-8")
    with pytest.raises(ToolError, match=r"toy reaches 80.0 MHz of 100 MHz .*lower clock_mhz"):
        finn.build(job)
    assert not list(job.folder.glob("*.hwh"))


def test_what_finn_downloads_is_asked_for_first(make: Make, tmp_path: Path) -> None:
    (tmp_path / "deps" / "finn-hlslib").rmdir()
    job = make()
    with pytest.raises(ToolError, match=r"deps lacks finn-hlslib, .*`finn deps update`"):
        finn.build(job)
    assert not list(job.folder.iterdir())


def test_a_vivado_of_no_version_is_named(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XILINX_VIVADO", str(tmp_path / "newest"))
    with pytest.raises(ToolError, match=r"XILINX_VIVADO is '.*newest', expected"):
        finn.build(make())


def test_paths_and_boards_that_finn_cannot_take(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no path with a blank"):
        finn.build(make(folder=tmp_path / "my build"))
    job = make()
    other = replace(job, board=replace(job.board, zynq=replace(job.board.zynq, finn="")))
    with pytest.raises(UnsupportedError, match="FINN has no board 'pynq-z1'; take toolchain vivado"):
        finn.build(other)


@pytest.mark.parametrize(("kernel", "stride", "parallel"), [([3, 3], 1, 1), ([1, 3], 2, 0)])
def test_windows_that_finns_module_cannot_do_are_named(kernel: list[int], stride: int, parallel: int) -> None:
    def graph(size: int, step: int) -> ModelWrapper:
        node = finn_graphs.window("in", "out", "w", [size] * 2, kernel, [step] * 2, 2, 2, 3, parallel=parallel)
        out = [(size - length) // step + 1 for length in kernel]
        return finn_graphs.graph([node], {"in": [1, size, size, 2], "out": [1, *out, 2 * kernel[0] * kernel[1]]}, 3)

    finn.require_windows(graph(5, 1))
    with pytest.raises(UnsupportedError, match=r"w: FINN's sliding window does not do .*TOOLCHAIN="):
        finn.require_windows(graph(4, stride))


@pytest.mark.parametrize("name", [name for name in board.names() if "finn" in board.load(name).toolchains])
def test_finn_s_part_is_the_board_s(name: str) -> None:
    chosen = board.load(name)
    assert chosen.zynq is not None and pynq_part_map[chosen.zynq.finn] == chosen.part
