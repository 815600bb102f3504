# SPDX-License-Identifier: BSD-3-Clause
"""openXC7: real synthesis of a whole board, its netlist simulated; place and route are stand-ins that record."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chain.errors import ToolError, UnsupportedError
from fpga import mapping, resources
from fpga.bitstream import board as boards
from fpga.bitstream import netlist, openxc7, synthesis, toolchains, xray
from fpga.bitstream.job import Job
from fpga.shell.library import Board
from tests import graphs
from tests.fpga import hardware
from tests.fpga.bitstream import toy_job

# In the form of nextpnr-xilinx: an estimate after placement, the analysis after routing.
LOG = """Info: Device utilisation:
Info: \t         SLICE_LUTX:  612/106400     0%
Info: \t            RAMB18E1:    1/  280     0%
Info: Max frequency for clock 'clk': 61.00 MHz (FAIL at 100.00 MHz)
Info: Critical path report for clock 'clk' (posedge -> posedge):
Info: curr total
Info:  0.4  0.4  Source i_shell.i_accelerator.i_{instance}.cell_inst.sum_q_FDRE_Q.Q
Info: Max frequency for clock   'clk': {mhz} MHz ({word} at 100.00 MHz)
"""
PROGRAMS = {
    "nextpnr-xilinx": """
if [ "$1" = --version ]; then echo '"nextpnr-xilinx" -- Next Generation Place and Route (Version 0.8.2)' >&2; exit; fi
cat "$0.log"
[ -f "$0.fails" ] && exit 1
touch design.fasm""",
    "fasm2frames": 'echo "frames of $5"',
    "xc7frames2bit": """
while [ "$1" ]; do [ "$1" = --output_file ] && echo bits > "$2"; shift; done""",
}

Make = Callable[..., Job]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return toy_job.make(tmp_path_factory.mktemp("build dir"), "pynq-z2")


@pytest.fixture(scope="module")
def made(toy: Job) -> synthesis.Netlist:
    return synthesis.synthesise(toy, toy.folder / "synthesis")


@pytest.fixture
def make(toy: Job, made: synthesis.Netlist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A job with programs on the PATH that write their arguments down, databases, and the synthesis done before."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, body in PROGRAMS.items():
        text = f'#!/bin/sh\necho "{name}" "$@" >> "{tmp_path}/calls"\ncd "{tmp_path}/job"\n{body}\n'
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    for path in ("chipdb/xc7z020clg400.bin", "xray/zynq7/xc7z020clg400-1/part.yaml"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    monkeypatch.setenv("ZYNQ7_CHIPDB", str(tmp_path / "chipdb"))
    monkeypatch.setenv("PRJXRAY_DB_DIR", str(tmp_path / "xray"))
    monkeypatch.setattr(synthesis, "synthesise", lambda job, folder: made)

    def job(mhz: float = 123.45, fails: bool = False) -> Job:
        instance = toy.design.layers[1].instance.removeprefix("i_")
        text = LOG.format(instance=instance, mhz=mhz, word="PASS" if mhz >= 100 else "FAIL")
        (tools / "nextpnr-xilinx.log").write_text(text if mhz else "ERROR: no BEL for cell 'x'\n", encoding="utf-8")
        if fails:
            (tools / "nextpnr-xilinx.fails").touch()
        chosen = toolchains.choose(toy.board, "openxc7")
        return toy_job.at(toy, tmp_path / "job", toolchains.require(toy.board, chosen))

    return job


def test_every_cell_of_the_board_is_a_primitive(made: synthesis.Netlist) -> None:
    assert made.cells["PS7"] == 1 and made.cells["BUFG"] == 1 and made.cells["FDRE"] > 1_000
    cells = json.loads(made.json.read_text())["modules"]["zynq7"]["cells"]
    assert sum(made.cells.values()) == len(cells)
    assert {cell["type"] for cell in cells.values()} <= synthesis.FAMILIES["PS7"].cells


def test_the_recipe_is_that_of_the_resources(made: synthesis.Netlist) -> None:
    """The cells of primitives, memories mapped by themselves; pairs of look-up tables end as two."""
    kind = synthesis.FAMILIES["PS7"]
    recipe = synthesis.commands(kind, ["accelerator.sv"], {"Mhz": "32'h64"})
    assert set(resources.synthesis(kind.top, "synth_xilinx -family xc7 -flatten")) < set(recipe)
    fast = synthesis.commands(kind, ["accelerator.sv"], {"Mhz": "32'h64"}, short=True)
    assert [line for line in fast if line.startswith("synth_xilinx") and " -nosrl " in line]
    log = (made.json.parent / "log.txt").read_text(encoding="utf-8")
    assert re.search(r"Using template \S*lut_pair for cells of type LUT6_2", log)


def test_an_ultrascale_s_cells_are_primitives_too(toy: Job, tmp_path: Path) -> None:
    made = synthesis.synthesise(replace(toy, board=boards.load("zcu104")), tmp_path)
    assert made.cells["PS8"] == 1 and made.cells["BUFG_PS"] == 1 and made.cells["FDRE"] > 1_000


def test_other_cells_are_named(tmp_path: Path) -> None:
    def write(*types: str) -> Path:
        cells = {f"c{index}": {"type": kind} for index, kind in enumerate(types)}
        (tmp_path / "n.json").write_text(json.dumps({"modules": {"zynq7": {"cells": cells}}}), encoding="utf-8")
        return tmp_path / "n.json"

    kind = synthesis.FAMILIES["PS7"]
    with pytest.raises(ToolError, match=r"no primitives of xc7: 2 \$mux, 1 CARRY8"):
        synthesis.require_mapped(write("PS7", "$mux", "CARRY8", "$mux"), kind)
    with pytest.raises(ToolError, match="2 cells PS7, expected one"):
        synthesis.require_mapped(write("PS7", "PS7"), kind)
    assert synthesis.require_mapped(write("PS7", "LUT2", "LUT2"), kind) == {"LUT2": 2, "PS7": 1}


def test_the_netlist_computes_what_the_graph_does(made: synthesis.Netlist, toy: Job) -> None:
    """Through the processor's ports: registers, DMAs and the accelerator, in the cells that place and route gets."""
    images = hardware.pixels(graphs.linear(0), 20)
    library = netlist.library(made, toy, hardware.CACHE)
    ddr, done = bytearray(1 << 16), []
    with Board(library, toy.rtl, ddr) as board:
        board.set_stall(3, 30)
        outputs = netlist.run(board, ddr, toy, images, done.append)
    graph = mapping.ModelWrapper(str(toy.rtl.parent / "dataflow.onnx"))
    expected = mapping.execute(graph, images)["output"]
    assert np.array_equal(outputs, expected.reshape(outputs.shape)) and len(np.unique(outputs)) > 3
    assert sum(done) == 20
    with (
        pytest.raises(ToolError, match=r"need .* bytes of memory, the board has 64"),
        Board(library, toy.rtl, ddr) as b,
    ):
        netlist.run(b, bytearray(64), toy, images, done.append)
    with pytest.raises(UnsupportedError, match="Zynq-7000 alone, not for board 'zcu104'"):
        netlist.library(made, replace(toy, board=boards.load("zcu104")), hardware.CACHE)


def test_the_whole_flow(make: Make, tmp_path: Path, made: synthesis.Netlist) -> None:
    job = make()
    built = openxc7.build(job)
    assert built.bits.read_text() == "bits\n" and built.tool == "nextpnr-xilinx 0.8.2"
    assert built.timing.fmax_mhz == 123.45 and built.timing.met
    assert built.timing.layer == job.design.layers[1].layer
    assert built.use == {"SLICE_LUTX": 612, "RAMB18E1": 1} and built.available["SLICE_LUTX"] == 106400
    calls = (tmp_path / "calls").read_text().replace(str(tmp_path), "T").replace(str(made.json), "J").splitlines()
    assert calls == [
        "nextpnr-xilinx --version",
        "nextpnr-xilinx --chipdb T/chipdb/xc7z020clg400.bin --xdc T/job/design.xdc --json J "
        "--fasm T/job/design.fasm --freq 100",
        "fasm2frames --part xc7z020clg400-1 --db-root T/xray/zynq7 T/job/design.fasm",
        "xc7frames2bit --part_file T/xray/zynq7/xc7z020clg400-1/part.yaml --part_name xc7z020clg400-1 "
        "--frm_file T/job/design.frames --output_file T/job/design.bit",
    ]
    assert (job.folder / "design.frames").read_text() == "frames of T/job/design.fasm\n".replace("T", str(tmp_path))


@pytest.mark.parametrize("fails", [True, False])
def test_a_clock_that_is_not_reached(make: Make, fails: bool) -> None:
    """nextpnr fails then, unless told not to."""
    job = make(88.25, fails)
    layer = job.design.layers[1].layer
    with pytest.raises(ToolError, match=rf"reaches 88.2 MHz of 100 MHz .*in layer '{layer}'\): lower clock_mhz"):
        openxc7.build(job)
    assert not (job.folder / "design.bit").exists()


def test_a_program_that_fails(make: Make) -> None:
    job = make(0, fails=True)
    with pytest.raises(
        ToolError, match=r"nextpnr-xilinx failed \(exit 1\): ERROR: no BEL .*\nWhole log: .*nextpnr.log"
    ):
        openxc7.build(job)


def test_databases_that_are_missing_are_named(make: Make, tmp_path: Path) -> None:
    job = make()
    (tmp_path / "chipdb" / "xc7z020clg400.bin").unlink()
    with pytest.raises(ToolError, match=r"xc7z020clg400\.bin \(ZYNQ7_CHIPDB .*bbaexport.py --device xc7z020clg400-1 "):
        openxc7.build(job)
    (tmp_path / "xray" / "zynq7" / "xc7z020clg400-1" / "part.yaml").unlink()
    with pytest.raises(ToolError, match=r"bbasm .*part\.yaml \(PRJXRAY_DB_DIR names"):
        xray.find(job.board.part)
    assert not list(job.folder.iterdir())
