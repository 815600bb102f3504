# SPDX-License-Identifier: BSD-3-Clause
"""The quick proofs of every cell; what a proof says when it fails, and that it can fail."""

import dataclasses
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from chain.errors import InputError, ToolError
from fpga.proofs import commands, engine, run, sources
from fpga.proofs.catalogue import catalogue
from fpga.proofs.engine import Proof

QUICK = [proof for proof in catalogue() if proof.quick]
CACHE = Path("build") / "proofs"

TOP = """// SPDX-License-Identifier: BSD-3-Clause
module prove_count (input logic clk_i, input logic [1:0] in_i, output logic [1:0] out_o);
  logic [1:0] count_q, past_q;
  logic rst_ni;
  start i_start (.*);
  assign out_o = count_q;
  always_ff @(posedge clk_i) begin
    count_q <= rst_ni && count_q != 2'd2 ? count_q + 1'b1 : '0;
    past_q <= count_q;
  end
  always_comb if (rst_ni) RULE
endmodule
"""


def small(tmp_path: Path, rule: str, **settings: object) -> engine.Outcome:
    """The outcome for a counter 0, 1, 2, 0 whose `rule` is an assertion."""
    (tmp_path / "prove_count.sv").write_text(TOP.replace("RULE", rule), encoding="utf-8")
    proof = Proof("count", "prove_count", "count", **settings)  # type: ignore[arg-type]
    return run.prove(proof, sources.modules([tmp_path]), tmp_path / "cache")


@pytest.mark.parametrize("proof", QUICK, ids=lambda proof: proof.name)
def test_quick(proof: Proof) -> None:
    known = sources.modules()
    outcome = run.prove(proof, known, CACHE)
    assert outcome.status == "proved", f"{outcome}; trace: {run.trace(proof, known, CACHE)}"


def test_every_cell_has_a_quick_proof_and_names_are_unique() -> None:
    cells = {path.stem for path in sources.FOLDERS[0].glob("*.sv") if not path.stem.endswith("_pkg")}
    assert cells | {"byte_gearbox"} == {proof.cell for proof in QUICK}
    names = [proof.name for proof in catalogue()]
    assert len(names) == len(set(names))


def test_every_stream_is_followed_or_has_rules_of_its_own() -> None:
    """A cell with a ready output keeps out_ready_i apart from what it offers."""
    for proof in catalogue():
        text = sources.modules()[proof.cell].read_text(encoding="utf-8")
        assert bool(re.search(r"output logic +in\d?_ready_o", text)) == bool(proof.apart), proof.name


def test_what_holds_is_proved(tmp_path: Path) -> None:
    assert small(tmp_path, "three: assert (count_q != 2'd3);").status == "proved"


def test_what_holds_only_for_a_while_is_refuted_by_a_deeper_search(tmp_path: Path) -> None:
    rule = "early: assert (count_q != 2'd2);"
    assert small(tmp_path, rule, depth=3).status == "proved"
    deeper = small(tmp_path, rule, depth=4)
    assert (deeper.status, deeper.failed, deeper.cycle) == ("refuted", "early", 3)
    assert small(tmp_path, rule).cycle == 3


def test_a_counterexample_is_a_trace(tmp_path: Path) -> None:
    outcome = small(tmp_path, "other: assert (in_i != 2'd2);")
    assert (outcome.status, outcome.failed) == ("refuted", "other")
    (trace,) = (tmp_path / "cache").glob("*/trace.vcd")
    assert "in_i" in trace.read_text(encoding="utf-8")


def test_registers_begin_with_any_value(tmp_path: Path) -> None:
    assert small(tmp_path, "free: assert (past_q != 2'd3);").failed == "free"


def test_a_combinational_path_is_found(tmp_path: Path) -> None:
    rule = "three: assert (count_q != 2'd3);"
    assert small(tmp_path, rule, apart=(("in_i", "out_o"),)).status == "proved"
    text = TOP.replace("assign out_o = count_q", "assign out_o = count_q & in_i").replace("RULE", rule)
    (tmp_path / "prove_count.sv").write_text(text, encoding="utf-8")
    proof = Proof("count", "prove_count", "count", apart=(("clk_i", "out_o"), ("in_i", "out_o")))
    outcome = run.prove(proof, sources.modules([tmp_path]), tmp_path / "cache")
    assert (outcome.status, outcome.failed) == ("refuted", "a combinational path from in_i to out_o")


@pytest.mark.parametrize(("rule", "status"), [("one: assert (1'b1);", "proved"), ("none: assert (1'b0);", "refuted")])
def test_constants(tmp_path: Path, rule: str, status: str) -> None:
    assert small(tmp_path, rule).status == status


def test_what_takes_too_long_stays_open_and_is_tried_again(tmp_path: Path) -> None:
    proof = next(proof for proof in catalogue() if proof.name == "bit_heap: Levels 2, bits 8+8+8+8")
    for _ in range(2):
        outcome = run.prove(dataclasses.replace(proof, depth=0), sources.modules(), tmp_path, limit=1)
        assert outcome.status == "open" and not list(tmp_path.glob("*/outcome.json"))


def test_nothing_asserted_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no assertion came out of prove_count"):
        small(tmp_path, "some: assume (in_i == 2'd0);")


def test_an_outcome_is_kept_until_its_sources_change(tmp_path: Path) -> None:
    rule = "three: assert (count_q != 2'd3);"
    first = small(tmp_path, rule)
    assert small(tmp_path, rule) == first
    assert small(tmp_path, rule.replace("3)", "1)")).status == "refuted"


def test_an_unknown_module_or_cell_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no module 'prove_nothing' in "):
        sources.below("prove_nothing", sources.modules())
    done = CliRunner().invoke(commands.main, ["prove", "--build", str(tmp_path), "--cell", "count_seven"])
    assert done.exit_code == 2


def test_command_tells_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 3, the assertion and the trace; the passing cell's line says for how long it holds."""
    (tmp_path / "prove_count.sv").write_text(TOP.replace("RULE", "two: assert (count_q != 2'd2);"), encoding="utf-8")
    proofs = [
        Proof("bad", "prove_count", "count", quick=True),
        Proof("good", "prove_count", "count", depth=2, quick=True),
    ]
    monkeypatch.setattr(commands, "catalogue", lambda: proofs)
    monkeypatch.setattr(sources, "PROPERTIES", tmp_path)
    (tmp_path / "start.sv").write_text((Path(engine.__file__).parent / "sv" / "start.sv").read_text(), encoding="utf-8")
    done = CliRunner().invoke(commands.main, ["prove", "--build", str(tmp_path)])
    assert done.exit_code == 3, done.output
    assert re.search(r"bad: two does not hold in cycle 3; trace: \S+trace.vcd", done.output)
    assert "2 cycles" in done.output and "1 of 2 proved" in done.output
