# SPDX-License-Identifier: BSD-3-Clause
"""A recipe at several widths: the same trainings but for the accumulators, and rows that say what they came to."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from chain.errors import InputError
from training import checkpoint as checkpoints
from training import datasets, trainer, widths
from training import recipe as recipes
from training.commands import main
from training.recipe import Recipe
from training.sweep import Outcome, Trial, run_trial


@pytest.fixture
def own(own: Path) -> Path:
    """A layer of it has a width of its own."""
    text = own.read_text(encoding="utf-8")
    own.write_text(text.replace("accumulator_bits = 8", "accumulator_bits = {default = 8, conv = 6}"), encoding="utf-8")
    return own


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials in processes of their own have tests of their own (test_sweep.py)."""

    def run(todo: Sequence[Trial], jobs: int, threads: int, done: Callable[[Outcome], None]) -> list[Outcome]:
        outcomes = [run_trial(trial) for trial in todo]
        for outcome in outcomes:
            done(outcome)
        return outcomes

    monkeypatch.setattr(widths, "sweep", run)


def test_only_the_width_differs(own: Path, tmp_path: Path) -> None:
    recipe = recipes.load(str(own))
    planned = widths.planned(recipe, [5, 32, 8], [1, 2], tmp_path, None)
    assert list(planned) == [32, 5, 8]
    for bits, trials in planned.items():
        assert [trial.folder.name for trial in trials] == [f"mine-{bits}bit-seed{seed}" for seed in (1, 2)]
        for trial in trials:
            assert trial.recipe.quantisation.accumulator_bits == bits
            assert trial.recipe.folder == own.parent
            same = {"name": recipe.name, "seed": recipe.seed, "quantisation": recipe.quantisation}
            assert trial.recipe.model_copy(update=same) == recipe
    with pytest.raises(InputError, match=r"\[8, 8\], expected each once"):
        widths.planned(recipe, [8, 8], [1], tmp_path, None)


def test_the_last_layer_may_be_wider(own: Path, tmp_path: Path) -> None:
    """The control stays the same one."""
    planned = widths.planned(recipes.load(str(own)), [7], [1], tmp_path, None, last=12)
    found = {trial.recipe.name: trial.recipe.quantisation.accumulator_bits for (trial,) in planned.values()}
    assert found == {"mine-32bit-seed1": 32, "mine-last12-7bit-seed1": {"default": 7, "fc": 12}}


def test_rows_and_that_nothing_is_trained_twice(own: Path, tmp_path: Path) -> None:
    arguments = ["widths", str(own), "--bits", "6", "--seed", "1", "--seed", "2", "--build", str(tmp_path / "build")]
    (tmp_path / "build" / "bench").mkdir(parents=True)
    file = tmp_path / "build" / "bench" / "widths.json"
    file.write_text('{"other": {}}', encoding="utf-8")
    first = CliRunner().invoke(main, arguments)
    assert first.exit_code == 0, first.output
    written = json.loads(file.read_text(encoding="utf-8"))
    assert list(written) == ["other", "mine"]
    control, narrow = written["mine"]["rows"]
    for row in (control, narrow):
        summaries = [
            json.loads((file.parent / "widths" / f"mine-{row['bits']}bit-seed{seed}" / "training.json").read_text())
            for seed in (1, 2)
        ]
        values = [summary["accuracy"]["torch"]["value"] for summary in summaries]
        assert row["values"] == values and row["accuracy"] == pytest.approx(sum(values) / 2)
        assert {layer["accumulator_bits"] for summary in summaries for layer in summary["layers"]} == {row["bits"]}
    assert control["overflow_rate"] == control["loss"] == 0.0
    assert narrow["overflow_rate"] > 0.0
    assert narrow["loss"] == pytest.approx(100 * (control["accuracy"] - narrow["accuracy"]))
    assert f"{100 * narrow['accuracy']:.2f} ± {100 * narrow['deviation']:.2f} %" in first.output

    histories = {path: path.read_text() for path in file.parent.rglob("history.jsonl")}
    assert len(histories) == 4
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert {path: path.read_text() for path in file.parent.rglob("history.jsonl")} == histories
    assert json.loads(file.read_text(encoding="utf-8"))["mine"]["rows"] == [control, narrow]


def test_rows_of_other_widths_stay_beside_the_same_control(own: Path, tmp_path: Path) -> None:
    def row(bits: int, *values: float) -> dict[str, Any]:
        return {"bits": bits, "seeds": [1, 2], "values": list(values)}

    recipe, file = recipes.load(str(own)), tmp_path / "widths.json"

    def kept(recipe: Recipe, *rows: dict[str, Any]) -> list[int]:
        widths.update(file, recipe, list(rows))
        return [row["bits"] for row in json.loads(file.read_text(encoding="utf-8"))["mine"]["rows"]]

    control = row(32, 0.9, 0.8)
    assert kept(recipe, control, row(8, 0.9, 0.8)) == [32, 8]
    assert kept(recipe, control, row(6, 0.5, 0.4), row(7, 0.7, 0.6)) == [32, 8, 7, 6]
    assert kept(recipe, control, row(7, 0.7, 0.7)) == [32, 8, 7, 6]
    assert kept(recipe, row(32, 0.9, 0.7), row(7, 0.7, 0.7)) == [32, 7], "another control"
    longer = recipe.model_copy(update={"batch_size": recipe.batch_size + 1})
    assert kept(longer, row(32, 0.9, 0.7), row(6, 0.5, 0.4)) == [32, 6], "another recipe"


def test_on_from_the_trained_network(own: Path, tmp_path: Path) -> None:
    """The trials begin with its weights and are fine-tuned, control and all."""
    recipe, build = recipes.load(str(own)), tmp_path / "build"
    arguments = ["widths", str(own), "--bits", "6", "--seed", "1", "--build", str(build), "--epochs", "2"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and "no checkpoint" in result.output and "make train" in result.output
    trainer.train(recipe, build / "mine")
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert CliRunner().invoke(main, [*arguments, "--last", "9"]).exit_code == 0
    made = json.loads((build / "bench" / "widths.json").read_text(encoding="utf-8"))
    assert [row["bits"] for row in made["mine, 2 epochs on"]["rows"]] == [32, 6]
    same, wider = made["mine, 2 epochs on, last layer 9 bits"]["rows"]
    assert same == made["mine, 2 epochs on"]["rows"][0] and wider["bits"] == 6
    checkpoint = checkpoints.read(build / "bench" / "widths" / "mine-on2-6bit-seed1" / checkpoints.NAME)
    assert checkpoint.epochs == 2 and checkpoint.recipe.stages == recipe.fine_tuning(2)
    assert [(stage.name, stage.accumulator) for stage in recipe.fine_tuning(2)] == [
        *(("penalty", "wide"), ("wrap", "wrap"))
    ]
    assert [stage.accumulator for stage in recipe.fine_tuning(1)] == ["wrap"]
    weights = checkpoints.read(build / "mine" / checkpoints.NAME, recipe).model
    trainer.train(checkpoint.recipe, tmp_path / "same", start=weights)
    same = checkpoints.read(tmp_path / "same" / checkpoints.NAME).model
    assert all(torch.equal(tensor, same[name]) for name, tensor in checkpoint.model.items())
    fresh, _ = trainer.run(checkpoint.recipe, datasets.load(recipe), tmp_path / "fresh")
    assert not all(torch.equal(tensor, fresh.model[name]) for name, tensor in checkpoint.model.items())


def test_without_a_control_there_is_nothing_to_compare(own: Path, tmp_path: Path) -> None:
    (own.parent / "own.py").unlink()
    arguments = ["widths", str(own), "--bits", "4", "--seed", "1", "--build", str(tmp_path / "build")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and "widths: nothing to compare with" in result.output and "own.py" in result.output
