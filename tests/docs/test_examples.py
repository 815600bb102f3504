# SPDX-License-Identifier: BSD-3-Clause
"""Users' own training scripts get 8-bit accumulators by five lines, and without these lines they are plain scripts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

MARK = re.compile(r"  # (\d): ")
EPOCHS = re.compile(r"\b12\b")

each_example = pytest.mark.parametrize("name", ["brevitas_loop.py", "lightning_module.py"])


def source(root: Path, name: str) -> str:
    return (root / "docs" / "examples" / name).read_text(encoding="utf-8")


def plain(text: str) -> str:
    """The script without its marked lines."""
    return "".join(line for line in text.splitlines(keepends=True) if not MARK.search(line))


def run(text: str, root: Path, folder: Path) -> str:
    script = folder / "script.py"
    script.write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=folder, capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["script.py"]
    return done.stdout


def accuracy(printed: str) -> float:
    found = re.search(r"^accuracy ([\d.]+) % on 497 images$", printed, re.MULTILINE)
    assert found, printed
    return float(found[1])


@each_example
def test_the_example_trains_a_brevitas_model_to_8_bits(name: str, repository: Path, tmp_path: Path) -> None:
    """What it prints is the accuracy of real wraparound: `report`, which it recommends, finds the same."""
    recommended = "print(training.report(model, test))"
    text = source(repository, name)
    assert f"`{recommended}` at the end" in text
    own, _, report = run(f"{text}print('===')\n{recommended}\n", repository, tmp_path).partition("===")
    assert accuracy(own) > 90
    assert accuracy(report) == accuracy(own)
    assert len(re.findall(r"│ 8 bits +│ 3 +│", report)) == 3, report


@each_example
def test_five_lines_are_all_that_tells_it_from_a_plain_script(name: str, repository: Path, tmp_path: Path) -> None:
    text = source(repository, name)
    assert MARK.findall(text) == ["1", "2", "3", "4", "5"]
    without = plain(text)
    assert len(text.splitlines()) - len(without.splitlines()) <= 5
    assert len(EPOCHS.findall(without)) == 1
    assert accuracy(run(EPOCHS.sub("2", without), tmp_path, tmp_path)) > 50
