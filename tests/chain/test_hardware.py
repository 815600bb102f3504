# SPDX-License-Identifier: BSD-3-Clause
"""The step that this version does not do: its message names what is missing, and its status is 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chain import hardware
from chain.errors import InputError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(hardware.main, list(arguments))


def test_bitstream_names_the_missing_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("bitstream", "digits", "--build", str(tmp_path), "--board", "pynq-z1", "--toolchain", "vivado")
    assert result.exit_code == 2
    assert "bitstream for pynq-z1 with vivado: not found: vivado" in result.stderr
    assert "`make deploy MODEL=digits` writes the accelerator" in result.stderr


def test_bitstream_says_so_even_if_the_tool_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vivado").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "vivado").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "digits" / "rtl").mkdir(parents=True)
    (tmp_path / "digits" / "rtl" / "manifest.json").touch()
    result = run("bitstream", "digits", "--build", str(tmp_path))
    assert result.exit_code == 2
    assert "its programs are there; and this version of the toolkit stops before place and route" in result.stderr
    assert f"the accelerator in {tmp_path / 'digits' / 'rtl'}" in result.stderr


def test_a_board_takes_its_own_toolchain_by_default(tmp_path: Path) -> None:
    assert (
        "ulx3s-85f with trellis" in run("bitstream", "digits", "--build", str(tmp_path), "--board", "ulx3s-85f").stderr
    )


@pytest.mark.parametrize(
    ("board", "toolchain", "text"),
    [
        ("pynqz2", "vivado", "unknown board 'pynqz2': did you mean 'pynq-z2'?"),
        ("pynq-z2", "vivada", "unknown toolchain 'vivada': did you mean 'vivado'?"),
        ("ulx3s-85f", "vivado", "toolchain 'vivado' does not know board 'ulx3s-85f'; trellis does"),
    ],
)
def test_what_is_unknown_is_named(board: str, toolchain: str, text: str) -> None:
    with pytest.raises(InputError) as error:
        hardware.missing_programs(board, toolchain)
    assert text in str(error.value)
