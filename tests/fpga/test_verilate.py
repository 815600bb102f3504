# SPDX-License-Identifier: BSD-3-Clause
"""The Verilator build helper: a cached library, and errors that name the tool's first complaint and the log."""

import ctypes
import re
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import ToolError
from fpga.verilate import DEFAULT_CACHE, Build, build, digest, lint

CACHE = Path(__file__).resolve().parents[2] / DEFAULT_CACHE
SOURCE = """module adder #(parameter int Offset = 1) (input logic [7:0] a_i, output logic [7:0] b_o);
  assign b_o = a_i + 8'(Offset);
endmodule
"""
HARNESS = """#include "Vadder.h"
extern "C" int add(int a) { VerilatedContext c; Vadder t{&c}; t.a_i = a; t.eval(); return t.b_o; }
"""


@pytest.fixture
def spec(tmp_path: Path) -> Build:
    (tmp_path / "adder.sv").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "adder.cpp").write_text(HARNESS, encoding="utf-8")
    return Build("adder", [tmp_path / "adder.sv"], [tmp_path / "adder.cpp"], parameters={"Offset": 5}, cflags=("-O0",))


def test_library_is_built_once(spec: Build) -> None:
    path = build(spec, CACHE, "test-adder")
    assert ctypes.CDLL(str(path)).add(250) == 255
    written = path.stat().st_mtime_ns
    assert build(spec, CACHE, "test-adder") == path
    assert path.stat().st_mtime_ns == written


def test_digest_follows_every_input(spec: Build, tmp_path: Path) -> None:
    seen = {digest(spec), digest(replace(spec, parameters={"Offset": 6})), digest(replace(spec, cflags=("-O3",)))}
    seen |= {digest(replace(spec, defines={"FAST": ""})), digest(replace(spec, x_initial="0"))}
    (tmp_path / "adder.sv").write_text(SOURCE + "\n", encoding="utf-8")
    seen.add(digest(spec))
    (tmp_path / "adder.cpp").write_text(HARNESS + "\n", encoding="utf-8")
    seen.add(digest(spec))
    assert len(seen) == 7


def test_error_names_the_line_and_the_log(spec: Build, tmp_path: Path) -> None:
    (tmp_path / "adder.sv").write_text(SOURCE.replace("a_i +", "nothing +"), encoding="utf-8")
    with pytest.raises(ToolError, match=r"verilator failed.*adder\.sv:2.*nothing") as error:
        build(spec, tmp_path / "cache", "broken")
    log = re.search(r"Whole log: (.*)", str(error.value))
    assert log and "nothing" in Path(log[1]).read_text(encoding="utf-8")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir() and "broken" in path.name]


def test_missing_file_is_named(spec: Build) -> None:
    with pytest.raises(ToolError, match=r"absent\.sv"):
        build(replace(spec, sources=[Path("absent.sv")]), CACHE)


def test_lint_reports(spec: Build, tmp_path: Path) -> None:
    assert lint(spec.sources, "adder") == ""
    (tmp_path / "adder.sv").write_text(SOURCE.replace("8'(Offset)", "Offset"), encoding="utf-8")
    assert "WIDTHEXPAND" in lint(spec.sources, "adder")
