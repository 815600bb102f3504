# SPDX-License-Identifier: BSD-3-Clause
"""Each alarm provoked, and silence on a training that goes well."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import pytest
import torch
from click.testing import CliRunner
from rich.console import Console
from torch import Tensor, nn

from chain.errors import InputError, WorthlessError
from training import alarms
from training import recipe as recipes
from training.channels import DeadChannels, watching
from training.commands import main
from training.evaluation import Evaluation
from training.finiteness import first_not_finite
from training.layers import InputQuant, WrapConv2d, WrapLinear
from training.quantisers import UnsignedActivation
from training.recipe import Recipe, Stage
from training.statistics import Monitor
from training.trainer import train

RECIPE = """
name = "mine"
dataset = "own.py:stripes"
network = "own.py:Own"
seed = 3
batch_size = 32
[quantisation]
activation_bits = 3
input_bits = 2
accumulator_bits = {bits}
[[stages]]
name = "wide"
epochs = 3
lr = {lr}
accumulator = "wide"
[[stages]]
name = "penalty"
epochs = 3
lr = {lr}
accumulator = "wide"
penalty = {penalty}
"""


def made(folder: Path, lr: str = "1e-2", penalty: str = "1.0", bits: int = 8) -> Recipe:
    shutil.copy(Path(__file__).with_name("own.py"), folder)
    (folder / "mine.toml").write_text(RECIPE.format(lr=lr, penalty=penalty, bits=bits), encoding="utf-8")
    return recipes.load(str(folder / "mine.toml"))


def run(recipe: Recipe, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """What a training says, and its log."""
    text = io.StringIO()
    train(recipe, folder / "out", console=Console(file=text, width=200))
    return text.getvalue(), [json.loads(line) for line in (folder / "out" / "history.jsonl").read_text().splitlines()]


def test_a_good_training_is_silent(tmp_path: Path) -> None:
    said, history = run(made(tmp_path), tmp_path)
    assert "warning" not in said
    assert all(line["alarms"] == [] and line["dead_channels"] == {} for line in history)
    summary = json.loads((tmp_path / "out" / "training.json").read_text())
    assert summary["alarms"] == [] and summary["dead_channels"] == {}


def test_overflow_that_does_not_fall_is_said_once_by_layer(tmp_path: Path) -> None:
    said, history = run(made(tmp_path, penalty="1e-9", bits=4), tmp_path)
    assert said.count("does not bring it down") == len({a["layer"] for line in history for a in line["alarms"]})
    (alarm,) = [a for line in history for a in line["alarms"] if a["layer"] == "fc"]
    assert alarm["kind"] == "overflow" and "layer 'fc'" in alarm["text"] and "penalty 1e-09" in alarm["text"]
    summary = json.loads((tmp_path / "out" / "training.json").read_text())
    assert alarm.items() <= next(a for a in summary["alarms"] if a["layer"] == "fc").items()


def test_a_loss_that_is_not_finite_names_a_layer(tmp_path: Path) -> None:
    with pytest.raises(WorthlessError, match=r"stage 'wide': the loss is .*first not finite: .*layer '.*found 1e\+30"):
        run(made(tmp_path, lr="1e30"), tmp_path)


def test_a_loss_that_is_not_finite_ends_with_status_3(tmp_path: Path) -> None:
    made(tmp_path, lr="1e30")
    done = CliRunner().invoke(main, ["train", str(tmp_path / "mine.toml"), "--build", str(tmp_path)])
    assert done.exit_code == 3 and "error: stage 'wide': the loss is" in done.output
    assert not (tmp_path / "mine" / "training.json").exists()


def test_a_channel_that_dies_is_said_while_training(tmp_path: Path) -> None:
    recipe = made(tmp_path)
    network = tmp_path / "own.py"
    text = network.read_text(encoding="utf-8")
    norm = "        self.bn = nn.BatchNorm2d(6)\n"
    assert norm in text
    dead = "        with torch.no_grad():\n            self.bn.bias[2] = -1e4\n"
    network.write_text("import torch\n" + text.replace(norm, norm + dead), encoding="utf-8")
    said, history = run(recipe, tmp_path)
    (first, *_) = history
    assert [(alarm["kind"], alarm["layer"]) for alarm in first["alarms"]] == [("dead", "act")]
    assert said.count("warning") == 1 and "act" in said and "1 of 6 always 0" in said


def test_chance_ends_with_status_3_each_time_and_keeps_what_there_is(tmp_path: Path) -> None:
    made(tmp_path, lr="1e-12")
    arguments = ["train", str(tmp_path / "mine.toml"), "--build", str(tmp_path), "--resume"]
    for more in ([], ["--if-needed"]):  # both stages, then nothing at all
        done = CliRunner().invoke(main, [*arguments, *more])
        assert done.exit_code == 3 and "error: after stage 'penalty'" in done.output
        assert ("warning: after stage 'wide'" in done.output) == (not more)
        assert (tmp_path / "mine" / "training.json").is_file()
    (tmp_path / "mine" / "training.json").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        alarms.require_finished_worth(tmp_path / "mine")


def evaluation(predicted: list[int], labels: list[int], classes: int = 10) -> Evaluation:
    counts = [tuple(values.count(c) for c in range(classes)) for values in (predicted, labels)]
    correct = sum(a == b for a, b in zip(predicted, labels, strict=True))
    return Evaluation(correct, len(labels), {"fc": Monitor()}, counts[0], counts[1])


def test_what_chance_is() -> None:
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 10, (1000,), generator=generator).tolist()
    guesses = torch.randint(0, 10, (1000,), generator=generator).tolist()
    assert alarms.at_chance(evaluation(guesses, labels))
    assert alarms.at_chance(evaluation([4] * 1000, labels)), "one class for everything"
    assert alarms.at_chance(evaluation([0] * 1000, [0] * 950 + [1] * 50)), "the majority's share"
    assert not alarms.at_chance(evaluation(labels[:150] + guesses[150:], labels)), "15 % of the images are known"
    assert not alarms.at_chance(evaluation([0] * 940 + [1] * 60, [0] * 950 + [1] * 50)), "it finds the few"
    assert not alarms.at_chance(evaluation(guesses[:99], labels[:99])), "too few images to tell"


def test_a_penalty_that_works_raises_nothing() -> None:
    stage = Stage(name="penalty", epochs=3, lr=0.1, accumulator="wide", penalty=0.1)

    def line(name: str, rate: float) -> dict[str, Any]:
        return {"stage": name, "epoch": 1, "alarms": [], "layers": {"fc": {"overflow_rate": rate, "penalty": 0.0}}}

    test = evaluation([0, 1] * 100, [0, 1] * 100)
    wide, first = line("wide", 0.3), line("penalty", 0.29)
    assert alarms.raised([wide], first, stage, test, {}) == []
    assert alarms.raised([wide, first], line("penalty", 0.1), stage, test, {}) == []
    assert alarms.raised([line("wide", 0.001), first], line("penalty", 0.002), stage, test, {}) == []
    assert [a.layer for a in alarms.raised([wide, first], line("penalty", 0.28), stage, test, {})] == ["fc"]


def test_a_wrapped_stage_without_a_penalty_says_that_nothing_brings_overflow_down() -> None:
    def line(name: str, rate: float) -> dict[str, Any]:
        return {"stage": name, "epoch": 1, "alarms": [], "layers": {"fc": {"overflow_rate": rate, "penalty": 0.0}}}

    test = evaluation([0, 1] * 100, [0, 1] * 100)
    stage = Stage(name="wrap", epochs=2, lr=0.1, accumulator="wrap")
    history = [line("wide", 0.3), line("wrap", 0.29)]
    (alarm,) = alarms.raised(history, line("wrap", 0.28), stage, test, {})
    assert alarm.kind == "overflow" and alarm.layer == "fc"
    assert "no penalty brings it down. Give the stage a penalty" in alarm.text
    assert alarms.raised(history, line("wrap", 0.1), stage, test, {}) == [], "it falls by itself"
    wide = stage.model_copy(update={"accumulator": "wide"})
    assert alarms.raised(history, line("wrap", 0.28), wide, test, {}) == [], "nothing overflows yet"


class Toy(nn.Sequential):
    def __init__(self) -> None:
        super().__init__()
        self.input = InputQuant(15, 4)
        self.conv = WrapConv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.act = qnn.QuantReLU(act_quant=UnsignedActivation, bit_width=2, return_quant_tensor=True)
        self.flatten = nn.Flatten()
        self.fc = WrapLinear(4 * 16, 3)


def images() -> Tensor:
    return torch.randint(0, 16, (40, 1, 6, 6), generator=torch.Generator().manual_seed(2)).float()


def test_dead_channels_are_counted_by_kind() -> None:
    torch.manual_seed(0)
    toy = Toy().train()
    with torch.no_grad():
        toy.norm.bias[0], toy.norm.bias[2] = -50, 90
        toy.norm.weight[3], toy.norm.bias[3] = 0, 1
    with watching(toy) as watched, torch.no_grad():
        for batch in images().split(10):
            toy(batch)
    assert watched.dead() == {"act": DeadChannels(4, zero=1, saturated=1, constant=1)}
    assert str(watched.dead()["act"]) == "1 of 4 always 0, 1 of 4 always saturated, 1 of 4 always one value"
    assert not any(module._forward_hooks for module in toy.modules())
    with watching(toy) as watched, torch.no_grad():
        toy.norm.bias[:] = -50
        toy(images())
    assert watched.dead() == {"act": DeadChannels(4, zero=4), "fc": DeadChannels(3, constant=3)}


def test_dead_channels_are_said_when_first_seen() -> None:
    stage = Stage(name="wide", epochs=9, lr=0.1, accumulator="wide")
    line: dict[str, Any] = {"stage": "wide", "layers": {}}
    test, dead = evaluation([0, 1] * 100, [0, 1] * 100), {"act": DeadChannels(4, zero=1)}
    found = alarms.raised([], line, stage, test, dead)
    assert [(a.kind, a.layer) for a in found] == [("dead", "act")] and "1 of 4 always 0" in found[0].text
    later = alarms.raised([line | {"alarms": alarms.entries(found)}], line, stage, test, dead)
    assert later == []


def test_the_first_layer_that_is_not_finite() -> None:
    torch.manual_seed(0)
    toy = Toy()
    assert first_not_finite(toy, images()) == "the loss itself, of finite outputs,"
    with torch.no_grad():
        toy.norm.weight[1] = float("inf")
    assert "the output of layer 'norm'" in first_not_finite(toy, images())
    toy.conv.weight.grad = torch.full_like(toy.conv.weight, float("nan"))
    toy.norm.weight.grad = torch.full_like(toy.norm.weight, float("nan"))
    assert "the gradient of layer 'norm'" in first_not_finite(toy, images()), "backpropagation met it first"
