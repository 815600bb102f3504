# SPDX-License-Identifier: BSD-3-Clause
"""Training on two processes gives what one gives; a process that fails ends all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from rich.console import Console
from torch import nn

from chain.errors import InputError, UnsupportedError
from training import checkpoint as checkpoints
from training import recipe as recipes
from training.distributed import Ranks, _share_batch_norm, joined
from training.trainer import train

RECIPE = """
name = "mine"
dataset = "digits"
network = "own.py:Own"
batch_size = 64
[quantisation]
activation_bits = 3
input_bits = 4
accumulator_bits = 7
[augmentation]
shift = 1
[[stages]]
name = "wide"
epochs = 2
lr = 1e-3
accumulator = "wide"
penalty = 0.01
[[stages]]
name = "wrap"
epochs = 1
lr = 5e-4
accumulator = "wrap"
penalty = 0.01
"""
NETWORK = """
import os
from training.networks.digits import DigitsCnn
class Own(DigitsCnn):
    steps = 0
    def forward(self, x):
        self.steps += self.training
        if self.steps == 30 and os.environ.get("RANK") == os.environ.get("FAILS", "none"):
            raise ValueError("this process fails")
        return super().forward(x)
"""
# Float32 sums are rounded in another order, which moves some sums' quantised activations by a step. Losses are near 2.
FIRST_EPOCH, LATER = 2e-4, 5e-3


def write(folder: Path) -> Path:
    (folder / "own.py").write_text(NETWORK, encoding="utf-8")
    path = folder / "mine.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def run(recipe: Path, build: Path, *options: str, fails: str = "none") -> "subprocess.CompletedProcess[str]":
    """Train in two processes, of which the one of rank `fails` raises in its second epoch."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*launcher, "-m", "training", "train", str(recipe), "--build", str(build), *options],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "FAILS": fails, "OMP_NUM_THREADS": "1"},
    )


def history(build: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in (build / "mine" / "history.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, subprocess.CompletedProcess[str]]":
    """The folder of a recipe, and below it `two`, what two processes made of it."""
    folder = tmp_path_factory.mktemp("shared")
    done = run(write(folder), folder / "two")
    assert done.returncode == 0, done.stderr
    return folder, done


def test_two_processes_give_the_loss_curve_of_one(shared: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    folder, done = shared
    assert done.stderr.count("epoch   1/3") == 1, "one process alone shows what happens"
    train(recipes.load(str(folder / "mine.toml")), folder / "one" / "mine", console=Console(quiet=True))
    one, two = history(folder / "one"), history(folder / "two")
    assert [lines[0]["machine"]["processes"] for lines in (one, two)] == [1, 2]
    assert len(one) == len(two) == 3
    for a, b, tolerance in zip(one, two, (FIRST_EPOCH, LATER, LATER), strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=tolerance)
        assert b["penalty"] == pytest.approx(a["penalty"], rel=20 * tolerance)
        assert b["train_overflow_rate"] == pytest.approx(a["train_overflow_rate"], rel=0.05)
        assert a["train_overflow_rate"] > 0
    names = checkpoints.read(folder / "one" / "mine" / "checkpoint.pt").model.keys()
    assert checkpoints.read(folder / "two" / "mine" / "checkpoint.pt").model.keys() == names


def test_a_process_that_fails_ends_all_and_they_go_on_to_the_same_result(
    shared: "tuple[Path, subprocess.CompletedProcess[str]]",
) -> None:
    folder, _ = shared
    broken = run(folder / "mine.toml", folder / "broken", fails="1")
    assert broken.returncode != 0 and "this process fails" in broken.stderr
    assert len(history(folder / "broken")) == 1
    resumed = run(folder / "mine.toml", folder / "broken", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    losses = [[line["loss"] for line in history(folder / name)] for name in ("two", "broken")]
    assert losses[0] == losses[1]


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    Ranks(size=2).require_divisible(64)
    with pytest.raises(InputError, match="batch_size 63 cannot be split over 2 processes"):
        Ranks(size=2).require_divisible(63)


def test_shares_are_the_batch() -> None:
    batch = torch.arange(12).view(6, 2)
    assert torch.equal(torch.cat([Ranks(rank, 3).share(batch) for rank in range(3)]), batch)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="sees 0 GPUs"), joined("cuda"):
        pass


@pytest.fixture
def alone(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A group of one process."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.usefixtures("alone")
def test_shared_batch_norm_is_batch_norm(momentum: float | None, affine: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 5, 3, 4) * 3 + 100
    plain, shared = (nn.Sequential(nn.BatchNorm2d(5, momentum=momentum, affine=affine)) for _ in range(2))
    _share_batch_norm(shared, torch.device("cpu"))
    assert type(shared[0]) is not nn.BatchNorm2d and isinstance(shared[0], nn.BatchNorm2d)
    results = []
    for model in (plain, shared):
        inputs = x.clone().requires_grad_()
        for _ in range(2):
            y = model(inputs)
        (y**3).sum().backward()
        assert inputs.grad is not None
        gradients = [inputs.grad, *(parameter.grad for parameter in model.parameters())]
        results.append([y.detach(), *gradients, model[0].running_mean, model[0].running_var, model.eval()(x)])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-3)


@pytest.mark.usefixtures("alone")
def test_another_batch_norm_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="'0' is a BatchNorm3d"):
        _share_batch_norm(nn.Sequential(nn.BatchNorm3d(2)), torch.device("cpu"))
