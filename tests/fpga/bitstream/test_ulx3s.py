# SPDX-License-Identifier: BSD-3-Clause
"""The top level for the ULX3S, PLL included, is read by Verilator, slang and Yosys without a warning."""

import re
from pathlib import Path

import pyslang
import pytest

from fpga import verilate, yosys
from fpga.bitstream import top
from fpga.uart import build
from tests.fpga.shell import standin

NAME = "ulx3s"
HASH = "0" * 56 + "9abcdef0"
PRIMITIVES = yosys.share() / "ecp5" / "cells_bb.v"


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    standin.write(tmp_path, 3, 5, 10, 3)
    return [tmp_path / "accelerator.sv", *build.sources(), top.TOPS / f"{NAME}.sv"]


@pytest.fixture
def parameters(sources: list[Path], tmp_path: Path) -> dict[str, int]:
    return build.parameters(standin.write(tmp_path, 3, 5, 10, 3), HASH, 50.0, 2_000_000)


def test_verilator_has_no_complaint(sources: list[Path], parameters: dict[str, int], tmp_path: Path) -> None:
    found = re.search(r"^module EHXPLLL\(.*?^endmodule", PRIMITIVES.read_text(encoding="utf-8"), re.M | re.S)
    assert found
    rules = ("UNUSEDSIGNAL", "UNUSEDPARAM", "UNDRIVEN", "DECLFILENAME")  # of a module with nothing in it
    off = "".join(f"/* verilator lint_off {rule} */\n" for rule in rules)
    (tmp_path / "pll.v").write_text(f"{off}{found[0]}\n", encoding="utf-8")
    # Pins of the PLL that nothing reads are listed and left open: that is what this option is about.
    assert verilate.lint([*sources, tmp_path / "pll.v"], NAME, parameters, ["-Wno-PINCONNECTEMPTY"]) == ""


def test_slang_has_no_complaint(sources: list[Path], parameters: dict[str, int]) -> None:
    """Against the real primitive's ports and parameters: no name, direction or width of them is wrong."""
    # The casts say widths in a concatenation; the twice given attribute is in the file of Yosys.
    flags = ["-Wextra", "-Werror", "-Wno-empty-output-connection", "-Wno-useless-cast", "-Wno-dup-attr"]
    parameters["DesignHash"] = 0  # slang's command line takes no literal of 32 bits
    values = [f"-G {key}={value}" for key, value in parameters.items()]
    arguments = ["slang", f"--top {NAME}", *flags, *values, *map(str, sources), f"-v {PRIMITIVES}"]
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    assert driver.parseCommandLine(" ".join(arguments), pyslang.driver.CommandLineOptions())
    assert driver.processOptions()
    assert driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), quiet=True)
    assert driver.reportDiagnostics(quiet=True)


def test_yosys_has_no_complaint(sources: list[Path], parameters: dict[str, int], tmp_path: Path) -> None:
    values = " ".join(f"-G {key}={value}" for key, value in top.literals(parameters).items())
    commands = [
        f"read_slang --top {NAME} {values} {PRIMITIVES} {' '.join(map(str, sources))}",
        f"hierarchy -check -top {NAME}",
        "proc",
        "flatten",
        "opt",
        "select -assert-none t:$dlatch",
        "select -assert-count 1 t:EHXPLLL",
        "check -assert",
    ]
    yosys.run(commands, tmp_path, tmp_path / "log.txt")
    told = [line for line in (tmp_path / "log.txt").read_text().lower().splitlines() if "warning" in line]
    assert told == ["build succeeded: 0 errors, 0 warnings"]
