# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps: trials whose processes are killed go on from their checkpoints, to the same result."""

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from chain.errors import InputError
from training import recipe as recipes
from training import workers
from training.commands import main
from training.recipe import Recipe
from training.sweep import Outcome, run_trial, sweep, trials
from training.trainer import train

STEPS = 30  # an epoch


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "history.jsonl").read_text().splitlines()]


def test_recipes_times_seeds(own: Path, tmp_path: Path) -> None:
    found = trials([recipes.load("digits"), recipes.load(str(own))], [3, 4], tmp_path)
    assert [(trial.recipe.name, trial.recipe.seed) for trial in found] == [
        ("digits-seed3", 3),
        ("digits-seed4", 4),
        ("mine-seed3", 3),
        ("mine-seed4", 4),
    ]
    assert found[3].folder == tmp_path / "mine-seed4"
    assert found[3].recipe.folder == own.parent, "its files are still found"
    assert [trial.recipe.seed for trial in trials([recipes.load("digits")], [], tmp_path)] == [1]
    with pytest.raises(InputError, match="mine-seed3 twice"):
        trials([recipes.load(str(own))], [3, 3], tmp_path)


def test_a_killed_trial_goes_on_from_its_checkpoint(own: Path, tmp_path: Path) -> None:
    """Its process is killed in the third epoch."""
    (trial,) = trials([recipes.load(str(own))], [5], tmp_path / "build")
    (tmp_path / "signal-at").write_text(f"SIGKILL {2 * STEPS + 3}", encoding="utf-8")
    heard: list[Outcome] = []
    outcomes = sweep([trial], 1, 1, heard.append)
    (tmp_path / "signal-at").unlink()
    assert outcomes == heard and outcomes[0].error == "" and outcomes[0].summary is not None
    assert outcomes[0].summary["seed"] == 5
    train(trial.recipe, tmp_path / "whole", console=Console(file=io.StringIO()))
    assert losses(trial.folder) == losses(tmp_path / "whole") and len(losses(trial.folder)) == 3


def test_a_trial_that_always_dies_fails_and_the_command_takes_it_up(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "RETRIES", 0)
    build = tmp_path / "build"
    command = ["sweep", str(own), "--seed", "1", "--build", str(build), "--jobs", "1"]
    (tmp_path / "signal-at").write_text("SIGKILL 3", encoding="utf-8")
    broken = CliRunner().invoke(main, command)
    assert broken.exit_code == 1 and "died" in broken.output
    assert "1 of 1 trials failed" in broken.output
    (tmp_path / "signal-at").unlink()
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0 and "mine-seed1: done" in done.output
    assert len(losses(build / "mine-seed1")) == 3


def test_an_error_in_one_trial_is_told_and_the_others_go_on(own: Path, tmp_path: Path) -> None:
    """One that the user can mend, and one that nobody foresaw."""
    odd = tmp_path / "odd.toml"
    text = own.read_text(encoding="utf-8").replace('"mine"', '"odd"').replace("own.py:Own", "own.py:Odd")
    odd.write_text(text, encoding="utf-8")
    with (tmp_path / "own.py").open("a", encoding="utf-8") as file:
        file.write("\n\nclass Odd(Own):\n    def _stop(self):\n        raise RuntimeError('no memory')\n")
    bad = tmp_path / "bad.toml"
    bad.write_text(
        own.read_text(encoding="utf-8").replace('"mine"', '"bad"').replace("batch_size = 32", "batch_size = 2000"),
        encoding="utf-8",
    )
    result = CliRunner().invoke(
        main, ["sweep", *map(str, (bad, odd, own)), "--build", str(tmp_path / "b"), "--jobs", "2"]
    )
    assert result.exit_code == 1
    assert "bad-seed1: failed: batch_size 2000" in result.output and "mine-seed1: done" in result.output
    assert "odd-seed1: failed: RuntimeError: no memory" in result.output and "2 of 3 trials failed" in result.output


def test_another_recipe_or_another_start_begins_anew(own: Path, tmp_path: Path) -> None:
    """A figure of an older network is worse than a second training."""
    recipe = recipes.load(str(own))
    start, build = tmp_path / "start" / "checkpoint.pt", tmp_path / "build"
    train(recipe, start.parent, console=Console(quiet=True))

    def outcome(recipe: Recipe) -> tuple[float, int]:
        (trial,) = trials([recipe], [5], build, start=start)
        summary = run_trial(trial).summary
        assert summary is not None
        return summary["seconds"], summary["epochs"]

    first = outcome(recipe)
    assert outcome(recipe) == first, "nothing is trained again"
    train(recipe.model_copy(update={"seed": 9}), start.parent, console=Console(quiet=True))
    second = outcome(recipe)
    assert second != first
    longer = recipe.model_copy(update={"stages": (recipe.stages[0].model_copy(update={"epochs": 4}),)})
    assert outcome(longer)[1] == 4
