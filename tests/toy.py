# SPDX-License-Identifier: BSD-3-Clause
"""Toy models for tests of the chain: a user's own recipes and networks, small enough for seconds a step."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "verilator"

# One epoch of the last stage alone: accuracy is of no interest here.
RECIPE = """# SPDX-License-Identifier: BSD-3-Clause
name = "{name}"
dataset = "{dataset}"
network = "{network}"
seed = {seed}
batch_size = 64

[quantisation]
weights = "{weights}"
activation_bits = 3
input_bits = {input_bits}
accumulator_bits = {accumulator_bits}
fold = 3

[[stages]]
name = "wrap"
epochs = {epochs}
lr = 1e-3
accumulator = "wrap"

[hardware]
part = "{part}"
fps = {fps}
output = "{output}"
"""

# Odd channel counts, images and kernels that are not square, stride 2, factors of batch norm below zero, a channel
# that never fires, mixed weights; with accumulators of 32, 6 and 8 bits (TRAPS_BITS).
TRAPS = """# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import torch
from torch import nn

from training.datasets import Dataset


class Traps(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.input = q.input()
        self.wide = q.conv(q.input_shape[0], 7, 5, padding=2, weights=4)
        self.wide_norm, self.wide_act = nn.BatchNorm2d(7), q.relu()
        self.row = q.conv(7, 13, (1, 7), stride=2, padding=(0, 3), weights="ternary")
        self.row_norm, self.row_act = nn.BatchNorm2d(13), q.relu(2)
        self.mix = q.conv(13, 7, (3, 1), stride=(1, 2), weights=4)
        self.mix_norm, self.mix_act = nn.BatchNorm2d(7), q.relu(1)
        self.flatten = nn.Flatten()
        self.head = q.classifier(7 * 3 * 3, weights=4)
        with torch.no_grad():
            for norm in (self.wide_norm, self.row_norm, self.mix_norm):
                norm.weight[::2] *= -1
                norm.bias[1] = -50

    def forward(self, x):
        x = self.wide_act(self.wide_norm(self.wide(self.input(x))))
        x = self.row_act(self.row_norm(self.row(x)))
        x = self.mix_act(self.mix_norm(self.mix(x)))
        return self.head(self.flatten(x))


# Groups of several channels, one of them a channel with two outputs.
class Grouped(nn.Sequential):
    def __init__(self, q):
        super().__init__()
        self.input = q.input()
        self.stem = q.conv(q.input_shape[0], 8, 3, stride=2, padding=1)
        self.stem_norm, self.stem_act = nn.BatchNorm2d(8), q.relu()
        self.pairs = q.conv(8, 12, 3, padding=1, groups=2)
        self.pairs_norm, self.pairs_act = nn.BatchNorm2d(12), q.relu(2)
        self.doubled = q.conv(12, 24, (2, 3), groups=12)
        self.doubled_norm, self.doubled_act = nn.BatchNorm2d(24), q.relu(2)
        self.point = q.conv(24, 6, 1, groups=3, weights=3)
        self.point_norm, self.point_act = nn.BatchNorm2d(6), q.relu(2)
        self.flatten = nn.Flatten()
        self.head = q.classifier(6 * 4 * 4)


def data(folder):
    generator = np.random.default_rng(5)
    images = generator.integers(0, 256, (160, 2, 9, 12), dtype=np.uint8)
    labels = generator.integers(0, 3, 160)
    return Dataset(images[:128], labels[:128], images[128:], labels[128:], ("a", "b", "c"))
"""
TRAPS_BITS = "{default = 8, wide = 32, row = 6}"


@dataclass(frozen=True)
class Toy:
    """A recipe in a folder of its own, and the build folder beside it."""

    recipe: Path
    name: str

    @property
    def build(self) -> Path:
        return self.recipe.parent / "build"

    @property
    def folder(self) -> Path:
        """build/<model>/"""
        return self.build / self.name


def make(
    folder: Path,
    network: str = "digits",
    *,
    name: str = "toy",
    dataset: str = "digits",
    weights: str = "ternary",
    input_bits: int = 4,
    accumulator_bits: str = "8",
    epochs: int = 1,
    seed: int = 1,
    fps: float = 20_000.0,
    part: str = "xc7z020clg400-1",
    output: str = "logits",
) -> Toy:
    """Write a recipe (and the traps' networks beside it). Simulations are shared with the repository's own cache."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "traps.py").write_text(TRAPS, encoding="utf-8")
    values = {"weights": weights, "input_bits": input_bits, "accumulator_bits": accumulator_bits}
    values |= {"name": name, "dataset": dataset, "network": network, "epochs": epochs, "seed": seed}
    text = RECIPE.format(fps=float(fps), part=part, output=output, **values)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    toy = Toy(folder / f"{name}.toml", name)
    toy.folder.mkdir(parents=True, exist_ok=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    for link in (toy.build / "verilator", toy.folder / "sim"):
        if not link.is_symlink():
            link.symlink_to(CACHE)
    return toy


def traps(folder: Path, name: str = "toy-traps") -> Toy:
    """The network with traps, on random images."""
    return make(
        folder,
        "traps.py:Traps",
        name=name,
        dataset="traps.py:data",
        input_bits=8,
        accumulator_bits=TRAPS_BITS,
        fps=100_000,
    )


def grouped(folder: Path, name: str = "toy-grouped") -> Toy:
    """A network of grouped convolutions on random images, whose accelerator gives labels."""
    return make(
        folder,
        "traps.py:Grouped",
        name=name,
        dataset="traps.py:data",
        weights="binary",
        fps=50_000,
        output="labels",
    )


def command(toy: Toy, module: str, *arguments: object, python: str | Path = sys.executable) -> list[str]:
    """`python -m MODULE [STEP] RECIPE --build BUILD OPTIONS`; `module` may be "fpga rtl"."""
    words = [str(python), "-m", *module.split(), str(toy.recipe), "--build", str(toy.build)]
    return [*words, *map(str, arguments)]


def run(
    toy: Toy, module: str, *arguments: object, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run a step to its end; its output, both streams together, is `stdout`."""
    return subprocess.run(
        command(toy, module, *arguments, python=python),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )


def environment() -> dict[str, str]:
    """One thread, no colours, and lines long enough for any message."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "NO_COLOR": "1"}


def succeed(toy: Toy, module: str, *arguments: object, python: str | Path = sys.executable) -> str:
    """Run a step that must end with status 0; its output."""
    done = run(toy, module, *arguments, python=python)
    assert done.returncode == 0, f"{module} {arguments}: status {done.returncode}\n{done.stdout}"
    return done.stdout
