# SPDX-License-Identifier: BSD-3-Clause
"""The serial bridge's SystemVerilog is accepted by Verilator -Wall, slang and Yosys without a warning or waiver."""

import re
from pathlib import Path

import pyslang
import pytest

from chain.errors import InputError
from fpga import verilate, yosys
from fpga.uart import build
from tests.fpga.shell import standin

SIZES = [(1, 64, 1, 10), (3, 5, 10, 3), (8, 1, 8, 1), (10, 7, 3, 1), (1, 1, 1, 1), (13, 1, 5, 2)]


def given(folder: Path, sizes: tuple[int, int, int, int]) -> tuple[list[Path], dict[str, int]]:
    """Files and parameters of the bridge round a stand-in."""
    made = standin.write(folder, *sizes)
    return [*build.sources(), folder / "accelerator.sv"], build.parameters(made, f"{0x1ABCDEF0:064x}", 50.0, 2_000_000)


@pytest.mark.parametrize("sizes", SIZES)
def test_verilator_has_no_complaint(sizes: tuple[int, int, int, int], tmp_path: Path) -> None:
    sources, parameters = given(tmp_path, sizes)
    assert verilate.lint(sources, build.TOP, parameters) == ""


@pytest.mark.parametrize("sizes", SIZES)
def test_slang_has_no_complaint(sizes: tuple[int, int, int, int], tmp_path: Path) -> None:
    sources, parameters = given(tmp_path, sizes)
    flags = ["-Wextra", "-Wconversion", "-Wno-useless-cast", "-Wno-packed-array-conv", "-Werror", f"--top={build.TOP}"]
    values = [f"-G {name}={value}" for name, value in parameters.items()]
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    assert driver.parseCommandLine(" ".join(["slang", *flags, *values, *map(str, sources)]))
    assert driver.processOptions()
    assert driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), quiet=True)
    assert driver.reportDiagnostics(quiet=True)


def test_yosys_takes_it_as_it_is(tmp_path: Path) -> None:
    """No vendor primitive, no multiplier, no latch, no option for slang; the images lie in a memory."""
    sources, parameters = given(tmp_path, (1, 784, 1, 10))
    own = [path for path in sources if path.parent == build.HERE]
    (tmp_path / "hollow.sv").write_text(_HOLLOW, encoding="utf-8")
    values = " ".join(f"-G {name}={value}" for name, value in parameters.items())
    commands = [
        f"read_slang --top {build.TOP} {values} {' '.join(map(str, own))} {tmp_path / 'hollow.sv'}",
        f"hierarchy -check -top {build.TOP}",
        "proc",
        "flatten",
        "opt",
        "select -assert-none t:$mul t:$div t:$mod t:$dlatch",
        "check -assert",
        "synth_ecp5",
        "select -assert-count 1 t:DP16KD",
        "check -assert",
    ]
    log = tmp_path / "log.txt"
    yosys.run(commands, tmp_path, log)
    warnings = [text for text in log.read_text().splitlines() if "warning:" in text.lower()]
    assert not [text for text in warnings if not _FOREIGN.search(text)]


# Said of Yosys' own libraries and of its calls of ABC, not of the design.
_FOREIGN = re.compile(r"^ABC: Warning: |SystemVerilog keyword `bit' \(at .*/share/")
_HOLLOW = """module accelerator (
  input logic ap_clk, ap_rst_n, s_axis_tvalid, m_axis_tready,
  input logic [7:0] s_axis_tdata,
  output logic s_axis_tready, m_axis_tvalid,
  output logic [7:0] m_axis_tdata
);
  assign s_axis_tready = m_axis_tready;
  assign m_axis_tvalid = s_axis_tvalid;
  assign m_axis_tdata  = ~s_axis_tdata;
endmodule
"""


@pytest.mark.parametrize(
    ("clock_mhz", "baud", "text"),
    [
        (50.0, 3_000_000, "50.0 MHz does not make 3000000 baud"),
        (5.0, 2_500_000, "4 or more times"),
        (50.0, 0, "expected a multiple"),
        (0.0375, 9_375, "expected whole kHz"),
    ],
)
def test_a_line_that_the_clock_cannot_make(clock_mhz: float, baud: int, text: str) -> None:
    with pytest.raises(InputError) as error:
        build.parameters(standin.design(1, 2, 1, 2), "0" * 64, clock_mhz, baud)
    assert text in str(error.value)


@pytest.mark.parametrize("cell", ["uart_receiver", "uart_transmitter"])
def test_too_few_clocks_a_bit_are_refused(cell: str) -> None:
    assert "ClocksPerBit is 3, expected at least 4" in verilate.lint(build.sources(), cell, {"ClocksPerBit": 3})
