# SPDX-License-Identifier: BSD-3-Clause
"""The two runners agree on every example graph, whatever the batch; unreadable files are refused."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from chain.errors import InputError
from export.ops.runtime import OnnxRuntime, QonnxExecutor, accumulators, batches, load, outputs
from tests.graphs import CASES, images


@pytest.mark.parametrize("name", CASES)
def test_runners_agree_on_every_accumulator(name: str) -> None:
    model = CASES[name](1)
    x = images(model, 23, seed=2)
    taps = accumulators(model)
    a, b = OnnxRuntime(model, list(taps.values())), QonnxExecutor(model, list(taps.values()))
    onnxruntime, qonnx = outputs(a, x, size=10), outputs(b, x, size=10)
    assert list(onnxruntime) == list(taps.values())
    for layer, tensor in taps.items():
        assert onnxruntime[tensor].shape[0] == 23
        assert np.array_equal(onnxruntime[tensor], qonnx[tensor]), layer
        assert len(np.unique(onnxruntime[tensor])) > 2, layer


@pytest.mark.parametrize("name", CASES)
def test_graphs_pass_onnx_checker(name: str) -> None:
    onnx.checker.check_model(CASES[name](0), full_check=True)


def test_batches_cover_the_images_and_report_progress() -> None:
    model = CASES["linear"](0)
    seen: list[int] = []
    parts = [part for part, _ in batches(OnnxRuntime(model), images(model, 7), 3, seen.append)]
    assert [(part.start, part.stop) for part in parts] == [(0, 3), (3, 6), (6, 7)]
    assert seen == [3, 3, 1]


def test_a_file_runs_like_the_model_in_memory(tmp_path: Path) -> None:
    model = CASES["plain"](0)
    onnx.save(model, tmp_path / "model.onnx")
    x = images(model, 3)
    assert np.array_equal(
        OnnxRuntime(tmp_path / "model.onnx")(x)["output"], OnnxRuntime(model.SerializeToString())(x)["output"]
    )


def test_runners_leave_the_model_as_it_was() -> None:
    model = CASES["plain"](0)
    before = model.SerializeToString(deterministic=True)
    for runner in (OnnxRuntime(model, ["conv1.acc"]), QonnxExecutor(model, ["conv1.acc"])):
        runner(images(model, 2))
    assert model.SerializeToString(deterministic=True) == before


def test_an_unknown_tap_is_named() -> None:
    with pytest.raises(InputError, match=r"no tensor 'conv9.acc'.*conv1.acc"):
        OnnxRuntime(CASES["plain"](0), ["conv9.acc"])


@pytest.mark.parametrize("content", [b"", b"not a model at all", b"\x00" * 100])
def test_files_that_are_not_onnx_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken.onnx: not an ONNX file"):
        load(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truncated.onnx"
    path.write_bytes(CASES["plain"](0).SerializeToString()[:2000])
    with pytest.raises(InputError, match=r"truncated.onnx: not an ONNX file"):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.onnx: cannot be read: No such file"):
        load(tmp_path / "absent.onnx")
