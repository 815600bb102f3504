# SPDX-License-Identifier: BSD-3-Clause
"""Bitstreams in the report: whatever tool made them, beside the estimate, and marked where they are stale."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chain.errors import InputError
from chain.files import write_json
from chain.report import bitstreams, collect, page, table
from tests.chain import made_up

DESIGN = "0123456789abcdef" * 4


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made-up results, of a design whose hash is DESIGN."""
    monkeypatch.setattr(bitstreams.design, "digest", lambda rtl: DESIGN)
    return made_up.write_all(tmp_path)


def add(folder: Path, board: str, **other: Any) -> None:
    values = {
        "board": board,
        "part": "xc7z020clg400-1",
        "toolchain": "vivado",
        "tool": "vivado 2023.2",
        "design_hash": DESIGN,
        "timing": {"clock_mhz": 100.0, "fmax_mhz": 125.0, "layer": "conv2", "met": True},
        "use": {"lut": 3100, "ff": 4210, "bram36": 1.5, "dsp": 0},
        "available": {"lut": 53200, "ff": 106400, "bram36": 140, "dsp": 220},
        "accelerator": {"lut": 2000, "ff": 2900, "bram36": 1.5, "dsp": 0},
        "power_w": 0.187,
    }
    write_json(folder / "bitstream" / board / "bitstream.json", values | other)


def report_of(folder: Path) -> dict[str, Any]:
    return collect.collect(folder, "toy", "MODEL=toy")


def printed(report: dict[str, Any]) -> str:
    console = Console(width=200, record=True, quiet=True)
    with console.capture() as said:
        console.quiet = False
        table.show(report, console)
    return said.get()


def test_no_bitstream_no_word_of_it(folder: Path) -> None:
    report = report_of(folder)
    assert report["bitstreams"] == [] and "Placed and routed" not in page.render(report)
    assert "Bitstream" not in printed(report)


def test_each_stands_beside_the_estimate(folder: Path) -> None:
    add(folder, "pynq-z2")
    add(folder, "pynq-z1", toolchain="openxc7", tool="nextpnr-xilinx 0.8", accelerator={}, power_w=None)
    ecp5 = {"use": {"TRELLIS_COMB": 4000}, "available": {"TRELLIS_COMB": 83640}, "accelerator": {}}
    add(folder, "ulx3s-85f", part="LFE5U-85F-6BG381C", toolchain="trellis", tool="nextpnr 0.11.1", **ecp5)
    report = report_of(folder)
    estimated = json.loads((folder / "resources.json").read_text(encoding="utf-8"))
    openxc7, vivado, trellis = report["bitstreams"]
    assert [item["board"] for item in report["bitstreams"]] == ["pynq-z1", "pynq-z2", "ulx3s-85f"]
    assert (vivado["clock_mhz"], vivado["fmax_mhz"], vivado["met"], vivado["stale"]) == (100.0, 125.0, True, False)
    assert vivado["estimate"]["of"] == "accelerator"
    assert vivado["estimate"]["difference_percent"]["lut"] == pytest.approx(100 * (2000 / estimated["lut"] - 1))
    assert openxc7["estimate"]["of"] == "whole design, shell included"
    assert openxc7["estimate"]["counted"]["lut"] == 3100
    assert "estimate" not in trellis
    assert report["notes"] == []
    html, text = page.render(report), printed(report)
    for said in (html, text):
        assert "Bitstream for pynq-z2" in said and "Bitstream for ulx3s-85f" in said
        assert "100 MHz asked, 125.0 MHz reached (slowest path in conv2)" in " ".join(said.split())
        assert "5.83 % of 53,200" in said and "TRELLIS_COMB" in said
    assert (
        "As the tool reports it, not measured on a board." in html and html.count("W by the tool&#39;s estimate") == 2
    )


def test_one_of_an_earlier_design_is_marked(folder: Path) -> None:
    add(folder, "pynq-z2", design_hash="f" * 64)
    report = report_of(folder)
    assert report["bitstreams"][0]["stale"] and "estimate" not in report["bitstreams"][0]
    assert report["notes"] == [
        "the bitstream for pynq-z2 is of design ffffffff, rtl/ now holds 01234567: "
        "repeat `make bitstream MODEL=toy BOARD=pynq-z2`"
    ]
    assert "Of an earlier design" in page.render(report) and "of an earlier design" in printed(report)


@pytest.mark.parametrize("content", ["[", "[]", '{"board": "pynq-z2"}'])
def test_what_is_no_record_is_named(content: str, folder: Path) -> None:
    add(folder, "pynq-z2")
    path = folder / "bitstream" / "pynq-z2" / "bitstream.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="is no record of a bitstream"):
        report_of(folder)
