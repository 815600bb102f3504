# SPDX-License-Identifier: BSD-3-Clause
"""The command line: errors are one text and status 2, never a traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from training.commands import main


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
