# SPDX-License-Identifier: BSD-3-Clause
"""Whose a netlist's cells are: by their names, by what they feed, and as if each kind had been synthesised apart."""

import json

import pytest

from fpga import kinds, ops, resources
from fpga.resources import Use
from tests import graphs
from tests.fpga import hardware

TOP = """module accelerator (
    input  wire ap_clk
);
    pad i_FMPadding_0 (
        .in0_V_TREADY(s_axis_tready),
        .out0_V_TREADY(FMPadding_0_out0_tready)
    );
    fork i_StreamFork_0 (
        .in0_V_TREADY(FMPadding_0_out0_tready),
        .out0_V_TREADY(StreamFork_0_out0_tready)
    );
    stream_fifo #(.Width(3), .Depth(33)) i_StreamFork_0_fifo0 (
        .in_ready_o(StreamFork_0_out0_tready),
        .out_ready_i(StreamFork_0_fifo0_out0_tready)
    );
    max i_ArgMax_0 (
        .in0_V_TREADY(StreamFork_0_fifo0_out0_tready),
        .out0_V_TREADY(m_axis_tready)
    );
endmodule
"""


def netlist(cells, names):
    """A flat netlist of one module: {name: (type, inputs, outputs)}, {net's name: its bits}."""
    directions = {"I": "input", "O": "output"}
    made = {
        name: {"type": kind, "port_directions": directions, "connections": {"I": inputs, "O": outputs}}
        for name, (kind, inputs, outputs) in cells.items()
    }
    nets = {name: {"bits": bits} for name, bits in names.items()}
    return json.dumps({"modules": {"accelerator": {"cells": made, "netnames": nets}}})


@pytest.fixture
def owner(tmp_path):
    """The instances that the cell of type X belongs to."""

    def owner(cells, names):
        path = tmp_path / "flat.json"
        path.write_text(netlist(cells, names))
        (found,) = (nodes for nodes, types in kinds.by_nodes(path, "accelerator", TOP)["top_0"].items() if "X" in types)
        return found

    return owner


def test_names_say_it(owner):
    """A cell's own name, and names of the net at its output."""
    assert owner({"top_0.i_FMPadding_0.sub.x": ("X", [1], [2])}, {}) == "i_FMPadding_0"
    cell = {"top_0._1_": ("X", ["0"], [2])}
    assert owner(cell, {"top_0.i_FMPadding_0.sub.q": [2]}) == "i_FMPadding_0"
    assert owner(cell, {"top_0.FMPadding_0_out0_tvalid": [2]}) == "i_FMPadding_0"
    assert owner(cell, {"top_0.FMPadding_0_out0_tready": [2]}) == "i_StreamFork_0"
    assert owner(cell, {"top_0.StreamFork_0_fifo0_out0_tdata": [7, 2]}) == "i_StreamFork_0_fifo0"
    assert owner(cell, {"top_0.m_axis_tready": [2]}) == ""  # the top's own input: no node drives it


def test_a_net_that_passes_through_a_node_belongs_to_the_one_that_drives_it(owner):
    cell = {"top_0._1_": ("X", [1], [2])}
    word = {"top_0.StreamFork_0_out0_tdata": [2], "top_0.i_FMPadding_0.out_q": [2], "top_0.i_ArgMax_0.x": [2]}
    assert owner(cell, word) == "i_FMPadding_0"
    ready = {"top_0.FMPadding_0_out0_tready": [2], "top_0.i_StreamFork_0_fifo0.in_ready_o": [2]}
    assert owner(cell, ready) == "i_StreamFork_0_fifo0"


def test_without_a_name_it_is_what_it_feeds(owner):
    """Through other cells without a name, round a loop, and as far as the next name."""
    cells = {
        "top_0._1_": ("X", [9], [1]),
        "top_0._2_": ("LUT2", [1, 3], [2]),
        "top_0._3_": ("FDRE", [2], [3]),
        "top_0._4_": ("FDRE", [2], [4]),
        "top_0._5_": ("FDRE", [4], [5]),
    }
    names = {"top_0.i_FMPadding_0.q": [4], "top_0.i_StreamFork_0.q": [5]}
    assert owner(cells, names) == "i_FMPadding_0"
    cells["top_0._6_"] = ("FDRE", [1], [6])
    assert owner(cells, names | {"top_0.i_ArgMax_0.q": [6]}) == "i_ArgMax_0 i_FMPadding_0"
    assert owner({"top_0._1_": ("X", [1], [2])}, {}) == ""


def test_by_kind():
    given = {
        "i_a": {"LUT1": 1},
        "i_b": {"LUT1": 2, "FDRE": 1},
        "i_a i_b": {"LUT2": 4},
        "i_a i_f": {"INV": 1},
        "i_m": {"LUT1": 8},
        "": {"LUT1": 16},
    }
    named = {"i_a": "WrapMVU", "i_b": "WrapFold", "i_f": "StreamingFIFO", "i_m": "ArgMax"}
    found = kinds.by_kind(given, named)
    assert found == {
        "units": {"LUT1": 3, "FDRE": 1, "LUT2": 4},
        kinds.SHARED: {"INV": 1},
        kinds.OTHER: {"LUT1": 24},
    }
    assert list(found) == ["units", kinds.SHARED, kinds.OTHER]


def test_every_op_is_of_a_kind():
    listed = {op for members in kinds.KINDS.values() for op in members}
    assert {op.__name__ for op in ops.OPS} - listed == {"ArgMax"}
    assert sum(len(members) for members in kinds.KINDS.values()) == len(listed)


def test_as_if_every_kind_were_synthesised_apart(tmp_path, monkeypatch):
    """Registers and memories to the last one; of LUTs fewer, where logic of two nodes has become one table."""
    design, _ = hardware.design(graphs.residual(0), tmp_path, 20_000)
    rtl, instances = tmp_path / "rtl", resources._instances
    whole = resources.count(rtl, tmp_path / "whole")
    kind_of = {op: kind for kind, members in kinds.KINDS.items() for op in members}
    named = {layer.instance: layer.op for layer in design.layers}

    def by_kind(*arguments):
        groups = {}
        for layer, members in instances(*arguments).items():
            for member in members:
                kind = kind_of[named.get(member, "StreamingFIFO")]
                groups.setdefault(f"{layer} {kind}", []).append(member)
        return groups

    monkeypatch.setattr(resources, "_instances", by_kind)
    apart = resources.count(rtl, tmp_path / "apart").whole_by_kind
    found = whole.whole_by_kind
    shared = found.pop(kinds.SHARED)
    assert set(found) == set(apart) == {*kinds.KINDS}
    assert (shared.ff, shared.bram36) == (0, 0) and shared.lut < 0.02 * whole.whole.lut
    for kind, use in found.items():
        assert (use.ff, use.bram36) == (apart[kind].ff, apart[kind].bram36), kind
        assert 0.8 * apart[kind].lut - 2 <= use.lut <= apart[kind].lut, kind
    total = Use()
    for use in (*found.values(), shared):
        total.add(use)
    assert total == whole.whole
