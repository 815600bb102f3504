# SPDX-License-Identifier: BSD-3-Clause
"""The command line: errors are one text and status 2, never a traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from training import datasets
from training import recipe as recipes
from training.commands import main
from training.trainer import run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "digit"], "unknown model 'digit'; did you mean 'digits'"),
        (["train", "none.toml"], "no such file"),
        (["train", "fmnist-cnn", "--data", "nowhere"], "apt-get install dataset-fashion-mnist"),
    ],
)
def test_errors(arguments: list[str], message: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*arguments, "--build", str(tmp_path)])
    assert result.exit_code == 2
    assert message in result.output and "Traceback" not in result.output


def test_a_build_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(main, ["train", "digits", "--build", str(tmp_path / "file")])
    assert result.exit_code == 2 and "file" in result.output


def test_list() -> None:
    result = CliRunner().invoke(main, ["list"])
    assert result.exit_code == 0 and {"digits", "fmnist-cnn"} <= set(result.output.split())


def test_a_training_that_was_stopped_before_an_epoch_does_not_become_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.trainer.train", stopped)
    arguments = ["train", "digits", "--build", str(tmp_path / "a folder"), "--if-needed"]
    for option, told in (("--fresh", "begin again with: make train MODEL=digits FRESH=1"), ("--resume", "RESUME=1")):
        result = CliRunner().invoke(main, [*arguments, option])
        assert result.exit_code == 130 and "comes with the toolkit" not in result.output
        assert f"{told} BUILD='{tmp_path}/a folder'" in result.output


def test_one_that_runs_was_not_stopped(tmp_path: Path) -> None:
    recipe = recipes.load("digits")
    run(recipe, datasets.load(recipe), tmp_path / "digits", until=1)
    arguments = ["train", "digits", "--build", str(tmp_path), "--if-needed"]
    with FileLock(tmp_path / "digits" / "lock"):
        assert "another training runs there" in CliRunner().invoke(main, arguments).output
    assert "was stopped: RESUME=1 goes on with it" in CliRunner().invoke(main, arguments).output


@pytest.mark.parametrize("option", ["--drop", "--minutes"])
def test_numbers_that_are_none(option: str) -> None:
    result = CliRunner().invoke(main, ["search", "digits", option, "nan"])
    assert result.exit_code == 2 and "found nan, expected a number" in result.output
