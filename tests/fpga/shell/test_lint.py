# SPDX-License-Identifier: BSD-3-Clause
"""The shell's SystemVerilog is accepted by Verilator -Wall, slang and Yosys without a single warning or waiver."""

from pathlib import Path

import pyslang
import pytest

from fpga import verilate, yosys
from fpga.shell import build
from tests.fpga.shell import standin

SIZES = [(1, 5, 1, 3), (3, 5, 10, 3), (8, 1, 8, 1), (10, 7, 3, 1), (6, 2, 20, 2), (13, 1, 5, 2)]


@pytest.mark.parametrize("sizes", SIZES)
def test_verilator_has_no_complaint(sizes: tuple[int, int, int, int], tmp_path: Path) -> None:
    made = standin.write(tmp_path, *sizes)
    sources = [*build.sources(), tmp_path / "accelerator.sv"]
    assert verilate.lint(sources, "shell", build.parameters(made, "0" * 56 + "9abcdef0")) == ""


@pytest.mark.parametrize("sizes", SIZES)
def test_slang_has_no_complaint(sizes: tuple[int, int, int, int], tmp_path: Path) -> None:
    made = standin.write(tmp_path, *sizes)
    sources = [*build.sources(), tmp_path / "accelerator.sv"]
    values = [f"-G {name}={value}" for name, value in build.parameters(made, "0" * 64).items()]
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    arguments = ["slang", "--top shell", "-Wextra", "-Werror", *values, *map(str, sources)]
    assert driver.parseCommandLine(" ".join(arguments), pyslang.driver.CommandLineOptions())
    assert driver.processOptions()
    assert driver.parseAllSources()
    compilation = driver.createCompilation()
    complaints = [d for d in compilation.getAllDiagnostics() if d.isError() or "unused" not in str(d.code)]
    assert not complaints, pyslang.DiagnosticEngine.reportAll(driver.sourceManager, complaints)


def test_yosys_takes_it_as_it_is(tmp_path: Path) -> None:
    """No vendor primitive, no multiplier (a DSP slice), no latch, no option for slang."""
    made = standin.write(tmp_path, 3, 5, 10, 3)
    accelerator = tmp_path / "accelerator.sv"
    accelerator.write_text(accelerator.read_text().partition(");\n")[0] + _PORTS.format(made.input, made.output))
    values = " ".join(f"-G {name}={value}" for name, value in build.parameters(made, "0" * 64).items())
    commands = [
        f"read_slang --top shell {values} {' '.join(map(str, build.sources()))} {accelerator}",
        "hierarchy -check -top shell",
        "proc",
        "flatten",
        "opt",
        "select -assert-none t:$mul t:$div t:$mod t:$dlatch",
        "check -assert",
    ]
    yosys.run(commands, tmp_path, tmp_path / "log.txt")
    assert "warning:" not in (tmp_path / "log.txt").read_text().lower()


# A hollow accelerator: only the shell's own logic is looked at.
_PORTS = """);
  input logic ap_clk, ap_rst_n, s_axis_tvalid, m_axis_tready;
  input logic [{0.word_bytes}*8-1:0] s_axis_tdata;
  output logic s_axis_tready, m_axis_tvalid;
  output logic [{1.word_bytes}*8-1:0] m_axis_tdata;
  assign s_axis_tready = m_axis_tready;
  assign m_axis_tvalid = s_axis_tvalid;
  assign m_axis_tdata  = '0;
endmodule
"""
