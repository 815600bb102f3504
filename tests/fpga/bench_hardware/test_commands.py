# SPDX-License-Identifier: BSD-3-Clause
"""The command on layers of a few products: rows, page, and that what is known is not synthesised again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpga import yosys
from fpga.bench_hardware import place, plan
from fpga.bench_hardware.commands import main
from fpga.bench_hardware.layer import Layer

SMALL = Layer(4, 2, 1, 2, "binary", 1, 2)
UNROLLED = Layer(3, 2, 2, 3, "4-bit", 1, 4)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "layers", lambda full: [SMALL])
    monkeypatch.setattr(plan, "unrolled", lambda full: [UNROLLED])
    monkeypatch.setattr(plan, "placed", lambda: [SMALL])
    monkeypatch.setattr(place, "SEEDS", (1,))


def test_rows_and_page(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--build", str(tmp_path), "--processes", "1"]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = json.loads((tmp_path / "bench" / "hardware.json").read_text())
    assert [row["kind"] for row in rows] == ["layer", "unrolled", "mean", "mean", "mean", "mean"]
    layer, unrolled = rows[:2]
    assert layer["settings"]["accumulator_bits"] == {"ours": 2, "plain32": 32, "finn-min": 4, "plain8": 2}
    assert layer["rivals"]["plain32"]["lut"] > layer["rivals"]["plain8"]["lut"] > 0
    assert layer["ratios"]["plain32"] == layer["rivals"]["plain32"]["lut"] / layer["ours"]["lut"]
    assert unrolled["rivals"]["da4ml"]["lut"] > 0 and layer["ours"]["levels"] > 0
    assert layer["settings"]["layer"] in (tmp_path / "bench" / "hardware.html").read_text()

    def none(*_: object) -> None:
        raise AssertionError("synthesised again")

    monkeypatch.setattr(yosys, "run", none)
    again = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert again.exit_code == 0 and json.loads((tmp_path / "bench" / "hardware.json").read_text()) == rows


def test_the_full_form_places_and_says_which_networks_are_not_there(small: None, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--build", str(tmp_path), "--full"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "cifar-cnv: no RTL" in done.stderr
    rows = json.loads((tmp_path / "bench" / "hardware.json").read_text())
    (placed,) = (row for row in rows if row["kind"] == "placed")
    assert placed["ours"]["cells"] > 0 and placed["rivals"]["plain32"]["fmax_mhz"] > 0
    assert set(placed["fmax_ratios"]) == {"plain32", "plain8"}
