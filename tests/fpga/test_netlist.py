# SPDX-License-Identifier: BSD-3-Clause
"""Cell models, and the synthesised netlist against the RTL."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import ToolError
from fpga import fifo, layers, mapping, netlist, resources, rom, simulate, stitch
from tests import graphs
from tests.fpga import hardware


@given(st.data(), st.integers(1, 6))
def test_expression_is_the_table(data, inputs):
    table = data.draw(st.integers(0, (1 << (1 << inputs)) - 1))
    text = netlist.expression(table, inputs)
    # Verilog's ~ and ?: on single bits, in Python's words.
    python = re.sub(r"~(I\d)", r"(1 - \1)", text).replace("1'b1", "1").replace("1'b0", "0")
    while "?" in python:
        python = re.sub(r"\((I\d) \? ", r"_if(\1, ", python, count=1)
        python = python.replace(" : ", ", ")
    for index in range(1 << inputs):
        values = {f"I{bit}": index >> bit & 1 for bit in range(inputs)}
        got = _evaluate(python, values)
        assert got == table >> index & 1, f"table {table:x}, inputs {index:b}: {text}"


def _evaluate(text: str, values: dict[str, int]) -> int:
    """A recursive-descent reading of the few forms that `expression` makes."""
    tokens = re.findall(r"_if|I\d|[01(),&|^-]", text)

    def atom() -> int:
        token = tokens.pop(0)
        if token == "_if":
            tokens.pop(0)
            condition = chain()
            tokens.pop(0)
            yes = chain()
            tokens.pop(0)
            no = chain()
            tokens.pop(0)
            return yes if condition else no
        if token == "(":
            value = chain()
            tokens.pop(0)
            return value
        return values[token] if token.startswith("I") else int(token)

    def chain() -> int:
        value = atom()
        while tokens and tokens[0] in "&|^-":
            operator, right = tokens.pop(0), atom()
            value = {"&": value & right, "|": value | right, "^": value ^ right, "-": value - right}[operator]
        return value

    return chain()


def test_unknown_cell(tmp_path):
    text = (
        "module accelerator(input a);\n  RAMB99 #(\n    .INIT(1)\n  ) x (.A(a));\n  OTHERCELL y (.A(a));\nendmodule\n"
    )
    (tmp_path / "netlist.v").write_text(text)
    with pytest.raises(ToolError, match="no simulation model here: OTHERCELL, RAMB99"):
        netlist.with_cells(tmp_path / "netlist.v")


def test_only_the_cells_in_use(tmp_path):
    text = "module accelerator(input a, output b);\n  LUT1 #(\n    .INIT(2'h1)\n  ) x (.I0(a), .O(b));\nendmodule\n"
    (tmp_path / "netlist.v").write_text(text)
    models = netlist.with_cells(tmp_path / "netlist.v")
    assert models.count("module ") == 2 and "module LUT1_OF_1 (output O, input I0);\n  assign O = ~I0;" in models
    assert "  LUT1_OF_1 x (.I0(a), .O(b));" in models


def test_a_table_is_not_named_like_a_cell(tmp_path):
    """The LUT6 of the contents 2 beside LUT6_2, Yosys' cell: a model of its own for each."""
    text = (
        "module accelerator(input a, output b, c);\n"
        "  LUT6 #(\n    .INIT(64'h0000000000000002)\n  ) x (.I0(a), .O(b));\n"
        "  LUT6_2 #(\n    .INIT(64'h0000000000000002)\n  ) y (.I0(a), .O5(c));\nendmodule\n"
    )
    (tmp_path / "netlist.v").write_text(text)
    models = netlist.with_cells(tmp_path / "netlist.v")
    assert sorted(re.findall(r"^module (\w+)", models, re.MULTILINE)) == ["LUT6_2", "LUT6_OF_2", "accelerator"]
    assert "  LUT6_OF_2 x (" in models and "  LUT6_2 #(" in models and "output O5" in models


def test_netlist_equals_rtl(tmp_path):
    model = graphs.linear(0)
    hardware.design(model, tmp_path, 100_000)
    images = hardware.pixels(model, 20)
    gates = netlist.simulate(tmp_path / "rtl", tmp_path / "synth", hardware.CACHE, images)
    rtl = simulate.Simulator(tmp_path / "rtl", hardware.CACHE).run(images)
    assert np.array_equal(gates.outputs, rtl.outputs) and gates.ends == rtl.ends
    assert len(np.unique(gates.outputs)) > 3


@pytest.mark.parametrize(("fps", "products"), [(2_000_000, "ternary"), (5_000_000, "booth")])
def test_signed_digits(fps, products, tmp_path):
    """Ternary and 4-bit weights, whose products are by signed digits."""
    b = graphs.Builder((2, 3, 3), 0).input_quant(2)
    b.conv("first", 3, (2, 2), weights="TERNARY", bits=6).activate("first_act", 2)
    model = b.head("fc", 12, 4, "INT4", bits=5)
    _, graph = hardware.design(model, tmp_path, fps)
    wrappers = "".join(path.read_text() for path in (tmp_path / "rtl").glob("WrapMVU*.v"))
    assert f'.Products("{products}")' in wrappers and "_starts.hex" in wrappers
    images = hardware.pixels(model, 20)
    gates = netlist.simulate(tmp_path / "rtl", tmp_path / "synth", hardware.CACHE, images, seed=1, percent=25)
    expected = mapping.execute(graph, images)["output"]
    assert np.array_equal(gates.outputs.reshape(expected.shape), expected)


def test_unrolled(tmp_path):
    """All weights are constants: modules written for the layers, a vector a cycle."""
    b = graphs.Builder((6, 1, 1), 0).input_quant(2)
    b.conv("first", 5, (1, 1), weights="TERNARY", bits=6).activate("first_act", 2)
    model = b.head("fc", 5, 4, "INT4", bits=5)
    made, graph = hardware.design(model, tmp_path, 100_000_000)
    units = [layer for layer in made.layers if layer.op == "WrapMVU"]
    assert [(unit.pe, unit.simd, unit.cycles) for unit in units] == [(5, 6, 1), (4, 5, 1)]
    assert len(list((tmp_path / "rtl").glob("WrapMVU*_sums.sv"))) == 2 and not (tmp_path / "rtl/wrap_mvu.sv").exists()
    images = hardware.pixels(model, 40)
    expected = mapping.execute(graph, images)["output"]
    gates = netlist.simulate(tmp_path / "rtl", tmp_path / "synth", hardware.CACHE, images, seed=1, percent=25)
    assert np.array_equal(gates.outputs.reshape(expected.shape), expected)
    rtl = simulate.Simulator(tmp_path / "rtl", hardware.CACHE).run(images)
    assert np.array_equal(rtl.outputs.reshape(expected.shape), expected)
    assert len(np.unique(expected)) > 3


@pytest.mark.parametrize("style", [rom.BLOCK, rom.DISTRIBUTED])
def test_weights_in_either_memory(tmp_path, style):
    """The same design with all of its weights in block RAM, and with all of them in look-up tables."""
    model = graphs.linear(0)
    graph = hardware.queued(model, tmp_path, 10_000)
    units = [layers.hardware(node) for node in graph.graph.node if node.op_type == "WrapMVU_rtl"]
    assert all(unit.weight_memory().depth > 1 for unit in units)
    for unit in units:
        unit.set_nodeattr("romStyle", style)
    made = stitch.stitch(graph, tmp_path / "rtl", "toy", 100.0, hardware.PART)
    assert {layer.weights for layer in made.layers} == {"", style}
    images = hardware.pixels(model, 20)
    gates = netlist.simulate(tmp_path / "rtl", tmp_path / "synth", hardware.CACHE, images)
    assert np.array_equal(gates.outputs, mapping.execute(graph, images)["output"])
    counted = resources.count(tmp_path / "rtl", tmp_path / "synth")
    blocks = sum(unit.weight_memory().bram36 for unit in units)
    assert counted.whole.bram36 == (blocks if style == rom.BLOCK else 0)


def test_block_ram_model(tmp_path):
    """A FIFO so deep that it is a block RAM: words of 1 bit in, the whole image waits in it."""
    model = graphs.linear(0)
    graph = hardware.queued(model, tmp_path, 100_000)
    fifo.insert(graph, fifo.Depths({graph.graph.node[0].output[0]: 4097}))
    stitch.stitch(graph, tmp_path / "rtl", "toy", 100.0, hardware.PART)
    images = hardware.pixels(model, 20)
    gates = netlist.simulate(tmp_path / "rtl", tmp_path / "synth", hardware.CACHE, images)
    cells = netlist.with_cells(next((tmp_path / "synth").glob("xc7*")) / "netlist.v")
    assert "module block_ram" in cells
    assert np.array_equal(gates.outputs, mapping.execute(graph, images)["output"])
