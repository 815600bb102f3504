# SPDX-License-Identifier: BSD-3-Clause
"""The folding search against FINN's SetFolding: rows, what the search gains, and the command."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from fpga import mapping, resources
from fpga.bench_folding import compare
from fpga.bench_folding.commands import main
from tests import graphs

RATES = (1_000, 10_000, 30_000, 100_000)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    (folder / "plain").mkdir()
    onnx.save(graphs.CASES["plain"](0), folder / "plain" / "model.onnx")
    return folder


@pytest.fixture(scope="module")
def rows(build: Path) -> list[compare.Row]:
    return [compare.row(lambda: mapping.to_dataflow(build / "plain" / "model.onnx"), rate, 100.0) for rate in RATES]


def test_smaller_at_the_same_rate(rows: list[compare.Row]) -> None:
    """At every rate that FINN's rule reaches, ours is reached with hardly more LUTs, and fewer over all."""
    for row in rows:
        assert row["smaller"]["fps"] >= row["theirs"]["fps"] >= row["fps"]
        # FIFOs are not expected by the search, and counted here.
        assert row["smaller"]["lut"] <= 1.05 * row["theirs"]["lut"], row["fps"]
        assert row["lut_ratio"] == row["theirs"]["lut"] / row["smaller"]["lut"]
    assert sum(row["smaller"]["lut"] for row in rows) < sum(row["theirs"]["lut"] for row in rows)


def test_faster_at_the_same_cost(rows: list[compare.Row]) -> None:
    for row in rows:
        assert row["faster"]["lut"] <= row["theirs"]["lut"]
        assert row["fps_ratio"] == row["faster"]["fps"] / row["theirs"]["fps"]
    gains = [row["fps_ratio"] for row in rows]
    assert np.prod(gains) ** (1 / len(gains)) > 1.2, gains


def test_the_command_keeps_rows_by_model(build: Path, rows: list[compare.Row]) -> None:
    path = build / "bench" / "folding.json"
    path.parent.mkdir()
    path.write_text('{"other": []}', encoding="utf-8")
    done = CliRunner().invoke(main, ["plain", "--build", str(build), "--fps", "10000", "--fps", "10000.1"])
    assert done.exit_code == 0, done.output
    assert json.loads(path.read_text(encoding="utf-8")) == {"other": [], "plain": [rows[1]]}
    assert done.output.count("10,000 FPS") == 1
    wrong = CliRunner().invoke(main, ["plane", "--build", str(build)])
    assert wrong.exit_code == 2 and "plain" in wrong.output


def test_both_foldings_are_counted_as_well(build: Path) -> None:
    """By Yosys, in folders of their own; the figures are those that the estimate is near to, and other rates stay."""
    path = build / "bench" / "folding.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"plain": [{"fps": 7, "theirs": {}}]}', encoding="utf-8")
    done = CliRunner().invoke(main, ["plain", "--build", str(build), "--fps", "30000", "--count"])
    assert done.exit_code == 0, done.output
    other, row = json.loads(path.read_text(encoding="utf-8"))["plain"]
    assert other == {"fps": 7, "theirs": {}}
    counted = row["counted"]
    for whose in ("theirs", "smaller"):
        rtl = build / "bench" / "folding" / "plain" / "30000" / whose / "rtl"
        assert counted[whose]["lut"] == resources.count(rtl, rtl.parent / "synth").whole.lut
        assert counted[whose]["lut"] == pytest.approx(row[whose]["lut"], rel=0.1)
    assert counted["lut_ratio"] == counted["theirs"]["lut"] / counted["smaller"]["lut"]
    assert f"{counted['theirs']['lut']:,}, {counted['smaller']['lut']:,}" in done.output
