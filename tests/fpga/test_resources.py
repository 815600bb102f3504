# SPDX-License-Identifier: BSD-3-Clause
"""Counts of xc7 cells, the part's limits, and a whole synthesis."""

import json

import pytest

from chain.errors import InputError, ToolError, UnsupportedError
from fpga import resources, yosys
from fpga.design import load
from fpga.resources import Resources, Use
from tests import graphs
from tests.fpga import hardware


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    hardware.design(graphs.linear(0), folder, 100_000)
    return folder


def test_tally():
    use = resources.tally(
        {"LUT1": 1, "LUT6": 2, "RAM64M": 1, "RAM32M": 2, "SRL16E": 3, "RAM128X1D": 1, "INV": 1}
        | {"FDRE": 5, "FDSE": 1, "CARRY4": 7, "MUXF7": 4, "RAMB18E1": 3, "RAMB36E1": 1, "DSP48E1": 2}
    )
    assert use == Use(lut=1 + 2 + 4 + 8 + 3 + 4 + 1, ff=6, bram36=2.5, dsp=2, carry4=7)


def test_unknown_cell():
    with pytest.raises(ToolError, match=r"3 cells '\$mux'"):
        resources.tally({"LUT2": 1, "$mux": 3})


def test_unknown_part():
    assert resources.part_of("xc7z020clg400-1").lut == 53_200
    with pytest.raises(InputError, match="did you mean 'xc7z020'"):
        resources.part_of("xc7z002")


def test_too_large_names_the_layer(small):
    design = load(small / "rtl")
    layer = design.layers[1].layer
    large = Resources(
        "xc7z020clg400-1", "yosys", Use(lut=60_000, bram36=10), {"a": Use(lut=1), layer: Use(lut=59_999, bram36=10)}
    )
    with pytest.raises(UnsupportedError) as error:
        resources.require_fit(large, design)
    text = str(error.value)
    assert "60,000 LUTs of 53,200 (6,800 too many" in text and f"Fold layer {layer!r}" in text and "PE" in text
    resources.require_fit(Resources("xc7z020", "yosys", Use(lut=53_200)), design)


def test_synthesis(small):
    counted = resources.write(small / "rtl", small / "a synthesis", small / "resources.json")
    saved = json.loads((small / "resources.json").read_text())
    assert counted.whole.lut == saved["lut"] > 20 and counted.whole.ff > 20
    for kind in ("lut", "ff", "bram36", "dsp"):
        assert sum(row[kind] for row in saved["by_layer"]) == saved[kind]
        assert sum(row[kind] for row in saved["by_kind"]) == saved[kind]
        for layer in saved["by_layer"]:
            assert sum(row[kind] for row in layer["by_kind"]) == layer[kind]
    assert {row["kind"] for row in saved["by_kind"]} == {"units"}
    assert {row["layer"] for row in saved["by_layer"]} == {"input_quant", "fc"}
    assert saved["levels"] == max(row["levels"] for row in saved["by_layer"]) > 1
    assert saved["levels_allowed"] == counted.allowed == 8
    assert counted.levels["fc"] > counted.levels["input_quant"]


def test_more_levels_than_the_clock_allows():
    made = Resources("xc7z020clg400-1", "yosys", Use(), levels={"a": 3, "b": 9, "c": 8})
    assert made.slow == ["b"]
    made.clock_mhz = 200
    assert made.slow == ["b", "c"]
    made.device = "xczu7ev-ffvc1156-2-e"
    assert made.allowed is None and made.slow == []


def test_second_time_is_cached(small, monkeypatch):
    first = resources.count(small / "rtl", small / "a synthesis")
    monkeypatch.setattr(yosys, "run", None)
    assert resources.count(small / "rtl", small / "a synthesis") == first


def test_failure_is_told(small, tmp_path):
    with pytest.raises(ToolError, match=r"(?s)yosys failed.*no_such_command.*Whole log: .*log"):
        yosys.run(["no_such_command"], small, tmp_path / "log")


def test_failed_synthesis_leaves_nothing(small, tmp_path):
    source = small / "rtl" / "accelerator.sv"
    text = source.read_text()
    try:
        source.write_text(text.replace("endmodule", ""))
        with pytest.raises(ToolError, match=rf"yosys failed(?s:.*){tmp_path}/yosys.log"):
            resources.synthesise(small / "rtl", tmp_path)
    finally:
        source.write_text(text)
    assert [path.name for path in tmp_path.iterdir()] == ["yosys.log"]


def test_two_syntheses_at_once(small, tmp_path, monkeypatch):
    """The second begins and ends while the first is in the middle of its own."""
    run, calls = yosys.run, []

    def slow(commands, folder, log, kept=None):
        run(commands, folder, log, kept)
        calls.append(log)
        if len(calls) == 1:
            assert resources.synthesise(small / "rtl", tmp_path) == made

    made = resources.synthesise(small / "rtl", small / "a synthesis")
    made = tmp_path / made.name
    monkeypatch.setattr(yosys, "run", slow)
    assert resources.synthesise(small / "rtl", tmp_path) == made
    assert len(set(calls)) == 2, "each has its own folder"
    assert sorted(path.name for path in tmp_path.iterdir()) == [made.name]
    assert sorted(path.name for path in made.iterdir()) == ["log.txt", "netlist.v", "stat.json"]
