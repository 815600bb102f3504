# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoints: a plain dict of tensors, strings and numbers, written whole or not at all, read without pickle."""

import io
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from chain.errors import InputError
from chain.files import atomic
from training.build import build
from training.datasets.dataset import Dataset
from training.layers import set_wrapping
from training.recipe import Recipe, from_text
from training.userfile import digest, is_reference

FORMAT = 1
NAME = "checkpoint.pt"
_KEYS = {
    *("recipe", "recipe_digest", "recipe_path", "input_shape", "class_names", "maximum"),
    *("epochs", "finished", "model", "reference", "optimiser"),
}


@dataclass
class Checkpoint:
    """What training needs to go on, and what the later steps need to rebuild the model.

    `epochs` counts finished epochs over all stages; `optimiser` is that of the stage they end in, empty where a stage
    is complete. `reference` holds the weights at the end of the last stage with wide accumulators and no penalty.
    `own_files` are the recipe's references to the user's own files with the SHA-256 of what they held at the start,
    `data` is the data set's digest, empty in older ones.
    """

    recipe: Recipe
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    maximum: int
    epochs: int = 0
    finished: bool = False
    model: dict[str, Tensor] = field(default_factory=dict)
    reference: dict[str, Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    own_files: dict[str, str] = field(default_factory=dict)
    data: str = ""

    def __post_init__(self) -> None:
        self.own_files = self.own_files or own_files(self.recipe)

    def is_of(self, dataset: Dataset) -> bool:
        """Whether it was made of the images and labels of `dataset`, as far as is known: older ones do not tell."""
        return not self.data or self.data == dataset.digest


def own_files(recipe: Recipe) -> dict[str, str]:
    """The recipe's references to the user's own files ("file.py:name") and the SHA-256 of the files as they are now.

    Raises InputError if one is missing.
    """
    references = [text for text in (recipe.network, recipe.dataset) if is_reference(text)]
    return {text: digest(text, recipe.folder) for text in references}


def save(checkpoint: Checkpoint, folder: Path) -> None:
    """Write `folder`/checkpoint.pt, atomically."""
    recipe = checkpoint.recipe
    values = {
        "format": FORMAT,
        "recipe": recipe.text(),
        "recipe_digest": recipe.digest(),
        "recipe_path": str(recipe.path or ""),
        "input_shape": list(checkpoint.input_shape),
        "class_names": list(checkpoint.class_names),
        "maximum": checkpoint.maximum,
        "epochs": checkpoint.epochs,
        "finished": checkpoint.finished,
        "model": checkpoint.model,
        "reference": checkpoint.reference,
        "optimiser": checkpoint.optimiser,
        "own_files": checkpoint.own_files,
        "data": checkpoint.data,
        "torch": str(torch.__version__),
    }
    content = io.BytesIO()  # torch tells a full disk as an internal error, plain writing tells it as it is
    torch.save(values, content)
    with atomic(folder / NAME) as temporary:
        temporary.write_bytes(content.getbuffer())


def read(path: Path, recipe: Recipe | None = None) -> Checkpoint:
    """Read a checkpoint file. With `recipe`, it must be of that recipe (its `hardware` section may differ).

    Raises InputError if it is missing, damaged, holds anything but tensors, strings and numbers (it is never
    unpickled), belongs to another recipe, or the user's own network or data set file changed since the training.
    """
    if not path.is_file():
        raise InputError(f"no checkpoint {path}; train the model first (make train MODEL=)")
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # torch's own text proposes to unpickle it all the same
        raise InputError(
            f"{path} is refused: it holds objects other than tensors, strings and numbers, or is damaged. "
            "Train the model anew (make train MODEL= FRESH=1)"
        ) from None
    except Exception as error:  # torch reads damaged files as far as it gets
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} is damaged ({reason}). Train the model anew (make train MODEL= FRESH=1)") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT or not values.keys() >= _KEYS:
        raise InputError(f"{path} is not a checkpoint of this toolkit (format {FORMAT}). Train the model anew")
    if recipe is not None and values["recipe_digest"] != recipe.digest():
        raise InputError(
            f"{path} belongs to another recipe than {recipe.name!r}, or the recipe changed since: "
            f"{_difference(from_text(values['recipe']), recipe)}. Train anew (make train MODEL=), or give another "
            "folder (BUILD=)"
        )
    recipe = recipe or from_text(values["recipe"], values["recipe_path"])
    trained = values.get("own_files", {})
    for reference, now in own_files(recipe).items():
        if trained.get(reference) != now:
            raise InputError(
                f"{path} was trained with another {reference.rpartition(':')[0]} than there is now: the file behind "
                f"{reference!r} changed since. Put it back, train anew (make train MODEL=), or give another folder "
                "(BUILD=)"
            )
    return Checkpoint(
        recipe=recipe,
        input_shape=tuple(values["input_shape"]),
        class_names=tuple(values["class_names"]),
        maximum=values["maximum"],
        epochs=values["epochs"],
        finished=values["finished"],
        model=values["model"],
        reference=values["reference"],
        optimiser=values["optimiser"],
        own_files=trained,
        data=values.get("data", ""),
    )


def require_data(checkpoint: Checkpoint, dataset: Dataset, path: Path) -> None:
    """Raise InputError unless `dataset` has the images and classes that the checkpoint in `path` was made of; of older
    checkpoints only shapes and names are known.
    """
    names = ("shape [C, H, W]", "greatest pixel", "classes")
    then = (list(checkpoint.input_shape), checkpoint.maximum, list(checkpoint.class_names))
    now = (list(dataset.input_shape), dataset.maximum, list(dataset.class_names))
    way_out = f"Give the DATA= of the training, or remove {path} and train anew"
    for name, had, has in zip(names, then, now, strict=True):
        if had != has:
            raise InputError(
                f"data set {checkpoint.recipe.dataset!r}: {name} is {has}, and was {had} when {path} was trained. "
                f"{way_out}"
            )
    if not checkpoint.is_of(dataset):
        raise InputError(
            f"data set {checkpoint.recipe.dataset!r}: its images, labels or their order are not those that {path} was "
            f"trained with: its test images may have been trained with. {way_out}"
        )


def restore(checkpoint: Checkpoint, state: dict[str, Tensor] | None = None) -> nn.Module:
    """The network of a checkpoint, in eval mode, accumulators wrapping. `state` instead of its own weights."""
    model = build(checkpoint.recipe, checkpoint.input_shape, len(checkpoint.class_names), checkpoint.maximum)
    load_state(model, checkpoint.model if state is None else state)
    set_wrapping(model, True)
    model.class_names = checkpoint.class_names  # type: ignore[assignment]
    return model.eval()


def load_state(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Put weights into a model built from the same recipe. Raises InputError if they do not fit."""
    try:
        model.load_state_dict({name: value.clone() for name, value in state.items()})
    except RuntimeError as error:
        raise InputError(f"the checkpoint does not fit the network: {error}") from None


def load(folder: str | Path) -> tuple[nn.Module, Recipe]:
    """The trained model of build/<model> and its recipe. The model is in eval mode, its accumulators wrap, and it
    has the attributes `input_shape` (C, H, W) and `class_names`. Raises InputError if training is not finished.
    """
    checkpoint = read_finished(Path(folder) / NAME)
    return restore(checkpoint), checkpoint.recipe


def read_finished(path: Path, recipe: Recipe | None = None) -> Checkpoint:
    """Like `read`; raises InputError if training is not finished, too."""
    checkpoint = read(path, recipe)
    if not checkpoint.finished:
        raise InputError(
            f"{path}: training stopped after {checkpoint.epochs} of {checkpoint.recipe.epochs} epochs; "
            "finish it (make train MODEL= RESUME=1)"
        )
    return checkpoint


def _difference(theirs: Recipe, ours: Recipe) -> str:
    a, b = (dict(_leaves(one.model_dump(exclude={"hardware"}))) for one in (theirs, ours))
    changed = [key for key in {**a, **b} if a.get(key) != b.get(key)]
    return "; ".join(f"{key} was {a.get(key)!r}, is {b.get(key)!r}" for key in changed[:2]) or "an older recipe format"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in tables and rows of tables, with the keys that lead there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else None
    if items is None:
        yield path, value
        return
    for key, inner in items:
        yield from _leaves(inner, f"{path}.{key}" if path else str(key))
