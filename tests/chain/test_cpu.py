# SPDX-License-Identifier: BSD-3-Clause
"""The chain's CPU stage by its command line: what it records, and when there is none."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from chain import agreement, record
from chain.cpu.commands import main
from host.cpu import onnx_model, reference
from tests import graphs

IMAGES = 70


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """build/plain/ with what the export leaves, and the record of an earlier CPU stage."""
    folder = tmp_path / "plain"
    folder.mkdir()
    model = graphs.plain()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    images = graphs.images(model, IMAGES).astype(np.uint8).transpose(0, 2, 3, 1)
    outputs = reference.run(onnx_model.convert(model), images).outputs
    labels = outputs.argmax(axis=1)
    labels[:7] += 1
    np.savez(folder / "reference.npz", images=images, labels=labels, outputs=outputs)
    agreement.StageResult("cpu", "torch", images=1).save(folder / "stages")
    return tmp_path


def run(build: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["plain", "--build", str(build), *options])


def test_the_record_of_all_images(build: Path) -> None:
    done = run(build, "--threads", "1")
    assert done.exit_code == 0
    assert f"CPU engine: {IMAGES} images in " in done.output and "90.00 % right, 0 differ from torch (" in done.output
    result = agreement.load(build / "plain" / "stages")["cpu"]
    assert (result.against, result.images, result.correct, result.mismatches) == ("torch", IMAGES, IMAGES - 7, 0)
    assert set(result.extra) == {"seconds", "instruction_set", "threads"} and result.extra["threads"] == 1
    assert record.read(build / "plain")["cpu"].seconds > 0


def test_some_of_the_images(build: Path) -> None:
    assert run(build, "--images", "10").exit_code == 0
    assert agreement.load(build / "plain" / "stages")["cpu"].images == 10


def test_a_difference_fails_the_stage_and_is_named(build: Path) -> None:
    path = build / "plain" / "reference.npz"
    with np.load(path) as content:
        arrays = dict(content)
    arrays["outputs"][5, 3] += 1
    np.savez(path, **arrays)
    done = run(build)
    assert done.exit_code == 1
    expected = arrays["outputs"][5, 3]
    assert f"layer 'output', image 5, index [3]: expected {expected}, got {expected - 1}" in done.output
    assert json.loads((build / "plain" / "stages" / "cpu.json").read_text())["mismatches"] == 1


def test_no_compiler_no_stage(build: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from host.cpu import library

    monkeypatch.setenv("PATH", str(tmp_path))
    library.load.cache_clear()
    done = run(build)
    assert done.exit_code == 0
    assert "no CPU stage for plain: no C++ compiler for the CPU engine" in done.output
    assert not (build / "plain" / "stages" / "cpu.json").exists()


def test_a_network_that_the_engine_cannot_run_has_no_stage(build: Path) -> None:
    model = graphs.plain()
    model.graph.node[4].op_type = "Sinh"
    model.graph.node[4].domain = ""
    (build / "plain" / "model.onnx").write_bytes(model.SerializeToString())
    done = run(build)
    assert done.exit_code == 0
    assert "no CPU stage for plain: " in done.output and "the engine does not have this operator" in done.output
    assert not (build / "plain" / "stages" / "cpu.json").exists()


@pytest.mark.parametrize("name", ["model.onnx", "reference.npz"])
def test_what_the_export_did_not_leave(build: Path, name: str) -> None:
    (build / "plain" / name).unlink()
    done = run(build)
    assert done.exit_code == 2
    assert (
        f"error: {build / 'plain' / name} does not exist: make it first (make train export MODEL=plain)" in done.output
    )


def test_a_damaged_model_is_an_error(build: Path) -> None:
    (build / "plain" / "model.onnx").write_bytes(b"garbage")
    done = run(build)
    assert done.exit_code == 2 and "error: " in done.output and "not an ONNX file" in done.output
    assert not (build / "plain" / "stages" / "cpu.json").exists()
