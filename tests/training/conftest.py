# SPDX-License-Identifier: BSD-3-Clause
"""What several tests of training share."""

import shutil
from pathlib import Path

import pytest

RECIPE = """
name = "mine"
dataset = "own.py:stripes"
network = "own.py:Own"
batch_size = 32
[quantisation]
activation_bits = 3
input_bits = 2
accumulator_bits = 8
[[stages]]
name = "wide"
epochs = 2
lr = 1e-2
accumulator = "wide"
[[stages]]
name = "wrap"
epochs = 1
lr = 5e-3
accumulator = "wrap"
penalty = 0.1
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's recipe, with its network and data."""
    shutil.copy(Path(__file__).with_name("own.py"), tmp_path)
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path
