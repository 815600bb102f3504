# SPDX-License-Identifier: BSD-3-Clause
"""The recipe that a search ends with."""

from pathlib import Path

import tomli_w

from chain.files import write_text
from training.recipe import Recipe, load
from training.search.cost import Widths
from training.userfile import is_reference

SUFFIX = "-narrow"


def write(recipe: Recipe, widths: Widths, folder: Path) -> Path:
    """Write `folder`/<name>-narrow.toml: `recipe` with these accumulators, its own files named by their full paths."""
    quantisation = recipe.quantisation.model_copy(update={"accumulator_bits": dict(widths)})
    narrow = recipe.model_copy(
        update={
            "name": recipe.name + SUFFIX,
            "dataset": _absolute(recipe.dataset, recipe.folder),
            "network": _absolute(recipe.network, recipe.folder),
            "quantisation": quantisation,
        }
    )
    path = folder / f"{narrow.name}.toml"
    head = f"# Found by a search from {recipe.name}: accumulators by layer. A copy elsewhere works as well.\n"
    write_text(path, head + tomli_w.dumps(narrow.model_dump(exclude_none=True)))
    load(str(path))
    return path


def _absolute(text: str, folder: Path) -> str:
    if not is_reference(text):
        return text
    file, _, name = text.rpartition(":")
    return f"{(folder / file).resolve()}:{name}"
