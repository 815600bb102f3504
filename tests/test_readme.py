# SPDX-License-Identifier: BSD-3-Clause
"""What the README shows works: its recipe and its network build, and its commands are the Makefile's."""

import re
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def block(readme: str, language: str) -> str:
    """The first fenced block of `language`."""
    found = re.search(rf"^```{language}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def mine(readme: str, tmp_path: Path) -> Path:
    """A folder with the README's mine.toml and mine.py, and made-up images."""
    (tmp_path / "mine.toml").write_text(block(readme, "toml"), encoding="utf-8")
    (tmp_path / "mine.py").write_text(block(readme, "python"), encoding="utf-8")
    rng = np.random.default_rng(1)
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (300, 3, 12, 16), dtype=np.uint8))
    np.save(tmp_path / "labels.npy", rng.integers(0, 2, 300, dtype=np.int64))
    return tmp_path


def test_the_users_own_network_builds_and_gives_integers(mine: Path) -> None:
    import torch

    from training import datasets, recipe
    from training.build import build
    from training.freezing import freeze

    own = recipe.load(str(mine / "mine.toml"))
    dataset = datasets.load(own, mine)
    assert (own.name, len(dataset.train_images), dataset.class_names) == ("mine", 100, ("cat", "dog"))
    model = build(own, dataset.input_shape, len(dataset.class_names), dataset.maximum)
    images = torch.from_numpy(dataset.train_images[:8]).float()
    model.train()(images)
    outputs = freeze(model)(images)
    outputs = getattr(outputs, "value", outputs)
    assert outputs.shape == (8, 2)
    assert torch.equal(outputs, outputs.round()) and outputs.abs().max() <= 128


def test_the_users_own_network_is_short(readme: str) -> None:
    assert len(block(readme, "python").splitlines()) <= 30


def test_commands_are_targets(readme: str, repository: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):(?!=)", (repository / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", readme, re.MULTILINE))
    assert {"demo", "test", "deploy", "board"} <= named <= targets
