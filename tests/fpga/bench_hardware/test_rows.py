# SPDX-License-Identifier: BSD-3-Clause
"""Layers, rows, means, the page, and the figures of place and route."""

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from chain.errors import InputError, ToolError
from fpga import yosys
from fpga.bench_hardware import flow, networks, page, place, plain, plan
from fpga.bench_hardware import rows as summing
from fpga.bench_hardware.contest import OURS
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Figures, Flow
from fpga.bench_hardware.layer import Layer
from fpga.bench_hardware.networks import Cell
from fpga.resources import Use


def figures(lut: int) -> Figures:
    return Figures(lut, 2 * lut, 0.5, 0, 3, 4, 2)


def test_the_plan_covers_what_it_should() -> None:
    full = [*plan.layers(True), *plan.unrolled(True)]
    assert len(full) >= 40 and len({layer.key() for layer in full}) == len(full)
    assert {layer.weights for layer in full} == {"binary", "ternary", "4-bit"}
    assert {layer.activation_bits for layer in full} == {1, 2, 3, 4}
    assert {layer.bits for layer in full} == {6, 8, 12}
    assert min(layer.fan_in for layer in full) == 9 and max(layer.fan_in for layer in full) == 2304
    assert len(plan.examined()) == 12 + len(plan.unrolled(True))
    assert set(plan.layers(False)) < set(plan.layers(True)) and set(plan.unrolled(False)) < set(plan.unrolled(True))
    assert all(layer.unrolled for layer in plan.unrolled(True))


@pytest.mark.parametrize("layer", [*plan.layers(True), *plan.unrolled(True)], ids=str)
def test_every_accumulator_of_the_plan_is_narrower_than_no_overflow_would_allow(layer: Layer) -> None:
    assert layer.bits < plain.layer_bits(layer)


def test_a_layer_is_drawn_from_its_seed() -> None:
    one, same, other = (Layer(27, 8, 4, 9, "4-bit", 2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.matrix, same.matrix)
    assert (one.matrix != other.matrix).any() and one.key() == same.key() != other.key()
    assert one.matrix.min() >= -8 and one.matrix.max() <= 7
    for thresholds in (one.thresholds(32), one.folded_thresholds):
        assert thresholds.shape == (8, 3) and (np.diff(thresholds, axis=1) >= 0).all()
    assert np.abs(one.folded_thresholds).max() <= 96  # fold 3 of 8 bits reaches 3 / 4 of 128


def test_a_row_has_the_rivals_figures_by_ours() -> None:
    row = summing.row(
        "layer", {"layer": "x"}, {OURS: vars(figures(100)), "plain32": vars(figures(250)), "b": {"lut": 80}}
    )
    assert row["ratios"] == {"plain32": 2.5, "b": 0.8} and row["losses"] == ["b"]


def test_means_say_whether_a_target_is_met() -> None:
    made = [summing.row("layer", {}, {OURS: {"lut": 1}, "plain32": {"lut": lut}}) for lut in (2, 8)]
    (mean,) = summing.means(made)
    assert mean["ratio"] == pytest.approx(4.0) and mean["range"] == [2.0, 8.0]
    assert mean["target"] == 2.5 and mean["met"] and mean["settings"]["losses"] == 0
    (mean,) = summing.means(made[:1])
    assert not mean["met"]


def test_a_network_is_no_mean_and_has_its_own_target() -> None:
    made = [
        summing.row("network", {"network": name}, {OURS: {"lut": 10}, "plain32": {"lut": lut}})
        for name, lut in (("fmnist-cnn", 11), ("cifar-cnv", 17))
    ]
    small, large = summing.means(made)
    assert (small["settings"]["network"], small["ratio"], small["target"]) == ("fmnist-cnn", pytest.approx(1.1), None)
    assert (large["settings"]["network"], large["ratio"], large["met"]) == ("cifar-cnv", pytest.approx(1.7), True)


def test_clocks_have_a_mean_of_their_own() -> None:
    """Ours by the rival's, with a target of its own."""
    made = [
        summing.row("placed", {}, {OURS: {"cells": 1}, "plain32": {"cells": 4}}, "cells") | {"fmax_ratios": ratios}
        for ratios in ({"plain32": 0.9}, {"plain32": 1.6})
    ]
    cells, clock = summing.means(made)
    assert (cells["settings"]["of"], cells["ratio"], cells["target"]) == ("placed", pytest.approx(4.0), 2.0)
    assert (clock["settings"]["of"], clock["ratio"], clock["target"]) == ("clock", pytest.approx(1.2), 1.2)
    assert clock["settings"]["losses"] == 1 and clock["range"] == [0.9, 1.6]


def test_a_design_is_known_by_the_contents_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.sv").write_text("module a; // one\nendmodule\n")
    (tmp_path / "w.hex").write_text("0\n")
    design = Design("a", tmp_path, ("a.sv",), ("w.hex",), {"P": 1})
    first = design.digest()
    assert first == Design("a", tmp_path, ("a.sv",), ("w.hex",), {"P": 1}).digest()
    assert first != Design("a", tmp_path, ("a.sv",), ("w.hex",), {"P": 2}).digest()
    (tmp_path / "a.sv").write_text("module a; // another\nendmodule\n")
    assert first == design.digest()
    (tmp_path / "w.hex").write_text("1\n")
    assert first != design.digest()


def test_a_damaged_figure_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.sv").write_text("module a (input wire x, output wire y); assign y = !x; endmodule\n")
    design, cells = Design("a", tmp_path, ("a.sv",)), Flow(tmp_path / "cache")
    found = cells.run(design)
    assert found == Figures(1, 0, 0, 0, 0, 0, 0)  # an inverter
    path, _ = sorted((tmp_path / "cache").glob("*.json"))  # one a recipe
    path.write_text("{")
    with pytest.raises(InputError, match=f"{path.name} is damaged"):
        cells.run(design)


def test_a_design_counts_by_the_smaller_of_its_netlists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {flow.WHOLE: figures(3), flow.APART: figures(2)}
    monkeypatch.setattr(Flow, "_run", lambda self, design, recipe: made[recipe])
    assert Flow(tmp_path).run(Design("a", tmp_path, ())) == made[flow.APART]


def test_a_design_that_yosys_refuses_leaves_its_log(tmp_path: Path) -> None:
    (tmp_path / "a.sv").write_text("module a; nonsense endmodule\n")
    with pytest.raises(ToolError, match=r"a\.yosys\.log"):
        Flow(tmp_path / "cache").run(Design("a", tmp_path, ("a.sv",)))
    assert (tmp_path / "cache" / "a.yosys.log").is_file() and not list((tmp_path / "cache").glob("*.json"))


def test_a_whole_network_has_cells_exchanged(tmp_path: Path) -> None:
    ours, wide, fold = (Design(name, tmp_path, ()) for name in ("ours", "wide", "fold"))
    cells = [Cell("fc", "WrapMVU", ours, {"plain32": wide}), Cell("fc", "WrapFold", fold, {})]
    found = {ours: figures(100), wide: figures(300), fold: figures(10)}
    whole = Use(lut=1000, ff=2000, bram36=4, dsp=0, carry4=50)
    assert networks.exchanged(whole, cells, found, "plain32") == Use(1190, 2380, 3.5, 0, 47)
    assert whole.lut == 1000
    assert networks.by_cell(cells[0], found) == {"layer": "fc", "op": "WrapMVU", "lut": {"ours": 100, "plain32": 300}}


def test_the_figures_of_a_placed_design() -> None:
    use = {"TRELLIS_COMB": {"used": 900}, "TRELLIS_FF": {"used": 400}, "DP16KD": {"used": 1}}
    report = {"fmax": {"clk": {"achieved": 123.4}}, "utilization": use}
    assert place.read(report) == place.Placed(900, 400, 1, 123.4)
    with pytest.raises(ToolError, match="2 clocks"):
        place.read({**report, "fmax": {"a": {"achieved": 1}, "b": {"achieved": 2}}})


def test_products_are_placed_as_look_up_tables(tmp_path: Path) -> None:
    """A design whose products took the part's 28 multipliers would not fit, or would count too few cells."""
    (tmp_path / "a.sv").write_text(
        "module a (input logic signed [3:0] w, input logic signed [4:0] x, output logic signed [8:0] y);\n"
        "  assign y = w * x;\nendmodule\n"
    )
    yosys.run(place.commands(Design("a", tmp_path, ("a.sv",)), tmp_path), tmp_path, tmp_path / "log.txt")
    cells = json.loads((tmp_path / "netlist.json").read_text())["modules"]["a"]["cells"].values()
    kinds = {cell["type"] for cell in cells}
    assert "LUT4" in kinds and "MULT18X18D" not in kinds


def test_the_page_needs_nothing_else_and_shows_every_row(tmp_path: Path) -> None:
    versions = {"yosys": "1"}
    layers = [
        summing.row(
            "layer",
            {"layer": name, "B": 8, "accumulator_bits": {"plain32": 32}, "versions": versions},
            {OURS: vars(figures(100)), "plain32": vars(figures(lut))},
        )
        for name, lut in (("small & odd", 90), ("large", 250))
    ]
    layers[0]["ours"]["switching"], layers[0]["rivals"]["plain32"]["switching"] = 4321.0, 1.0  # not every row has it
    placed = {"cells": 10, "ff": 5, "bram": 0, "fmax_mhz": 66.25}
    others = [
        summing.row("placed", {"layer": "p", "B": 8, "versions": versions}, {OURS: placed, "plain8": placed}, "cells")
        | {"fmax_ratios": {"plain8": 1.0}},
        summing.row(
            "network", {"network": "cifar-cnv", "versions": versions}, {OURS: vars(Use(5)), "plain32": vars(Use(9))}
        ),
    ]
    made = [*layers, *others]
    path = page.save([*made, *summing.means(made)], tmp_path)
    text = path.read_text(encoding="utf-8")
    HTMLParser().feed(text)
    assert "http" not in text.replace("http-equiv", "") and "<script" not in text
    for wanted in ("4,321", "small &amp; odd", "large", "cifar-cnv", "66.2", "2.50", "(0.90 of ours)", "fmnist-cnn"):
        assert wanted in text, wanted
