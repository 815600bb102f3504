# SPDX-License-Identifier: BSD-3-Clause
"""The top level for Zynq-7000, primitives included, is read by Verilator, slang and Yosys without a warning."""

from pathlib import Path

import pyslang

from fpga import verilate, yosys
from fpga.bitstream import top
from fpga.shell import build
from tests.fpga.bitstream import processor
from tests.fpga.shell import standin

SIZES = (3, 5, 10, 3)
HASH = "0" * 56 + "9abcdef0"  # the upper bit set: a plain decimal number would not do


def test_verilator_has_no_complaint(tmp_path: Path) -> None:
    made = standin.write(tmp_path, *SIZES)
    sources = [tmp_path / "accelerator.sv", *top.zynq7_sources(), *processor.write(tmp_path)]
    # Unused pins of the processor are listed and left open: that is what this option is about.
    parameters = build.parameters(made, HASH)
    assert verilate.lint(sources, top.ZYNQ7, parameters, ["-Wno-PINCONNECTEMPTY"]) == ""


def test_slang_has_no_complaint(tmp_path: Path) -> None:
    """Against the real primitive's ports: no name, direction or width of them is wrong, and none is missing."""
    made = standin.write(tmp_path, *SIZES)
    sources = [tmp_path / "accelerator.sv", *top.zynq7_sources(), *processor.write(tmp_path)[1:]]
    flags = ["-Wextra", "-Werror", "-Wno-empty-inout-connection", "-Wno-empty-output-connection"]
    values = [f"-G {name}={value}" for name, value in build.parameters(made, "0" * 64).items()]
    arguments = ["slang", f"--top {top.ZYNQ7}", *flags, *values, *map(str, sources), f"-v {processor.black_boxes()}"]
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    assert driver.parseCommandLine(" ".join(arguments), pyslang.driver.CommandLineOptions())
    assert driver.processOptions()
    assert driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), quiet=True)
    assert driver.reportDiagnostics(quiet=True)


def test_yosys_has_no_complaint(tmp_path: Path) -> None:
    """No latch, no loop; one processor, one clock buffer; the design's hash is in it."""
    made = standin.write(tmp_path, *SIZES)
    sources = [tmp_path / "accelerator.sv", *top.zynq7_sources()]
    values = " ".join(f"-G {name}={value}" for name, value in top.literals(build.parameters(made, HASH)).items())
    commands = [
        "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
        f"read_slang --top {top.ZYNQ7} {values} {' '.join(map(str, sources))}",
        f"hierarchy -check -top {top.ZYNQ7}",
        "write_rtlil read.il",
        "proc",
        "flatten",
        "opt",
        "select -assert-none t:$dlatch",
        "select -assert-count 1 t:PS7",
        "select -assert-count 1 t:BUFG",
        "check -assert",
    ]
    yosys.run(commands, tmp_path, tmp_path / "log.txt")
    told = [line for line in (tmp_path / "log.txt").read_text().lower().splitlines() if "warning" in line]
    assert told == ["build succeeded: 0 errors, 0 warnings"]
    assert f"{0x9ABCDEF0:032b}" in (tmp_path / "read.il").read_text()
