# SPDX-License-Identifier: BSD-3-Clause
"""Every cell passes Verilator -Wall, slang and Yosys (read_slang, synth_xilinx) without a warning; errors are named."""

import re
import subprocess
import sys
from pathlib import Path

import pyslang
import pytest

from fpga.unrolled import verilog
from fpga.verilate import lint
from tests.fpga.rtl import (
    test_max_levels,
    test_sliding,
    test_stream_fifo,
    test_streams,
    test_windows,
    test_wrap_activation,
    test_wrap_mvu,
)
from tests.fpga.rtl import test_wrap_vvu as test_vvu
from tests.fpga.rtl.bench import RTL, write_top

FILES = sorted(RTL.glob("*.sv"))
CASES = [
    test_stream_fifo.case(8, 2),
    test_stream_fifo.case(8, 17),
    test_streams.fork_case(8),
    test_streams.add_case(2, 4, 3, 5),
    test_streams.narrow_case(7, 3),
    test_windows.max_case(6, 4, 3, 1),
    test_windows.pool_case(5, 7, 2, 3, 6, 1, 2),
    test_windows.pool_case(4, 6, 2, 2, 4, 4, 3),
    test_windows.pool_case(5, 7, 2, 3, 6, 1, 2, "pool_ahead"),
    *test_sliding.CASES[:1],
    *test_sliding.CASES[-5:-3],
    test_max_levels.matrix(test_wrap_mvu.SHAPES, 6, 3, "auto"),
    test_max_levels.limited(test_wrap_activation.case(92, (96, 1, 6, 1, 3, 2, 0), "search"), 3),
    test_windows.sum_case(8, 2, 49, 4, 10),
    test_windows.arg_max_case(10, 5, 8, 4),
    test_wrap_activation.fold_case(8, 3, 2),
    test_wrap_activation.case(1, (8, 2, 8, 1, 3, 2, 0), "search"),
    test_wrap_activation.case(2, (6, 3, 6, 1, 0, 1, 0), "table"),
    test_wrap_activation.case(3, (6, 3, 8, 1, 3, 1, 0), "interval"),
    test_wrap_mvu.case(1, (26, 4, 13, 2, 2, 1, 8)),
    test_wrap_mvu.case(2, (8, 2, 4, 2, 3, 2, 6)),
    test_wrap_mvu.case(5, (18, 4, 9, 2, 3, 2, 6)),
    test_wrap_mvu.case(6, (8, 4, 4, 2, 2, 4, 7)),
    test_wrap_mvu.case(8, (8, 2, 8, 2, 3, 3, 5)),
    test_wrap_mvu.case(3, (12, 6, 4, 1, 4, 1, 8, 2), "block"),
    test_wrap_mvu.case(4, (9, 2, 3, 1, 2, 1, 8), "distributed"),
    test_vvu.case(1, (4, 9, 2, 2, 1, 8)),
    test_vvu.case(2, (2, 3, 1, 2, 3, 6)),
]
BAD = [
    ("stream_fifo", {"Depth": 1}, "Depth is 1, expected at least 2"),
    ("stream_add", {"In0Bits": 5, "In1Bits": 5, "OutBits": 5}, "cannot hold the sum"),
    ("window_max", {"Ch": 5, "Pe": 2}, "Pe = 2 does not divide Ch = 5"),
    ("stream_narrow", {"Parts": 1}, "Width is 4 and Parts 1, expected at least 1 and 2"),
    ("pool_max", {"Ch": 5, "Pe": 2}, "Pe = 2 does not divide Ch = 5"),
    ("pool_max", {"Height": 3, "Kh": 4}, "the kernel is 4 x 2, expected 1 x 1 to 3 x 2"),
    ("pool_ahead", {"Height": 3, "Kh": 4}, "the kernel is 4 x 2, expected 1 x 1 to 3 x 2"),
    ("sliding_window", {"Places": 12}, "Places is 12, expected a power of two"),
    ("parallel_window", {"Kh": 4}, "windows of 4 x 3, expected 1 x 1 to 3 x 3"),
    ("step_counter", {"Count": 3, "Start": 3}, "Start is 3, expected less than Count = 3"),
    ("window_sum", {"Pixels": 5, "InBits": 4, "OutBits": 6}, "OutBits = 6 cannot hold"),
    ("arg_max", {"Classes": 10, "IndexBits": 3}, "cannot number 10 classes"),
    ("wrap_activation", {"Style": "tree"}, "expected .search., .table. or .interval."),
    ("wrap_activation", {"InSigned": 0, "Fold": 3}, "needs a signed input"),
    ("wrap_activation", {"Style": "interval"}, "OutBits is 2, expected 1 for Style"),
    ("interval_lane", {"Fold": 5}, "Fold is 5 and InBits 8, expected 2.t - 1"),
    ("wrap_mvu", {"Mw": 7, "Simd": 2}, "Simd = 2 does not divide Mw = 7"),
    ("wrap_mvu", {"Mh": 6, "Pe": 2, "Groups": 2}, "Pe = 2 does not divide Mh / Groups = 6 / 2"),
    ("wrap_mvu", {"AccBits": 33}, "AccBits is 33, expected 2 to 32"),
    ("wrap_mvu", {"Mh": 2, "RomStyle": "ultra"}, "expected .auto., .block. or .distributed."),
    ("wrap_mvu", {"WeightBits": 2, "Products": "digits"}, "expected .planes., .ternary. or .booth."),
    ("digit_dot", {"WeightBits": 3}, "WeightBits is 3, expected 2 for ternary weights"),
    ("wrap_vvu", {"Ch": 7, "Pe": 3}, "Pe = 3 does not divide Ch = 7"),
]
# Yosys says these of its own libraries and of its calls of ABC, not of the design.
FOREIGN = re.compile(r"^ABC: Warning: |SystemVerilog keyword `bit' \(at .*/share/")


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One module with an instance of every case, and the memories beside it."""
    return write_top(CASES, tmp_path_factory.mktemp("lint"))


def test_every_cell_is_there() -> None:
    """Files that no case instantiates, directly or not, would escape the tests below."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in FILES}
    for name in texts:
        used = any(f"{name} #(" in text for other, text in texts.items() if other != name)
        used |= any(f"{name}::" in text for text in texts.values())  # a package
        used |= name in verilog.CELLS  # of generated modules (tests/fpga/unrolled)
        assert used or name in {case.cell for case in CASES}, name


@pytest.mark.parametrize("define", ["WRAPNET_COUNTED", "WRAPNET_TABLES", "WRAPNET_ADDERS"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.cell}-{case}")
def test_verilator(case: test_wrap_mvu.Case, define: str) -> None:
    assert lint(FILES, case.cell, case.parameters, [f"-D{define}"]) == ""


@pytest.mark.parametrize(("cell", "parameters", "message"), BAD)
def test_bad_parameters_are_named(cell: str, parameters: dict[str, int | str], message: str) -> None:
    assert re.search(message, lint(FILES, cell, parameters))


def test_slang(top: Path) -> None:
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    flags = ["-Wextra", "-Wconversion", "-Wno-useless-cast", "-Wno-packed-array-conv", "-Werror", "--top=bench"]
    assert driver.parseCommandLine(" ".join(["slang", *flags, *map(str, FILES), str(top)]))
    assert driver.processOptions()
    assert driver.parseAllSources()
    compilation = driver.createCompilation()
    driver.reportCompilation(compilation, quiet=True)
    assert driver.reportDiagnostics(quiet=True)


def test_yosys(top: Path) -> None:
    script = f"read_slang --top bench {' '.join(map(str, FILES))} {top}; "
    script += "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top bench; check -assert"
    program = f"from pyosys import libyosys as ys\nfor p in {script.split('; ')!r}: ys.run_pass(p, design)"
    program = program.replace("\nfor", "\ndesign = ys.Design()\nfor")
    done = subprocess.run([sys.executable, "-c", program], cwd=top.parent, capture_output=True, text=True, check=False)
    log = done.stdout + done.stderr
    assert done.returncode == 0, log[-2000:]
    assert not [line for line in log.splitlines() if "warning:" in line.lower() and not FOREIGN.search(line)]
