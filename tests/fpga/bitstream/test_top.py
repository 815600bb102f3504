# SPDX-License-Identifier: BSD-3-Clause
"""The top levels for Zynq, primitives included, are read by Verilator, slang and Yosys without a warning."""

from pathlib import Path

import pyslang
import pytest

from fpga import verilate, yosys
from fpga.bitstream import top
from fpga.shell import build
from tests.fpga.bitstream import processor
from tests.fpga.shell import standin

SIZES = (3, 5, 10, 3)
HASH = "0" * 56 + "9abcdef0"  # the upper bit set: a plain decimal number would not do
TOPS = pytest.mark.parametrize("name", [top.ZYNQ7, top.ZYNQMP])


def test_every_top_level_is_there() -> None:
    """A file that no test below, or of test_ulx3s.py, reads would escape them."""
    assert {path.stem for path in top.TOPS.glob("*.sv")} == {*top.ZYNQ.values(), "axi_to_lite", "ulx3s"}


@TOPS
def test_verilator_has_no_complaint(name: str, tmp_path: Path) -> None:
    made = standin.write(tmp_path, *SIZES)
    sources = [tmp_path / "accelerator.sv", *top.zynq_sources(name), *processor.write(tmp_path, name)]
    # Unused pins of the processor are listed and left open: that is what this option is about.
    parameters = build.parameters(made, HASH)
    assert verilate.lint(sources, name, parameters, ["-Wno-PINCONNECTEMPTY"]) == ""


@TOPS
def test_slang_has_no_complaint(name: str, tmp_path: Path) -> None:
    """Against the real primitive's ports: no name, direction or width of them is wrong, and none is missing."""
    made = standin.write(tmp_path, *SIZES)
    declared = processor.black_boxes().read_text(encoding="utf-8")
    others = [path for path in processor.write(tmp_path, name) if f"module {path.stem}(" not in declared]
    sources = [tmp_path / "accelerator.sv", *top.zynq_sources(name), *others]
    flags = ["-Wextra", "-Werror", "-Wno-empty-inout-connection", "-Wno-empty-output-connection"]
    values = [f"-G {key}={value}" for key, value in build.parameters(made, "0" * 64).items()]
    arguments = ["slang", f"--top {name}", *flags, *values, *map(str, sources), f"-v {processor.black_boxes()}"]
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    assert driver.parseCommandLine(" ".join(arguments), pyslang.driver.CommandLineOptions())
    assert driver.processOptions()
    assert driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), quiet=True)
    assert driver.reportDiagnostics(quiet=True)


@TOPS
def test_yosys_has_no_complaint(name: str, tmp_path: Path) -> None:
    """No latch, no loop; one processor, one clock buffer; the design's hash is in it."""
    made = standin.write(tmp_path, *SIZES)
    sources = [tmp_path / "accelerator.sv", *top.zynq_sources(name)]
    chip, buffer = (path.stem for path in processor.write(tmp_path, name))
    values = " ".join(f"-G {key}={value}" for key, value in top.literals(build.parameters(made, HASH)).items())
    commands = [
        "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
        f"read_slang --top {name} {values} {' '.join(map(str, sources))}",
        f"hierarchy -check -top {name}",
        "write_rtlil read.il",
        "proc",
        "flatten",
        "opt",
        "select -assert-none t:$dlatch",
        f"select -assert-count 1 t:{chip}",
        f"select -assert-count 1 t:{buffer}",
        "check -assert",
    ]
    yosys.run(commands, tmp_path, tmp_path / "log.txt")
    told = [line for line in (tmp_path / "log.txt").read_text().lower().splitlines() if "warning" in line]
    assert told == ["build succeeded: 0 errors, 0 warnings"]
    assert f"{0x9ABCDEF0:032b}" in (tmp_path / "read.il").read_text()
