# SPDX-License-Identifier: BSD-3-Clause
"""The comparison with plain Brevitas layers: that it compares the same network, and what it writes."""

import json
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from chain.errors import UnsupportedError
from training import bench, recipe
from training.blocks import Blocks
from training.build import build
from training.commands import main
from training.layers import accumulators, set_wrapping
from training.layers.wrapping import AccumulatorMixin
from training.quantisers import UnsignedIntQuant

TOY = """
name = "toy"
dataset = "digits"
network = "digits-dws"
batch_size = 4
[[stages]]
name = "wrap"
epochs = 1
lr = 1e-3
accumulator = "wrap"
penalty = 0.1
"""


def toy(weights: str | int) -> nn.Module:
    values: dict[str, Any] = {
        "name": "toy",
        "dataset": "digits",
        "network": "digits-dws",
        "quantisation": {"weights": weights},
        "stages": [{"name": "wrap", "epochs": 1, "lr": 0.001, "accumulator": "wrap"}],
    }
    return build(recipe.parse(values), (1, 8, 8), 10, 16)


@pytest.mark.parametrize("weights", ["binary", "ternary", 4])
@pytest.mark.parametrize("stock", [False, True])
def test_the_plain_network_is_the_same_but_for_the_accumulators(weights: str | int, stock: bool) -> None:
    ours = toy(weights)
    plain = bench.plain(ours, stock)
    assert any(isinstance(m, UnsignedIntQuant) for m in plain.modules()) != stock
    layers = accumulators(ours)
    assert not accumulators(plain)
    twins = {n: m for n, m in plain.named_modules() if isinstance(m, qnn.QuantConv2d | qnn.QuantLinear)}
    assert list(twins) == list(layers)
    assert {type(m) for m in twins.values()} == {qnn.QuantConv2d, qnn.QuantLinear}
    images = torch.randint(0, 17, (8, 1, 8, 8), generator=torch.Generator().manual_seed(1)).float()
    set_wrapping(ours, False)
    for training in (False, True):
        ours.train(training), plain.train(training)
        torch.testing.assert_close(plain(images), ours(images), rtol=1e-3, atol=1e-4)
    # Neither network holds the other's parameters.
    assert not {id(p) for p in ours.parameters()} & {id(p) for p in plain.parameters()}


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = Blocks((1, 8, 8), 10).conv(1, 1, 3)
        self.b = self.a


def test_a_layer_used_twice_stays_one_and_one_of_another_class_is_refused() -> None:
    plain = bench.plain(Twice())
    assert plain.a is plain.b and type(plain.a) is qnn.QuantConv2d
    other = Twice()
    other.a.__class__ = type("Other", (AccumulatorMixin, qnn.QuantConv1d), {})
    with pytest.raises(UnsupportedError, match="layer 'a' is a Other"):
        bench.plain(other)


def test_the_rows(tmp_path: Path) -> None:
    (tmp_path / "toy.toml").write_text(TOY, encoding="utf-8")
    file = tmp_path / "build" / "bench" / "step.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps([{"settings": {"model": "toy"}}]), encoding="utf-8")  # an older row gives way
    arguments = ["bench", str(tmp_path / "toy.toml"), "--build", str(tmp_path / "build"), "--repetitions", "2"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    (row,) = json.loads(file.read_text(encoding="utf-8"))
    assert row["settings"]["batch_size"] == 4 and row["settings"]["repetitions"] == 2
    assert row["settings"]["threads"] == torch.get_num_threads()
    assert row["settings"]["images"] == "data set" and row["settings"]["weights"] == "untrained"
    ratios = ("ratio", "fused_ratio", "cpu_ratio", "fused_cpu_ratio", "wrapped_ratio")
    for key in ("ours_ms", "brevitas_ms", "fused_ms", "wrapped_ms", *ratios):
        low, high = row[f"{key}_range"]
        assert 0 < low <= row[key] <= high
    assert f"{row['ratio']:.3f}" in result.output
    assert min(row[f"{name}_bytes"] for name in bench.CONTENDERS) > 0
    assert (
        row["memory_ratio"] == row["ours_bytes"] / row["brevitas_bytes"]
        and f"{row['memory_ratio']:.3f}" in result.output
    )


def test_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "toy.toml").write_text(TOY, encoding="utf-8")
    arguments = ["bench", str(tmp_path / "toy.toml"), "--build", str(tmp_path / "build"), "--device", "cuda"]
    if torch.cuda.is_available():
        pytest.skip("there is one")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and "sees 0 GPUs" in result.output


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_rivals_lie_on_the_gpu_as_well(tmp_path: Path) -> None:
    (tmp_path / "toy.toml").write_text(TOY, encoding="utf-8")
    row = bench.bench(recipe.load(str(tmp_path / "toy.toml")), repetitions=1, device=torch.device("cuda"))
    assert row["settings"]["device"] == torch.cuda.get_device_name() and row["brevitas_ms"] > 0


def test_rows_of_other_models_and_devices_stay(tmp_path: Path) -> None:
    places = (("a", "cpu", 1), ("b", "cpu", 2), ("a", "some GPU", 3), ("a", "cpu", 4))
    rows = [{"settings": {"model": name, "device": device}, "ratio": ratio} for name, device, ratio in places]
    for row in rows:
        bench.update(tmp_path / "step.json", row)
    assert json.loads((tmp_path / "step.json").read_text(encoding="utf-8")) == rows[1:]
