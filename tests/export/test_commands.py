# SPDX-License-Identifier: BSD-3-Clause
"""The command line: a recipe's checkpoint through the export step, and bad input told in one text."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

from chain.agreement import load
from export.commands import main
from export.metadata import read
from export.ops.runtime import OnnxRuntime
from tests.graphs import CASES
from training import checkpoint, datasets, recipe
from training.build import build

RECIPE = """
name = "toy"
dataset = "digits"
network = "digits-dws"
seed = 5
[quantisation]
weights = "ternary"
activation_bits = 2
input_bits = 4
accumulator_bits = {default = 7, fc = 9}
fold = 1
[[stages]]
name = "wrap"
epochs = 1
lr = 1e-3
accumulator = "wrap"
[hardware]
fps = 1234.0
"""
IMAGES = 40


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A recipe with a checkpoint of its untrained network in tmp_path/build/toy."""
    path = tmp_path / "toy.toml"
    path.write_text(RECIPE, encoding="utf-8")
    save_checkpoint(path, tmp_path / "build" / "toy")
    return path


def save_checkpoint(path: Path, folder: Path, finished: bool = True) -> None:
    made = recipe.load(str(path))
    data = datasets.load(made)
    model = build(made, data.input_shape, len(data.class_names), data.maximum)
    checkpoint.save(
        checkpoint.Checkpoint(
            made, data.input_shape, data.class_names, data.maximum, 1, finished, dict(model.state_dict())
        ),
        folder,
    )


def test_export_writes_everything_that_the_next_steps_read(toy: Path) -> None:
    result = invoke("export", toy, "--build", toy.parent / "build", "--images", IMAGES, "--batch", 16)
    assert result.exit_code == 0, result.output
    folder = toy.parent / "build" / "toy"
    stages = load(folder / "stages")
    assert [(s.stage, s.against, s.images, s.mismatches) for s in stages.values()] == [
        ("torch", "", IMAGES, 0),
        ("qonnx", "torch", IMAGES, 0),
        ("onnxruntime", "qonnx", IMAGES, 0),
    ]
    assert json.loads((folder / "seconds" / "export.json").read_text())["seconds"] > 0
    found = read(onnx.load(folder / "model.onnx"))
    assert (found["name"], found["hardware"]["fps"], len(found["classes"])) == ("toy", 1234.0, 10)
    assert found["provenance"]["recipe"]["seed"] == 5
    with np.load(folder / "reference.npz") as reference:
        assert reference["images"].shape == (IMAGES, 8, 8, 1)
        channels_first = reference["images"].transpose(0, 3, 1, 2)
        again = OnnxRuntime(folder / "model.onnx")(channels_first)["output"]
        assert np.array_equal(again, reference["outputs"])


def test_export_names_the_widths_of_the_recipe(toy: Path) -> None:
    invoke("export", toy, "--build", toy.parent / "build", "--images", 1)
    model = onnx.load(toy.parent / "build" / "toy" / "model.onnx")
    widths = {n.name: [a.i for a in n.attribute] for n in model.graph.node if n.op_type == "WrapAccumulator"}
    assert widths.pop("fc") == [9, 1]
    assert set(map(tuple, widths.values())) == {(7, 1)}


def test_hardware_may_change_after_training(toy: Path) -> None:
    toy.write_text(RECIPE.replace("1234.0", "99.0"), encoding="utf-8")
    assert invoke("export", toy, "--build", toy.parent / "build", "--images", 1).exit_code == 0
    assert read(onnx.load(toy.parent / "build" / "toy" / "model.onnx"))["hardware"]["fps"] == 99.0


def test_bad_input_is_one_text_and_status_2(toy: Path) -> None:
    folder = toy.parent / "build" / "toy"

    def unfinished() -> None:
        toy.write_text(RECIPE, encoding="utf-8")
        save_checkpoint(toy, folder, finished=False)

    cases: list[tuple[Callable[[], object], object, str]] = [
        (lambda: None, "digist", "did you mean"),
        (lambda: toy.write_text(RECIPE.replace("seed = 5", "seed = 6"), encoding="utf-8"), toy, "another recipe"),
        (unfinished, toy, "stopped after"),
        (lambda: (folder / "checkpoint.pt").write_bytes(b"PK" * 400), toy, "checkpoint.pt is"),
        (lambda: (folder / "checkpoint.pt").unlink(), toy, "train the model first"),
    ]
    for prepare, model, text in cases:
        prepare()
        result = invoke("export", model, "--build", toy.parent / "build")
        assert result.exit_code == 2
        assert "Traceback" not in result.output
        assert text in result.output, text
        assert not (folder / "model.onnx").exists()


NETWORK = """
from torch import nn

class Average(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.input, self.conv, self.norm, self.act = q.input(), q.conv(1, 4, 3), nn.BatchNorm2d(4), q.relu()
        self.pool, self.again, self.head = nn.AvgPool2d(2), q.relu(), q.classifier(36)

    def forward(self, x):
        x = self.act(self.norm(self.conv(self.input(x))))
        return self.head(self.again(self.pool(x.value)).flatten(1))
"""


def test_a_network_that_hardware_cannot_do_stops_here(tmp_path: Path) -> None:
    path = own(tmp_path, NETWORK)
    folder = tmp_path / "build" / "toy"
    save_checkpoint(path, folder)
    result = invoke("export", path, "--build", tmp_path / "build")
    assert result.exit_code == 2
    assert "AveragePool 'pool.averagepool'" in result.output
    assert "training.layers.QuantSumPool" in result.output
    assert not (folder / "stages").exists()


def own(folder: Path, network: str) -> Path:
    """A recipe with a network of the user's own."""
    (folder / "own.py").write_text(network, encoding="utf-8")
    path = folder / "own.toml"
    text = RECIPE.replace('"digits-dws"', '"own.py:Average"').replace("{default = 7, fc = 9}", "8")
    path.write_text(text, encoding="utf-8")
    return path


def test_a_network_that_hardware_cannot_do_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    path = own(tmp_path, NETWORK)
    result = invoke("check-recipe", path, "--build", tmp_path / "build")
    assert result.exit_code == 2
    assert "'own.py:Average' (nothing is trained yet) cannot be mapped" in result.output
    assert "AveragePool 'pool.averagepool'" in result.output and "QuantSumPool" in result.output
    assert "Relu" not in result.output, "what comes after it is not blamed"
    assert not (tmp_path / "build").exists()


OTHERS = """
from torch import nn


class Others(nn.Sequential):
    def __init__(self, q):
        super().__init__()
        self.input, self.conv = q.input(), q.conv(1, 4, 3)
        self.norm, self.relu = nn.BatchNorm2d(4), nn.Sigmoid()
        self.rest = nn.Sequential(nn.ConvTranspose2d(4, 4, 1), nn.Flatten())
        self.fc = q.classifier(4 * 6 * 6)
"""


def test_layers_that_are_not_the_toolkits_are_named(tmp_path: Path) -> None:
    path = own(tmp_path, OTHERS)
    path.write_text(path.read_text(encoding="utf-8").replace("own.py:Average", "own.py:Others"), encoding="utf-8")
    result = invoke("check-recipe", path, "--build", tmp_path / "build")
    assert result.exit_code == 2 and "layer 'fc': input is a Tensor without a scale" in result.output
    others = "'relu', a Sigmoid (take q.relu()), 'rest.0', a ConvTranspose2d"
    assert f"Layers that hardware has nothing for: {others}\n" in result.output


def test_make_does_not_begin_to_train_it(tmp_path: Path, repository: Path) -> None:
    path = own(tmp_path, NETWORK)
    command = ["make", "train", f"MODEL={path}", f"BUILD={tmp_path / 'build'}"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "AveragePool 'pool.averagepool'" in done.stderr and "epoch" not in done.stderr
    assert not (tmp_path / "build").exists()


def test_a_network_that_is_trained_is_not_checked_again(toy: Path) -> None:
    assert "every node" in invoke("check-recipe", toy, "--build", toy.parent / "other").output
    result = invoke("check-recipe", toy, "--build", toy.parent / "build")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("name", recipe.available())
def test_our_own_networks_pass_untrained(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of Fashion-MNIST and CIFAR-10 on made-up images of their shapes: the check asks only for that."""
    for dataset, shape in (("fashion-mnist", (1, 28, 28)), ("cifar10", (3, 32, 32))):
        images, labels = np.zeros((2, *shape), np.uint8), np.zeros(2, np.int64)
        made_up = datasets.Dataset(images, labels, images, labels, tuple("abcdefghij"))
        monkeypatch.setitem(datasets.DATASETS, dataset, lambda folder, made_up=made_up: made_up)
    assert invoke("check-recipe", name, "--build", tmp_path).exit_code == 0


def test_a_network_file_that_changed_since_training_is_named(tmp_path: Path) -> None:
    good = NETWORK.replace("self.again(self.pool(x.value))", "self.pool(x)").replace("nn.AvgPool2d", "nn.MaxPool2d")
    path = own(tmp_path, good)
    save_checkpoint(path, tmp_path / "build" / "toy")
    arguments = ("export", path, "--build", tmp_path / "build", "--images", 1)
    for changed in (good.replace("conv(1, 4, 3)", "conv(1, 8, 3)"), good + "\n# the same, and a remark\n"):
        (tmp_path / "own.py").write_text(changed, encoding="utf-8")
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert "was trained with another own.py than there is now" in result.output
        assert not (tmp_path / "build" / "toy" / "model.onnx").exists()
    (tmp_path / "own.py").write_text(good, encoding="utf-8")
    assert invoke(*arguments).exit_code == 0


DATA = """
import numpy as np
from training.datasets import Dataset

def data(folder):
    n, *shape, top = (int(word) for word in (folder / "what").read_text().split())
    images, labels = np.zeros((4, *shape), np.uint8), np.zeros(4, np.int64)
    return Dataset(images, labels, images, labels, tuple("abcdefghijkl"[:n]), top)
"""


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ("10 1 12 10 16", "shape [C, H, W] is [1, 12, 10], and was [1, 8, 8]"),
        ("10 1 8 8 255", "greatest pixel is 255, and was 16"),
        ("3 1 8 8 16", "classes is ['a', 'b', 'c'], and was ['a', 'b',"),
    ],
)
def test_other_data_than_the_trainings_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str, text: str
) -> None:
    (tmp_path / "data.py").write_text(DATA, encoding="utf-8")
    path = tmp_path / "toy.toml"
    path.write_text(RECIPE.replace('dataset = "digits"', 'dataset = "data.py:data"'), encoding="utf-8")
    monkeypatch.setenv("DATA", str(tmp_path))
    (tmp_path / "what").write_text("10 1 8 8 16", encoding="utf-8")
    save_checkpoint(path, tmp_path / "build" / "toy")
    (tmp_path / "what").write_text(other, encoding="utf-8")
    result = invoke("export", path, "--build", tmp_path / "build")
    assert result.exit_code == 2 and text in result.output and "DATA=" in result.output


def test_results_of_an_earlier_file_do_not_outlive_it(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = toy.parent / "build" / "toy"
    assert invoke("export", toy, "--build", toy.parent / "build", "--images", 2).exit_code == 0

    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("export.pipeline.agree", stopped)
    result = invoke("export", toy, "--build", toy.parent / "build", "--images", 2)
    assert result.exit_code == 130
    assert (folder / "model.onnx").exists()
    assert not (folder / "reference.npz").exists()
    assert load(folder / "stages") == {}


def test_check_passes_a_good_file(tmp_path: Path) -> None:
    onnx.save(CASES["residual"](0), tmp_path / "good.onnx")
    result = invoke("check", tmp_path / "good.onnx")
    assert result.exit_code == 0
    assert "every node can be mapped" in result.output


def test_check_lists_problems_with_status_2(tmp_path: Path) -> None:
    model = CASES["plain"](0)
    next(node for node in model.graph.node if node.name == "act1.relu").op_type = "Sigmoid"
    onnx.save(model, tmp_path / "bad.onnx")
    result = invoke("check", tmp_path / "bad.onnx")
    assert result.exit_code == 2
    for text in ("act1.relu", "Sigmoid", "1 node cannot be mapped"):
        assert text in result.output


@pytest.mark.parametrize("content", [None, b"", b"\x08\x01garbage", b"PK\x03\x04"])
def test_check_of_what_is_no_model(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "no.onnx"
    if content is not None:
        path.write_bytes(content)
    result = invoke("check", path)
    assert result.exit_code == 2
    assert result.output.startswith("error: ")
    assert "no.onnx" in result.output
