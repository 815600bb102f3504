# SPDX-License-Identifier: BSD-3-Clause
"""MODEL as every command line reads it."""

from pathlib import Path

import pytest

from chain.cli import RESERVED, model_name
from chain.errors import InputError


def test_a_name_is_itself_and_a_recipe_gives_its_own(tmp_path: Path) -> None:
    assert model_name("fmnist-cnn") == "fmnist-cnn"
    (tmp_path / "mine.toml").write_text('name = "my.net_2"', encoding="utf-8")
    assert model_name(str(tmp_path / "mine.toml")) == "my.net_2"


@pytest.mark.parametrize("name", ["", "..", ".hidden", "-option", "two words", "digits\n"])
def test_names_that_no_folder_of_results_has_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected a letter or digit"):
        model_name(name)


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "a/b"])
def test_a_recipe_cannot_name_another_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f'name = "{name}"', encoding="utf-8")
    with pytest.raises(InputError, match="expected a letter or digit"):
        model_name(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_name_is_no_model(name: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f'name = "{name}"', encoding="utf-8")
    for model in (name, str(tmp_path / "mine.toml")):
        with pytest.raises(InputError, match=f"'{name}' is a name of the toolkit's own.*another"):
            model_name(model)
