# SPDX-License-Identifier: BSD-3-Clause
"""The stage "rtl": its three runs, and a fault that only one of them shows."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest

from chain.errors import AgreementError, InputError
from export.ops import runtime
from fpga import simulate, steps
from tests import graphs
from tests.fpga import hardware

IMAGES = 24
RUNS = ["25 % stalls, seed 5", "25 % stalls, seed 6", "without stalls"]

# Turns the lowest bit of every result after so many cycles in each of which a word would have been taken.
IMPATIENT = """
    reg [5:0] taking_q = 6'd0;
    always @(posedge ap_clk) taking_q <= !m_axis_tready ? 6'd0 : taking_q == 6'd63 ? 6'd63 : taking_q + 6'd1;
    assign m_axis_tdata = right ^ (taking_q == 6'd63);
endmodule
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small network with random weights, exported and stitched."""
    folder = tmp_path_factory.mktemp("build") / "toy"
    folder.mkdir()
    proto = graphs.linear()
    onnx.save(proto, folder / "model.onnx")
    images = graphs.images(proto, IMAGES)
    (outputs,) = runtime.OnnxRuntime(folder / "model.onnx", threads=1)(images).values()
    pixels = np.moveaxis(images, 1, -1).astype(np.uint8)
    np.savez(folder / "reference.npz", images=pixels, outputs=outputs.astype(np.int32), labels=outputs.argmax(axis=1))
    steps.build_rtl(steps.open_model(folder.parent, "toy"), fps=100_000.0)
    return folder.parent


@pytest.fixture
def model(made, tmp_path, monkeypatch):
    """A copy of it, to be spoilt."""
    monkeypatch.setattr(steps.Model, "cache", hardware.CACHE.absolute())
    return steps.open_model(shutil.copytree(made, tmp_path / "build"), "toy")


def test_every_run_is_compared_and_recorded(model):
    steps.check_rtl(model, IMAGES, 5, 25).require_agreement()
    saved = json.loads((model.stages / "rtl.json").read_text())
    assert (saved["images"], saved["extra"]["seed"], saved["extra"]["stall_percent"]) == (IMAGES, 5, 25)
    runs = saved["extra"]["runs"]
    assert [run["run"] for run in runs] == RUNS
    assert [(run["seed"], run["stall_percent"]) for run in runs] == [(5, 25), (6, 25), (1, 0)]
    assert [(run["images"], run["mismatches"]) for run in runs] == [(IMAGES, 0), (8, 0), (8, 0)]


def test_fewer_images_than_a_measurement_takes(model):
    result = steps.check_rtl(model, 3, 5, 25)
    assert [run["images"] for run in result.extra["runs"]] == [3, 3, 3]
    assert (result.images, result.mismatches) == (3, 0)


def test_a_fault_of_a_design_that_never_waits(model):
    path = model.rtl / "accelerator.sv"
    text = path.read_text()
    width = re.search(r"output wire (\[\d+:0\]) m_axis_tdata", text)[1]
    text = text.replace("_V_TDATA(m_axis_tdata)", "_V_TDATA(right)").replace("endmodule\n", IMPATIENT)
    path.write_text(text.replace(");\n", f");\n    wire {width} right;\n", 1))
    result = steps.check_rtl(model, IMAGES, 5, 25)
    first, second, unstalled = (run["mismatches"] for run in result.extra["runs"])
    assert (first, second) == (0, 0) and unstalled > 0
    pattern = rf"'rtl' differs from 'finn' on {unstalled} of 8 images; first at layer 'fc.act', .*\(without stalls\)"
    with pytest.raises(AgreementError, match=pattern):
        result.require_agreement()


@pytest.mark.parametrize("wrong", range(3))
def test_the_run_that_differs_is_named(model, monkeypatch, wrong):
    run = simulate.Simulator.run

    def spoilt(self, *arguments):
        made = run(self, *arguments)
        if made.stalls == RUNS[wrong]:
            made.outputs[2, 1] += 1
        return made

    monkeypatch.setattr(simulate.Simulator, "run", spoilt)
    result = steps.check_rtl(model, IMAGES, 5, 25)
    assert [run["mismatches"] for run in result.extra["runs"]] == [int(index == wrong) for index in range(3)]
    with pytest.raises(AgreementError, match=rf"layer 'output', image 2, index \[1\]: .*\({RUNS[wrong]}\)"):
        result.require_agreement()
    saved = json.loads((model.stages / "rtl.json").read_text())
    assert saved["divergence"] == dataclasses.asdict(result.divergence) | {"index": [1]}


def test_a_recipe_that_changed_after_the_export_is_told(made, tmp_path):
    build, recipe = shutil.copytree(made, tmp_path / "build"), tmp_path / "own.toml"
    recipe.write_text('name = "toy"\n', encoding="utf-8")
    os.utime(recipe, (0, 0))
    assert steps.changed(steps.open_model(build, str(recipe))) is None
    recipe.touch()
    note = steps.changed(steps.open_model(build, str(recipe)))
    assert f"{recipe} was changed after" in note and f"make train export MODEL={recipe}" in note
    assert steps.changed(steps.open_model(build, "toy")) is None


def test_a_part_is_checked_before_the_training(tmp_path):
    recipe = tmp_path / "own.toml"
    for part in ("xc7z020clg400-1", None):
        recipe.write_text(f'[hardware]\npart = "{part}"\n' if part else 'name = "toy"\n', encoding="utf-8")
        steps.require_part(str(recipe))
    recipe.write_text('[hardware]\npart = "xc7z20"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"own.toml: hardware.part: unknown part 'xc7z20': did you mean 'xc7z020'"):
        steps.require_part(str(recipe))


def test_steps_behind_simulation_need_no_finn() -> None:
    """Its import takes seconds, which resources, netlist, shell and board would pay each."""
    modules = "fpga.commands, fpga.netlist, fpga.resources, fpga.shell.commands, fpga.board.commands"
    code = f"import sys, {modules}; print(sorted({{'finn', 'torch', 'sympy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
