# SPDX-License-Identifier: BSD-3-Clause
"""Modules of constant matrices: their words under stalls, latency and rate; no warnings; proven at small sizes."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyslang
import pytest

from chain.integers import wrap
from fpga import primitives, yosys
from fpga.proofs import run, sources
from fpga.proofs.engine import Proof
from fpga.unrolled import sharing, verilog
from fpga.verilate import lint
from tests.fpga.rtl.bench import RTL, STALLS, Bench, Case, Stream
from tests.fpga.unrolled.test_sharing import matrix

# Rows, inputs, kind, InBits, AccBits
SHAPES = [
    (1, 1, "binary", 1, 2),
    (16, 9, "binary", 4, 6),
    (8, 27, "ternary", 2, 6),
    (3, 72, "binary", 1, 8),
    (4, 16, "4-bit", 4, 8),
    (3, 5, "8-bit", 3, 12),
    (6, 8, "binary", 3, 4),
    (2, 20, "ternary", 4, 16),
]
CELLS = [RTL / f"{cell}.sv" for cell in verilog.CELLS]


def text(index: int) -> tuple[str, int, np.ndarray]:
    """A shape's module, its latency, and its weights."""
    rows, inputs, kind, in_bits, acc_bits = SHAPES[index]
    weights = matrix(index, rows, inputs, kind)
    circuit = sharing.plan(weights, in_bits, acc_bits)
    return verilog.module(f"sums{index}", circuit, f"shape {index}"), circuit.latency + 1, weights


def case(index: int) -> Case:
    _, inputs, _, in_bits, acc_bits = SHAPES[index]
    x = np.random.default_rng(index).integers(0, 1 << in_bits, (300, inputs))
    x[0], x[1] = 0, (1 << in_bits) - 1
    y = wrap(x @ text(index)[2].T, acc_bits)
    return Case(f"sums{index}", {}, {"in_": Stream(x, in_bits)}, {"out_": Stream(y, acc_bits)}, name=f"{index}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All modules, a file each."""
    made = tmp_path_factory.mktemp("unrolled")
    for index, _ in enumerate(SHAPES):
        (made / f"sums{index}.sv").write_text(text(index)[0], encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def bench(folder: Path) -> Bench:
    cases = [case(index) for index, _ in enumerate(SHAPES)]
    return Bench(cases, folder, "unrolled", cflags=("-O0",), sources=sorted(folder.glob("sums*.sv")))


@pytest.mark.parametrize(("idle", "back_pressure"), STALLS)
def test_words(bench: Bench, idle: int, back_pressure: int) -> None:
    bench.run(idle, back_pressure, seed=idle + 100 * back_pressure + 1)


def test_reset_in_the_middle(bench: Bench) -> None:
    bench.run(20, 40, seed=3, reset_at=77)


def test_a_vector_a_cycle_after_the_latency(bench: Bench) -> None:
    for index, result in enumerate(bench.run(0, 0)):
        assert np.all(np.diff(result.outputs) == 1)
        assert result.outputs[0] - result.inputs[0] == text(index)[1], SHAPES[index]


@pytest.mark.parametrize("index", range(len(SHAPES)))
def test_no_warnings(folder: Path, index: int) -> None:
    files = [*CELLS, folder / f"sums{index}.sv"]
    assert lint(files, f"sums{index}", {}) == ""
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    flags = ["-Wextra", "-Wconversion", "-Wno-useless-cast", "-Wno-packed-array-conv", "-Werror", f"--top=sums{index}"]
    assert driver.parseCommandLine(" ".join(["slang", *flags, *map(str, files)]))
    assert driver.processOptions() and driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), quiet=True)
    assert driver.reportDiagnostics(quiet=True)


def test_lines_have_a_width(folder: Path) -> None:
    for path in folder.glob("sums*.sv"):
        assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 120


@pytest.mark.parametrize("index", [2])
def test_the_planned_look_up_tables_are_those_of_the_netlist(folder: Path, index: int) -> None:
    """But for what ABC makes of the handshake, and for the few adders of which only one end is needed."""
    rows, inputs, kind, in_bits, acc_bits = SHAPES[index]
    planned = sharing.plan(matrix(index, rows, inputs, kind), in_bits, acc_bits)
    files = [*map(str, CELLS), str(folder / f"sums{index}.sv")]
    names = [Path(name).name for name in files]
    reads = [command.replace(" ".join(names), " ".join(files)) for command in primitives.XC7.read_commands("x", names)]
    commands = [command.replace("-top x", f"-top sums{index}") for command in reads]
    commands += [f"synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top sums{index}", f"tee -o {folder}/stat stat"]
    yosys.run(commands, folder, folder / "log.txt")
    found = re.findall(r"(\d+) .* (LUT\w+|SRL\w+)$", (folder / "stat").read_text(encoding="utf-8"), re.MULTILINE)
    luts = sum(int(number) for number, _ in found)
    assert abs(luts - planned.luts) <= 0.1 * planned.luts, found


PROPERTY = """// SPDX-License-Identifier: BSD-3-Clause
module prove_sums (
    input logic clk_i, input logic pick_i,
    input logic [{inputs}*{in_bits}-1:0] in_data_i, input logic in_valid_i, output logic in_ready_o,
    output logic [{rows}*{acc_bits}-1:0] out_data_o, output logic out_valid_o, input logic out_ready_i
);
  logic rst_ni, place_o, now_o;
  logic [$clog2({latency}+2)-1:0] inside_o;
  logic [{inputs}*{in_bits}-1:0] words_o;
  start i_start (.*);
  sums i_cell (.*);
  follow #(
      .InWidth({inputs}*{in_bits}), .OutWidth({rows}*{acc_bits}), .Flight({latency}), .Patience({latency})
  ) i_follow (.*);
  always_comb if (now_o) product : assert (out_data_o == {{{products}}});
endmodule
"""


def prove(weights: np.ndarray, in_bits: int, acc_bits: int, folder: Path, wrong: bool = False) -> str:
    """The status of the proof of a matrix's module; `wrong`: of one with another constant in an adder."""
    circuit = sharing.plan(weights, in_bits, acc_bits)
    if wrong:
        last = circuit.adders[-1]
        circuit.adders[-1] = replace(last, carries=(last.carries[0], last.rows[0][0]))
    products = [
        " + ".join(
            f"{acc_bits}'d{int(w) % (1 << acc_bits)} * {acc_bits}'(words_o[{i * in_bits}+:{in_bits}])"
            for i, w in enumerate(row)
        )
        for row in weights[::-1]
    ]
    sizes = {"rows": len(weights), "inputs": weights.shape[1], "in_bits": in_bits, "acc_bits": acc_bits}
    property_text = PROPERTY.format(**sizes, latency=circuit.latency + 1, products=", ".join(products))
    (folder / "prove_sums.sv").write_text(property_text, encoding="utf-8")
    (folder / "sums.sv").write_text(verilog.module("sums", circuit, "a test"), encoding="utf-8")
    proof = Proof("sums", "prove_sums", "sums", apart=(("out_ready_i", "out_valid_o"), ("in_valid_i", "out_valid_o")))
    return run.prove(proof, sources.modules([*sources.FOLDERS, folder]), folder / "cache", limit=100).status


@pytest.mark.parametrize(
    ("shape", "in_bits", "acc_bits"),
    [((3, 4, "binary"), 1, 3), ((2, 3, "ternary"), 2, 3), ((2, 2, "4-bit"), 2, 4)],
)
def test_proven(tmp_path: Path, shape: tuple[int, int, str], in_bits: int, acc_bits: int) -> None:
    """For all inputs, all stalls and any number of cycles."""
    assert prove(matrix(7, *shape), in_bits, acc_bits, tmp_path) == "proved"


def test_a_wrong_adder_is_refuted(tmp_path: Path) -> None:
    assert prove(matrix(7, 3, 4, "binary"), 1, 3, tmp_path, wrong=True) == "refuted"
