# SPDX-License-Identifier: BSD-3-Clause
"""Labelled images by name: digits, breast-cancer, fashion-mnist, cifar10, or a user's own function."""

from collections.abc import Callable
from pathlib import Path

from chain.errors import InputError, WrapNetError, nearest
from training.datasets import breast_cancer, cifar10, digits, fashion_mnist
from training.datasets.dataset import Dataset
from training.environment import data_folder
from training.recipe import Recipe
from training.userfile import is_reference, resolve

DATASETS: dict[str, Callable[[Path | None], Dataset]] = {
    "digits": digits.load,
    "breast-cancer": breast_cancer.load,
    "fashion-mnist": fashion_mnist.load,
    "cifar10": cifar10.load,
}

__all__ = ["DATASETS", "Dataset", "load"]


def load(recipe: Recipe, data: Path | None = None) -> Dataset:
    """The recipe's data set. `data` (else the environment's DATA) is the folder of its files.

    A function "file.py:name" is called with that folder or None and returns a Dataset. Raises InputError for an
    unknown name, missing or damaged files, or arrays that do not fit together.
    """
    data = data or data_folder()
    if is_reference(recipe.dataset):
        function = resolve(recipe.dataset, recipe.folder)
        try:
            found = function(data)
        except WrapNetError:
            raise
        except Exception as error:
            hint = "" if data else " (it was given None, because DATA is not set)"
            raise InputError(f"dataset {recipe.dataset!r}: {type(error).__name__}: {error}{hint}") from error
        if not isinstance(found, Dataset):
            raise InputError(
                f"dataset {recipe.dataset!r} returned a {type(found).__name__}, expected training.datasets.Dataset"
            )
        return found
    if recipe.dataset not in DATASETS:
        raise InputError(
            f"unknown dataset {recipe.dataset!r}; {nearest(recipe.dataset, DATASETS)}, or file.py:function"
        )
    return DATASETS[recipe.dataset](data)
