# SPDX-License-Identifier: BSD-3-Clause
"""Ours and every rival of it on the same vectors, in Verilator: what is compared computes what it says."""

import re
from pathlib import Path

import numpy as np
import pytest

from chain.integers import wrap
from fpga import rom, verilate
from fpga.bench_hardware import distributed, ours, plain
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Flow
from fpga.bench_hardware.layer import Integers, Layer, steps
from tests.fpga.rtl.bench import RTL, STALLS, Bench, Case, Stream

LAYERS = (
    Layer(18, 8, 4, 9, "binary", 1, 4),
    Layer(10, 6, 2, 5, "binary", 2, 5),
    Layer(12, 3, 3, 4, "ternary", 3, 5),
    Layer(9, 4, 2, 9, "4-bit", 4, 8),
    Layer(7, 2, 1, 1, "4-bit", 1, 4),
    Layer(9, 8, 4, 9, "binary", 2, 8, fold=0),
)
UNROLLED = (Layer(9, 5, 5, 9, "binary", 2, 8), Layer(6, 4, 4, 6, "4-bit", 3, 8))
VECTORS = 60


def case(layer: Layer, cell: str, design: Design, prefix: str, outputs: Integers, bits: int) -> Case:
    """`design` on the layer's vectors, its memories under names of its own."""
    memories = {prefix + name: (design.folder / name).read_text().splitlines() for name in design.memories}
    return Case(
        cell,
        {**design.parameters, "Memories": prefix},
        {"in_": Stream(layer.inputs(VECTORS).reshape(-1, layer.simd), layer.activation_bits)},
        {"out_": Stream(outputs.reshape(-1, layer.pe), bits)},
        memories,
        f"{cell} {layer.name}",
    )


def shell(name: str, layer: Layer, outside: int, inside: str) -> str:
    """Module `name` at the bench's boundary, with `outside` bits going out and `inside` its contents."""
    return (
        f'module {name} #(parameter string Memories = "") (input logic clk_i, input logic rst_ni,\n'
        f"  input logic [{layer.simd * layer.activation_bits - 1}:0] in_data_i, input logic in_valid_i,\n"
        f"  output logic in_ready_o, output logic [{outside - 1}:0] out_data_o, output logic out_valid_o,\n"
        f"  input logic out_ready_i);\n{inside}endmodule\n"
    )


def our_case(layer: Layer, index: int, folder: Path) -> tuple[Case, list[Path]]:
    """The generated layer, its modules and memories under names of their own, at the bench's boundary."""
    design = ours.design(layer, folder / f"ours{index}")
    names = {"accelerator": f"ours{index}_top", "Wrap": f"ours{index}_Wrap"}

    def renamed(text: str) -> str:
        return re.sub(r"accelerator|Wrap(?=\w+_rtl_)", lambda found: names[found[0]], text)

    sources = []
    for name in design.files:
        if not (RTL / name).exists():
            sources.append(folder / renamed(name))
            sources[-1].write_text(renamed((design.folder / name).read_text()))
    width = layer.pe * layer.activation_bits
    inside = (
        f"  logic [{-(-layer.simd * layer.activation_bits // 8) * 8 - 1}:0] word;\n"
        f"  logic [{-(-width // 8) * 8 - 1}:0] result;\n  assign word = in_data_i; assign out_data_o = result;\n"
        f"  ours{index}_top i_top (.ap_clk(clk_i), .ap_rst_n(rst_ni), .s_axis_tdata(word),\n"
        "    .s_axis_tvalid(in_valid_i), .s_axis_tready(in_ready_o), .m_axis_tdata(result),\n"
        "    .m_axis_tvalid(out_valid_o), .m_axis_tready(out_ready_i));\n"
    )
    top = folder / f"ours{index}_shell.sv"
    top.write_text(shell(f"ours{index}_shell", layer, width, inside))
    made = case(layer, f"ours{index}_shell", design, "", layer.folded(layer.inputs(VECTORS)), layer.activation_bits)
    memories = {renamed(name): lines for name, lines in made.memories.items()}
    return Case(made.cell, {}, made.inputs, made.outputs, memories, f"ours {layer.name}"), [*sources, top]


@pytest.fixture(scope="module", params=[{}, {"WRAPNET_ADDERS": ""}], ids=["counted", "adders"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Every layer, ours and its three rivals, in one simulation; ours as the 7 series has it, and an ECP5."""
    folder = tmp_path_factory.mktemp("rivals")
    cases: list[Case] = []
    sources: dict[str, Path] = {}
    for index, layer in enumerate(LAYERS):
        sums, out = layer.sums(layer.inputs(VECTORS)), layer.activation_bits
        minimal = plain.layer_bits(layer)
        made = {
            "wide": (
                plain.design(layer, plain.WIDE, folder / f"wide{index}"),
                steps(sums, layer.thresholds(plain.WIDE)),
            ),
            "finn": (
                plain.finn_design(layer, minimal, folder / f"finn{index}"),
                steps(sums, layer.thresholds(minimal)),
            ),
            "narrow": (
                plain.design(layer, layer.bits, folder / f"narrow{index}"),
                steps(wrap(sums, layer.bits), layer.thresholds(layer.bits)),
            ),
        }
        for name, (design, outputs) in made.items():
            cases.append(case(layer, design.top, design, f"{name}{index}_", outputs, out))
            sources |= {file: design.folder / file for file in design.files}
        own, files = our_case(layer, index, folder)
        cases.append(own)
        sources |= {path.name: path for path in files}
    return Bench(cases, folder, "rivals", request.param, ("-O0",), list(sources.values()))


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_every_contender_computes_the_layer(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=1 + idle + back_pressure)


def test_no_contender_is_slower_than_a_step_a_cycle(bench: Bench) -> None:
    """All of them take a vector each Sf * Nf cycles, once ours has taken the first two, for which it has places."""
    for index, (made, result) in enumerate(zip(bench.cases, bench.run(0, 0), strict=True)):
        layer = LAYERS[index // 4]
        sf, nf = layer.fan_in // layer.simd, layer.outputs // layer.pe
        ahead = 2 if nf > 1 and made.name.startswith("ours") else 0
        assert np.all(np.diff(result.inputs[ahead * sf :: sf]) == sf * nf), str(made)


def test_ours_is_no_later_than_plain32(bench: Bench) -> None:
    """From a vector's first word to its first result, in cycles."""
    results = bench.run(0, 0)
    for index, layer in enumerate(LAYERS):
        wide, own = ((int(r.outputs[0]) - int(r.inputs[0])) for r in (results[4 * index], results[4 * index + 3]))
        assert 0 < own <= wide, layer.name


def test_the_layers_overflow_where_they_should() -> None:
    """Sums leave our accumulator in all layers but the last, where all contenders then agree to the word."""
    for layer in LAYERS[:-1]:
        sums = layer.sums(layer.inputs(VECTORS))
        assert (wrap(sums, layer.bits) != sums).any(), layer.name
    last, inputs = LAYERS[-1], LAYERS[-1].inputs(VECTORS)
    assert plain.layer_bits(last) <= last.bits
    np.testing.assert_array_equal(last.folded(inputs), steps(last.sums(inputs), last.thresholds(plain.WIDE)))


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_finns_width_is_the_least_that_holds_every_sum(layer: Layer) -> None:
    top = (1 << layer.activation_bits) - 1
    high = int((np.maximum(layer.matrix, 0).sum(axis=1) * top).max())
    low = int((np.minimum(layer.matrix, 0).sum(axis=1) * top).min())
    bits = plain.layer_bits(layer)
    assert -(1 << (bits - 1)) <= low and high < 1 << (bits - 1)
    assert not (-(1 << (bits - 2)) <= low and high < 1 << (bits - 2))


def test_da4mls_product(tmp_path: Path) -> None:
    """da4ml's circuit has no handshake: a word a cycle."""
    cases, sources = [], {}
    for index, layer in enumerate(UNROLLED):
        design = distributed.design(layer, tmp_path / f"da{index}")
        bits = distributed.output_bits(design, layer.outputs)
        for path in (design.folder / file for file in design.files):
            text, name = (part.replace(distributed.TOP, f"da{index}") for part in (path.read_text(), path.name))
            sources[name] = tmp_path / name
            sources[name].write_text(text)
        inside = (
            f"  logic [{distributed.latency(design) - 1}:0] valid_q;\n"
            "  always_ff @(posedge clk_i) valid_q <= rst_ni ? $bits(valid_q)'({valid_q, in_valid_i}) : '0;\n"
            "  assign out_valid_o = valid_q[$high(valid_q)];\n  assign in_ready_o = 1'b1;\n"
            f"  da{index}_wrapper i_core (.clk(clk_i), .model_inp(in_data_i), .model_out(out_data_o));\n"
        )
        cell = f"da{index}_shell"
        sources[cell] = tmp_path / f"{cell}.sv"
        sources[cell].write_text(shell(cell, layer, layer.outputs * bits, inside))
        made = case(layer, cell, design, "", layer.sums(layer.inputs(VECTORS)), bits)
        cases.append(Case(made.cell, {}, made.inputs, made.outputs, {}, layer.name))
    Bench(cases, tmp_path, "da4ml", cflags=("-O0",), sources=list(sources.values())).run(30, 0)


def test_a_rivals_weights_lie_where_they_are_asked_to(tmp_path: Path) -> None:
    layer = LAYERS[0]
    flow = Flow(tmp_path)
    found = {
        style: flow.run(plain.mvu(layer.matrix, 4, 9, 1, "BIPOLAR", 8, tmp_path / style, style))
        for style in (rom.AUTO, rom.BLOCK)
    }
    assert found[rom.AUTO].bram36 == 0 < found[rom.BLOCK].bram36
    assert found[rom.BLOCK].lut < found[rom.AUTO].lut


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_the_rivals_need_no_waiver(layer: Layer, tmp_path: Path) -> None:
    design = plain.design(layer, plain.WIDE, tmp_path)
    sources = [design.folder / name for name in design.files]
    assert verilate.lint(sources, design.top, design.parameters) == ""
