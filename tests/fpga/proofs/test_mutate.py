# SPDX-License-Identifier: BSD-3-Clause
"""Mutations fit the cells as they are, every cell has some, and what notices them is told."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from chain.errors import InputError
from fpga.proofs import commands, mutate, sources
from fpga.proofs.catalogue import catalogue

MUTATIONS, TESTS = mutate.load()


def mutation(name: str) -> mutate.Mutation:
    return next(item for item in MUTATIONS if item.name == name)


def written(folder: Path, *edits: str) -> Path:
    path = folder / "mutations.toml"
    lines = [f"    {{ {edit} }}," for edit in edits]
    text = ["[tests]", "[[cells]]", 'file = "fpga/rtl/add_three.sv"', "mutations = [", *lines, "]", ""]
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def test_every_cell_is_broken_in_several_ways() -> None:
    """Each has a test file, too, which is there."""
    counts = {path.stem: sum(item.cell == path.stem for item in MUTATIONS) for path in sources.FOLDERS[0].glob("*.sv")}
    assert min(counts.values()) >= 4, counts
    assert set(counts) <= set(TESTS) and all((mutate.ROOT / file).is_file() for file in TESTS.values())


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ('name = "a", from = "no such text", to = "x"', "its text is 0 times in fpga/rtl/add_three.sv"),
        ('name = "a", from = "keep", to = "x"', r"its text is \d+ times"),
        ('name = "a", from = "keep << 1", to = "keep << 1"', "expected once, to become another"),
        ('name = "a", form = "x", to = "y"', "unknown key 'form'"),
    ],
)
def test_an_edit_must_fit_once(tmp_path: Path, edit: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mutate.load(written(tmp_path, edit))


def test_a_name_is_there_once(tmp_path: Path) -> None:
    edit = 'name = "a", from = "keep << 1", to = "keep << 2"'
    with pytest.raises(InputError, match="'add_three: a' is there twice"):
        mutate.load(written(tmp_path, edit, edit))


@pytest.mark.parametrize(
    ("name", "killer"),
    [
        ("add_three: a row dropped", "summed"),
        ("stream_fifo: a stall ignored", "i_follow.stable"),
        ("wrap_fold: valid from ready", "a combinational path from out_ready_i to out_valid_o"),
    ],
)
def test_a_proof_notices(tmp_path: Path, name: str, killer: str) -> None:
    hunt = mutate.Hunt(catalogue(), {}, tmp_path)
    verdict = mutate.judge(mutation(name), hunt)
    assert verdict.killer.startswith("proof ") and verdict.how == killer
    kept = list(tmp_path.glob("*.json"))
    assert mutate.judge(mutation(name), hunt) == verdict and list(tmp_path.glob("*.json")) == kept and len(kept) == 1


def test_a_check_of_parameters_notices(tmp_path: Path) -> None:
    item = mutate.Mutation("stream_fifo: none fits", "fpga/rtl/stream_fifo.sv", "if (Depth < 2)", "if (Depth < 9)")
    verdict = mutate.judge(item, mutate.Hunt(catalogue(), {}, tmp_path))
    assert verdict.killer == "proof stream_fifo: Width 2, Depth 2"
    assert verdict.how == "stream_fifo: Depth is 2, expected at least 2"


def test_an_equivalent_one_gets_past_the_proofs(tmp_path: Path) -> None:
    item = mutate.Mutation(
        "add_three: order", "fpga/rtl/add_three.sv", "odd + (keep << 1)", "(keep << 1) + odd", "it is"
    )
    assert mutate.judge(item, mutate.Hunt(catalogue(), {}, tmp_path)) == mutate.Verdict("")


def test_a_test_notices_what_no_proof_does(tmp_path: Path) -> None:
    """Without proofs, the cell's test file runs on a copy that has the broken cell."""
    folder = mutate.ROOT / "tests" / "fpga" / "rtl" / "test_lint.py"
    hunt = mutate.Hunt([], {"stream_fork": str(folder.relative_to(mutate.ROOT))}, tmp_path)
    broken = mutate.Mutation("stream_fork: no such port", "fpga/rtl/stream_fork.sv", "done_q, ready;", "done_q;")
    assert mutate.judge(broken, hunt).killer.startswith("test tests/fpga/rtl/test_lint.py::")


def test_command_names_survivors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nothing notices, and one that is wrongly said to change nothing: both are named, status 3."""
    items = [
        mutate.Mutation("add_three: a comment", "fpga/rtl/add_three.sv", "No registers;", "None;"),
        mutate.Mutation("add_three: and", "fpga/rtl/add_three.sv", "odd + (keep", "odd & (keep", "it is not"),
        mutation("add_three: a row dropped"),
    ]
    monkeypatch.setattr(mutate, "load", lambda: (items, {}))
    monkeypatch.setattr(commands, "catalogue", lambda: [proof for proof in catalogue() if proof.cell == "add_three"])
    done = CliRunner().invoke(commands.main, ["mutate", "--build", str(tmp_path)])
    assert done.exit_code == 3
    assert "add_three: a comment: nothing noticed it" in done.output
    assert re.search(r"add_three: and: is said to change nothing, but proof add_three: Width 3 fails", done.output)
    assert "1 of 3 as expected" in done.output
    assert (tmp_path / "proofs" / "mutations.json").is_file()
