# SPDX-License-Identifier: BSD-3-Clause
"""The command that repeats a run has every variable that the steps were given, in a form that a shell takes."""

import shlex
from pathlib import Path

import pytest

from chain.record import Run
from chain.report import repeat

BUILD = Path("build")


def runs(**variables: dict[str, str]) -> dict[str, Run]:
    return {step: Run(step, 1.0, given, float(i)) for i, (step, given) in enumerate(variables.items())}


def test_without_variables_the_model_is_enough() -> None:
    assert repeat.arguments("digits", BUILD, {}) == "MODEL=digits"


def test_what_the_steps_were_given_is_named() -> None:
    given = runs(train={"MODEL": "digits", "DATA": "/d"}, rtl={"FPS": "50000"}, sim={})
    assert repeat.arguments("digits", Path("out"), given) == "MODEL=digits DATA=/d FPS=50000 BUILD=out"


def test_a_variable_without_a_place_of_its_own_comes_last() -> None:
    assert repeat.arguments("digits", BUILD, runs(rtl={"NEW": "1", "LUT": "900"})) == "MODEL=digits LUT=900 NEW=1"


def test_the_name_of_a_users_model_stands_for_its_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tmp_path / "nets" / "mine.toml"
    given = runs(train={"MODEL": str(recipe)})
    assert repeat.arguments("mine", BUILD, given) == f"MODEL={recipe}"
    monkeypatch.chdir(tmp_path)
    assert repeat.arguments("mine", BUILD, given) == "MODEL=nets/mine.toml"
    assert repeat.arguments("../mine.toml", BUILD, given) == "MODEL=../mine.toml"


def test_odd_characters_reach_make_whole() -> None:
    text = repeat.arguments("my nets/a'b.toml", Path("o;ut"), runs(train={"DATA": "/my data"}))
    assert shlex.split(text) == ["MODEL=my nets/a'b.toml", "DATA=/my data", "BUILD=o;ut"]
