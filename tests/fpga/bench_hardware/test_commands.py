# SPDX-License-Identifier: BSD-3-Clause
"""The command on layers of a few products: rows, page, and that what is known is not synthesised again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpga import yosys
from fpga.bench_hardware import flow, place, plan
from fpga.bench_hardware.commands import main
from fpga.bench_hardware.layer import Layer

SMALL = Layer(4, 2, 1, 2, "binary", 1, 2)
UNROLLED = Layer(3, 2, 2, 3, "4-bit", 1, 4)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "layers", lambda full: [SMALL])
    monkeypatch.setattr(plan, "unrolled", lambda full: [UNROLLED])
    monkeypatch.setattr(plan, "examined", lambda: [SMALL, UNROLLED])
    monkeypatch.setattr(place, "SEEDS", (1,))
    monkeypatch.setattr(flow, "RECIPES", (flow.APART,))  # tests/fpga/bench_hardware/test_rows.py has both


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder for all tests: figures of one form of the command count for the other."""
    return tmp_path_factory.mktemp("build")


def test_rows_and_page(small: None, build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--build", str(build), "--processes", "1"]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = json.loads((build / "bench" / "hardware.json").read_text())
    assert [row["kind"] for row in rows] == ["layer", "unrolled", "element", *["mean"] * 7]
    layer, unrolled, element = rows[:3]
    assert layer["settings"]["accumulator_bits"] == {"ours": 2, "plain32": 32, "finn-min": 4, "plain8": 2}
    assert layer["rivals"]["plain32"]["lut"] > layer["rivals"]["plain8"]["lut"] > 0
    assert layer["ratios"]["plain32"] == layer["rivals"]["plain32"]["lut"] / layer["ours"]["lut"]
    assert unrolled["rivals"]["da4ml"]["lut"] > 0 and layer["ours"]["levels"] > 0
    assert "switching" not in layer["ours"]
    assert element["settings"] == layer["settings"] and element["ours"].keys() == {"lut"}
    assert element["rivals"]["plain32"]["lut"] > element["ours"]["lut"] > 0
    assert layer["settings"]["layer"] in (build / "bench" / "hardware.html").read_text()

    def none(*_: object) -> None:
        raise AssertionError("synthesised again")

    monkeypatch.setattr(yosys, "run", none)
    again = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert again.exit_code == 0 and json.loads((build / "bench" / "hardware.json").read_text()) == rows


def test_the_full_form_places_and_says_which_networks_are_not_there(small: None, build: Path) -> None:
    done = CliRunner().invoke(main, ["--build", str(build), "--full"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "cifar-cnv: no RTL" in done.stderr
    rows = json.loads((build / "bench" / "hardware.json").read_text())
    placed, constant = (row for row in rows if row["kind"] == "placed")
    assert constant["rivals"]["da4ml"]["fmax_mhz"] > 0 and set(constant["ratios"]) == {"da4ml"}
    assert placed["ours"]["cells"] > 0 and placed["rivals"]["plain32"]["fmax_mhz"] > 0
    assert set(placed["fmax_ratios"]) == {"plain32", "finn-min", "plain8"}
    (element,) = (row for row in rows if row["kind"] == "placed-element")
    assert all(of["bram"] > 0 and of["cells"] > 0 for of in (element["ours"], *element["rivals"].values()))
    assert placed["ours"]["bram"] == 0
    for row in rows[:2]:
        assert all(ratio > 0 for ratio in row["switching_ratios"].values())
    assert (
        rows[0]["switching_ratios"]["plain32"]
        == rows[0]["rivals"]["plain32"]["switching"] / (rows[0]["ours"]["switching"])
    )
    assert rows[0]["bound"]["dot"] > rows[0]["bound"]["heap"] >= rows[0]["bound"]["pins"] > 0
    mean = next(row for row in rows if row["kind"] == "mean")
    least = rows[0]["ours"]["lut"] - rows[0]["bound"]["dot"] + rows[0]["bound"]["heap"]
    assert mean["at_bound"] == pytest.approx(rows[0]["rivals"][mean["settings"]["rival"]]["lut"] / least)
    assert mean["switching"] == pytest.approx(rows[0]["switching_ratios"][mean["settings"]["rival"]])
    text = (build / "bench" / "hardware.html").read_text()
    assert "a proxy of energy" in text and "the least that they could take" in text
