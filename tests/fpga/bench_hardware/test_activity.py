# SPDX-License-Identifier: BSD-3-Clause
"""The switching of a netlist: an exact count where it is known, loads of nets, and netlists that compute otherwise."""

from pathlib import Path

import numpy as np
import pytest

from chain.errors import AgreementError, ToolError
from fpga import switching, yosys
from fpga.bench_hardware import activity
from fpga.bench_hardware.contest import Contest
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Flow
from fpga.bench_hardware.layer import Integers, Layer
from tests.fpga import hardware

LAYER = Layer(1, 1, 1, 1, "binary", 4, 4)
DELAY = """module delay (input logic clk_i, input logic rst_ni, input logic [3:0] in_data_i, input logic in_valid_i,
    output logic in_ready_o, output logic [3:0] out_data_o, output logic out_valid_o, input logic out_ready_i);
  assign in_ready_o = 1'b1;
  always_ff @(posedge clk_i) begin
    out_data_o <= in_data_i;
    out_valid_o <= rst_ni && in_valid_i;
  end
endmodule
"""


@pytest.fixture
def contest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contest:
    """A contender that gives back its inputs, a cycle later."""
    (tmp_path / "delay.sv").write_text(DELAY, encoding="utf-8")
    monkeypatch.setattr(activity, "expected", lambda one, name, inputs: (inputs, 4))
    return Contest("layer", LAYER, {"plain8": Design("delay", tmp_path, ("delay.sv",))}, {"plain8": 4})


def changes(values: Integers) -> int:
    return int(sum(int(a ^ b).bit_count() for a, b in zip(values[:-1, 0], values[1:, 0], strict=True)))


def test_changes_are_counted_in_the_window(contest: Contest, tmp_path: Path) -> None:
    """Each bit has one taker: the register's on the way in, the port on the way out, a cycle later."""
    flow = Flow(tmp_path / "cache")
    found = activity.measure(contest, "plain8", flow, hardware.CACHE)
    assert found.vectors == found.cycles == activity.CYCLES and found.latency == 1
    begin, end = activity.WARM, activity.WARM + activity.CYCLES
    inputs = LAYER.inputs(end + 2)
    assert (
        found.changes == changes(inputs[begin - 1 : end]) + changes(inputs[begin - 2 : end - 1]) > 2 * activity.CYCLES
    )
    assert activity.measure(contest, "plain8", flow, tmp_path / "none") == found  # kept
    assert not (tmp_path / "none").exists()


def test_a_netlist_that_computes_something_else_has_no_figure(
    contest: Contest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(one: Contest, name: str, inputs: Integers) -> tuple[Integers, int]:
        return inputs ^ (np.arange(len(inputs)) == 7)[:, None], 4

    monkeypatch.setattr(activity, "expected", other)
    with pytest.raises(AgreementError, match="plain8: the netlist differs in word 7 of"):
        activity.measure(contest, "plain8", Flow(tmp_path / "cache"), hardware.CACHE)


def test_the_netlist_is_made_once_and_when_asked_for(
    contest: Contest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (design,) = contest.designs.values()
    flow = Flow(tmp_path / "cache")
    flow.run(design)
    assert not list((tmp_path / "cache").glob("*.v.gz"))
    runs, real = [], yosys.run
    monkeypatch.setattr(yosys, "run", lambda *given: (runs.append(given), real(*given)))
    for _ in range(2):
        assert flow.netlist(design).is_file() and len(runs) == 1


def module(**cells: tuple[str, dict[str, list[int | str]]]) -> dict[str, object]:
    outputs = {"O", "Q"}
    return {
        "ports": {"clk": {"direction": "input", "bits": [2]}, "y": {"direction": "output", "bits": [5, "0"]}},
        "cells": {
            name: {
                "type": kind,
                "connections": pins,
                "port_directions": {pin: "output" if pin in outputs else "input" for pin in pins},
            }
            for name, (kind, pins) in cells.items()
        },
        "netnames": {
            "clk": {"bits": [2]},
            "a": {"bits": [3, 4], "offset": 1},
            "b": {"bits": [6, 5], "upto": 1},
            "y": {"bits": [5, "0"]},
        },
    }


def test_loads_are_pins_and_output_ports_without_clocks() -> None:
    made = module(
        l1=("LUT2", {"I0": [3], "I1": [4], "O": [6]}),
        l2=("LUT3", {"I0": [3], "I1": ["1"], "I2": [6], "O": [5]}),
        f=("FDRE", {"C": [2], "D": [3], "Q": [4]}),
    )
    assert switching.loads(made) == {1: ["\\a [2]", "\\b [0]", "\\b [1]"], 3: ["\\a [1]"]}
    assert switching.clock_of(made) == "clk"
    two = module(f=("FDRE", {"C": [2], "D": [3], "Q": [4]}), g=("FDRE", {"C": [3], "D": [4], "Q": [5]}))
    with pytest.raises(ToolError, match="2 clocks"):
        switching.clock_of(two)
