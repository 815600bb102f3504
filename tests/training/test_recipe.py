# SPDX-License-Identifier: BSD-3-Clause
"""Recipes: those that come along, and what is said about wrong ones."""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chain.errors import InputError
from training import recipe
from training.networks import NETWORKS
from training.schedule import usual

STAGE = {"name": "wrap", "epochs": 1, "lr": 0.001, "accumulator": "wrap"}
GOOD: dict[str, Any] = {"name": "a", "dataset": "digits", "network": "digits", "stages": [STAGE]}


@pytest.mark.parametrize("name", recipe.available())
def test_the_recipes_that_come_along(name: str) -> None:
    found = recipe.load(name)
    assert found.name == name
    assert found.network in NETWORKS
    assert found.stages[-1].accumulator == "wrap"
    assert found.stages[0].accumulator == "wide" and found.stages[0].penalty == 0, "the report's 32-bit network"
    assert found.path is not None and tomllib.loads(found.path.read_text())["name"] == name


def test_text_round_trip() -> None:
    found = recipe.load("digits")
    again = recipe.from_text(found.text(), str(found.path))
    assert again == found and again.digest() == found.digest() and again.folder == found.folder


def test_the_digest_is_of_what_training_depends_on() -> None:
    base = recipe.parse(GOOD).digest()
    assert recipe.parse({**GOOD, "hardware": {"fps": 9.0}}).digest() == base
    assert recipe.parse({**GOOD, "seed": 7}).digest() != base
    assert recipe.parse({**GOOD, "quantisation": {"fold": 1}}).digest() != base
    assert recipe.parse({**GOOD, "smoothing": 0.1}).digest() != base
    assert recipe.parse({**GOOD, "augmentation": {"cutout": 4}}).digest() != base


def test_keys_that_came_later_leave_older_checkpoints_to_their_recipes() -> None:
    assert recipe.parse(GOOD).digest() == "90f7f7fc873a83ca3b5816d909ca9a75786ddeedead538ea9d7e481789f8ed2f"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantization": {}}, "quantization: unknown key; did you mean 'quantisation'"),
        ({"quantisation": {"weight": 4}}, "quantisation.weight: unknown key; did you mean 'weights'"),
        ({"stages": [{**STAGE, "epoch": 3}]}, "stages.0.epoch: unknown key; did you mean 'epochs'"),
        ({"hardware": {"clock": 3}}, "hardware.clock: unknown key; did you mean 'clock_mhz'"),
        ({"hardware": {"output": "label"}}, "hardware.output: .*'logits' or 'labels', found 'label'"),
        ({"quantisation": {"weights": "decimal"}}, "'decimal'"),
        ({"quantisation": {"weights": 9}}, "width of 2 to 8 bits"),
        ({"quantisation": {"weights": 1}}, "width of 2 to 8 bits"),
        ({"quantisation": {"activation_bits": 9}}, "activation_bits.*found 9"),
        ({"quantisation": {"activation_bits": "4"}}, "activation_bits.*found '4'"),
        ({"quantisation": {"accumulator_bits": 3}}, "expected a width of 4 to 32 bits, found 3"),
        ({"quantisation": {"accumulator_bits": {"fc": 33}}}, "expected a width of 4 to 32 bits, found .'fc': 33."),
        ({"quantisation": {"fold": -1}}, "fold.*found -1"),
        ({"stages": []}, r"stages: found \[\], expected one or more tables, each headed \[\[stages\]\]"),
        ({"stages": STAGE}, r"stages: found \{.*\}, expected one or more tables, each headed \[\[stages\]\]"),
        ({"stages": [{**STAGE, "lr": float("inf")}]}, "stages.0.lr: .*finite.*, found inf"),
        ({"seed": 1 << 31}, "seed: .*less than 2147483648, found 2147483648"),
        ({"stages": [STAGE, STAGE]}, r"stages: names must differ, found \[[^{]*\]$"),
        ({"stages": [{**STAGE, "accumulator": "narrow"}]}, "accumulator.*'narrow'"),
        ({"stages": [{**STAGE, "lr": 0}]}, "lr.*found 0"),
        ({"name": "a/b"}, "name.*'a/b'"),
        ({"name": "../x"}, "name: expected a letter or digit, then"),
        ({"epoch": 9}, "epoch: unknown key; did you mean 'epochs'"),
        ({"quantisation": {"weights": "bianry"}}, "^recipe:\n  quantisation.weights: expected .*, found 'bianry'$"),
        ({"quantisation": {"accumulator_bits": 8.0}}, "^recipe:\n  quantisation.accumulator_bits: .*, found 8.0$"),
        ({"seed": True}, "seed.*found True"),
        ({"epochs": 9}, "epochs, stages: found both, expected one"),
    ],
)
def test_wrong_values_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recipe.parse({**GOOD, **change})


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        recipe.parse({"name": "a", "network": "b", "stages": [{"name": "x"}], "sed": 1})
    text = str(caught.value)
    assert "dataset: missing" in text and "stages.0.epochs: missing" in text and "did you mean 'seed'" in text
    assert "at least" not in text


def test_epochs_alone_stand_for_the_usual_stages() -> None:
    short = {key: value for key, value in GOOD.items() if key != "stages"}
    found = recipe.parse({**short, "epochs": 24})
    assert recipe.parse({**short, "stages": list(usual(24))}).digest() == found.digest()
    assert recipe.from_text(found.text()) == found
    with pytest.raises(InputError, match=r"stages: missing; or epochs, their number in the usual stages"):
        recipe.parse(short)
    for wrong in (2, -1, 3.0, "9", True):
        with pytest.raises(InputError, match=f"(?s)recipe:.*epochs: found {wrong!r}, expected a whole number of 3"):
            recipe.parse({**short, "epochs": wrong})


@pytest.mark.parametrize("epochs", [3, 4, 5, 24, 75, 140])
def test_the_usual_stages_follow_one_cosine(epochs: int) -> None:
    stages = recipe.parse({**{k: v for k, v in GOOD.items() if k != "stages"}, "epochs": epochs}).stages
    assert sum(stage.epochs for stage in stages) == epochs
    assert [stage.penalty > 0 for stage in stages] == [False, True, True]
    for stage, following in pairwise(stages):
        assert following.lr == pytest.approx(stage.lr * stage.final_lr)
    assert stages[0].lr == 4e-3 and stages[-1].final_lr == 0.01


def test_an_unknown_model_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown model 'digit'; did you mean 'digits'"):
        recipe.load("digit")


def test_a_missing_file_and_wrong_toml(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.toml: no such file"):
        recipe.load(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(InputError, match=r"bad.toml: not valid TOML"):
        recipe.load(str(tmp_path / "bad.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"binary.toml: not valid TOML"):
        recipe.load(str(tmp_path / "binary.toml"))


def test_a_file_that_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    """As some editors write it."""
    text = (recipe.RECIPES / "digits.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8-sig")
    assert recipe.load(str(tmp_path / "mine.toml")).text() == recipe.load("digits").text()
