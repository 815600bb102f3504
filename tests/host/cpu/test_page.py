# SPDX-License-Identifier: BSD-3-Clause
"""What docs/cpu-engine.md shows works, and its picture is the arithmetic."""

import re
from pathlib import Path

import numpy as np
import pytest

from host.cpu import onnx_model, reference
from tests import graphs


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "cpu-engine.md").read_text(encoding="utf-8")


def test_the_lines_of_python_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    model = graphs.plain()
    images = graphs.images(model, 3).astype(np.uint8).transpose(0, 2, 3, 1)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    np.save(tmp_path / "images.npy", images)
    monkeypatch.chdir(tmp_path)
    names: dict[str, np.ndarray] = {}
    exec(compile(found[1], "docs/cpu-engine.md", "exec"), names)
    expected = reference.run(onnx_model.convert(model), images).outputs
    assert np.array_equal(names["logits"], expected)
    assert np.array_equal(names["labels"], expected.argmax(axis=1))


def test_commands_are_targets(page: str, repository: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):(?!=)", (repository / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", page, re.MULTILINE))
    assert {"cpu", "export"} <= named <= targets


def test_the_entry_of_the_picture(page: str) -> None:
    found = re.search(r"weights ([-+ ]+?)  is entry (\d+)", page)
    assert found
    signs = found[1].split()
    assert sum(1 << i for i, sign in enumerate(signs) if sign == "+") == int(found[2])
