# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoints that come with the toolkit: weights as packed integers and scales, a thirtieth of what training keeps.

models/<name>/ holds checkpoint.pt, model.json (accuracy, digests, versions) and training.json, as training left it.
"""

import hashlib
import io
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from chain import record
from chain.errors import InputError
from chain.files import atomic, write_json
from training import checkpoint as checkpoints
from training import datasets
from training.bitplanes import pack, unpack
from training.build import build
from training.checkpoint import Checkpoint
from training.datasets import Dataset
from training.evaluation import BATCH
from training.freezing import freeze
from training.latents import set_integers
from training.layers import accumulators
from training.recipe import RECIPES, Recipe, from_text

MODELS = Path(__file__).resolve().parent.parent / "models"
LIMIT = 5_000_000
FORMAT = "wrapnet-shipped-1"
_KEYS = {"recipe", "input_shape", "class_names", "maximum", "integers", "scales", "others"}


@dataclass(frozen=True)
class Shipped:
    """What was written: bytes of the checkpoint, accuracy over `images` test images."""

    folder: Path
    size: int
    accuracy: float
    images: int


def ship(recipe: Recipe, folder: Path, data: Path | None = None, models: Path = MODELS) -> Shipped:
    """Write models/<name>/ from the finished training in `folder` (build/<model>), after proof that the packed
    checkpoint gives the same logits for every test image, bit for bit.

    Raises InputError for a recipe that is not the toolkit's own, an unfinished training, a checkpoint over 5 MB, or
    logits that differ.
    """
    if recipe.path is None or recipe.path.parent != RECIPES.resolve():
        raise InputError(f"recipe {recipe.name!r} is not one of the toolkit's own (training/recipes): nothing to ship")
    trained = checkpoints.read_finished(folder / checkpoints.NAME, recipe)
    dataset = datasets.load(recipe, data)
    checkpoints.require_data(trained, dataset, folder / checkpoints.NAME)
    summary = _json(folder / "training.json")
    content = packed(trained)
    if len(content) > LIMIT:
        raise InputError(f"{recipe.name}: the packed checkpoint has {len(content):,} bytes, at most {LIMIT:,} ship")
    logits, again = _logits(trained, dataset), _logits(unpacked(content, recipe, "the packed checkpoint"), dataset)
    if not torch.equal(logits, again):
        differ = int((logits != again).any(dim=1).sum())
        raise InputError(
            f"{recipe.name}: the packed checkpoint gives other logits for {differ} of {len(logits)} images"
        )
    right = int((logits.numpy().argmax(axis=1) == dataset.test_labels).sum())
    target = models / recipe.name
    with atomic(target / checkpoints.NAME) as temporary:
        temporary.write_bytes(content)
    write_json(target / "training.json", summary)
    write_json(
        target / "model.json",
        {
            "model": recipe.name,
            "dataset": recipe.dataset,
            "accuracy": {name: value["value"] for name, value in summary["accuracy"].items()},
            "test_images": len(logits),
            "seed": recipe.seed,
            "epochs": trained.epochs,
            "training_seconds": round(summary["seconds"]),
            "machines": summary.get("machines", []),
            "commands": [f"make train MODEL={recipe.name} FRESH=1", f"make ship MODEL={recipe.name}"],
            "sha256": {
                checkpoints.NAME: hashlib.sha256(content).hexdigest(),
                "training.json": _digest(target / "training.json"),
                "logits": hashlib.sha256(logits.to(torch.int32).numpy().tobytes()).hexdigest(),
            },
            "torch": str(torch.__version__),
        },
    )
    return Shipped(target, len(content), right / len(logits), len(logits))


def find(recipe: Recipe, models: Path = MODELS) -> Path | None:
    """models/<name> if it holds a checkpoint of this very recipe (its `hardware` section may differ), else None.

    Raises InputError if the checkpoint is damaged.
    """
    folder = models / recipe.name
    path = folder / checkpoints.NAME
    if not path.is_file():
        return None
    return folder if _recipe(_read(path.read_bytes(), str(path))).digest() == recipe.digest() else None


def take(recipe: Recipe, source: Path, folder: Path) -> dict[str, Any]:
    """Put the shipped training in `source` (models/<name>) into `folder` (build/<model>) as if it had ended there;
    gives training.json's content, which says where it came from.

    Raises InputError for a damaged file or one whose digest is not model.json's.
    """
    started = time.perf_counter()
    about = _json(source / "model.json")
    for name in (checkpoints.NAME, "training.json"):
        if not (source / name).is_file() or _digest(source / name) != about.get("sha256", {}).get(name):
            raise InputError(
                f"{source / name} is missing or not the file that {source / 'model.json'} describes (SHA-256): "
                "restore it from the repository, or train with FRESH=1"
            )
    path = source / checkpoints.NAME
    restored = unpacked(path.read_bytes(), recipe, str(path))
    shipped = {"from": f"models/{recipe.name}", "sha256": about["sha256"][checkpoints.NAME]}
    summary = _json(source / "training.json") | {"shipped": shipped}
    (folder / "training.json").unlink(missing_ok=True)
    (folder / "history.jsonl").unlink(missing_ok=True)
    checkpoints.save(restored, folder)
    write_json(folder / "training.json", summary)
    record.write(folder, "train", time.perf_counter() - started, MODEL=recipe.name)
    return summary


def packed(trained: Checkpoint) -> bytes:
    """A finished training's network as a file's content: no optimiser, no reference, no latent weights."""
    model = checkpoints.restore(trained)
    layers = accumulators(model)
    integers, scales = {}, {}
    with torch.no_grad():
        for name, layer in layers.items():
            found, scale = layer.integer_weight()
            integers[name] = pack(found, int(layer.weight_quant.bit_width()))  # type: ignore[attr-defined]
            scales[name] = scale.clone()
    weights = {f"{name}.weight" for name in layers}
    values = {
        "format": FORMAT,
        "recipe": trained.recipe.text(),
        "input_shape": list(trained.input_shape),
        "class_names": list(trained.class_names),
        "maximum": trained.maximum,
        "integers": integers,
        "scales": scales,
        "others": {name: value.clone() for name, value in model.state_dict().items() if name not in weights},
    }
    content = io.BytesIO()
    torch.save(values, content)
    return content.getvalue()


def unpacked(content: bytes, recipe: Recipe, what: str) -> Checkpoint:
    """The inverse of `packed`: a finished checkpoint of `recipe`, whose layers are proved to have the packed integers
    and scales. `what` names the content in errors.

    Raises InputError if it is damaged, of another recipe, or does not fit the recipe's network.
    """
    values = _read(content, what)
    if _recipe(values).digest() != recipe.digest():
        raise InputError(f"{what} is of another recipe than the present {recipe.name!r}: train with FRESH=1")
    point = Checkpoint(
        recipe, tuple(values["input_shape"]), tuple(values["class_names"]), values["maximum"], epochs=recipe.epochs
    )
    model = build(recipe, point.input_shape, len(point.class_names), point.maximum)
    layers = accumulators(model)
    _load(model, values, what)
    for name, layer in layers.items():
        shape = tuple(layer.weight.shape)
        set_integers(layer, unpack(values["integers"][name], shape), values["scales"][name])
    return replace(point, finished=True, model={name: t.detach().clone() for name, t in model.state_dict().items()})


def _load(model: nn.Module, values: dict[str, Any], what: str) -> None:
    """All but the layers' weights."""
    names = set(accumulators(model))
    expected = {key for key in model.state_dict() if key not in {f"{name}.weight" for name in names}}
    if set(values["integers"]) != names or set(values["scales"]) != names or set(values["others"]) != expected:
        raise InputError(f"{what} does not fit the network {sorted(names)}: train with FRESH=1")
    try:
        model.load_state_dict(values["others"], strict=False)
    except RuntimeError as error:
        raise InputError(f"{what} does not fit the network: {error}") from None


def _read(content: bytes, what: str) -> dict[str, Any]:
    try:
        values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch reads damaged files as far as it gets
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{what} is damaged ({reason}): restore it from the repository, or train with FRESH=1"
        ) from None
    if not isinstance(values, dict) or values.get("format") != FORMAT or not values.keys() >= _KEYS:
        raise InputError(f"{what} is no shipped checkpoint ({FORMAT}): restore it from the repository")
    return values


def _recipe(values: dict[str, Any]) -> Recipe:
    """The recipe of the training, read anew: keys that the toolkit has got since have their defaults."""
    return from_text(values["recipe"])


def _logits(point: Checkpoint, dataset: Dataset) -> Tensor:
    """The last layer's integers [N, classes] of every test image."""
    model = freeze(checkpoints.restore(point))
    images = torch.from_numpy(dataset.test_images)
    with torch.no_grad():
        return torch.cat([model(batch.float()) for batch in images.split(BATCH)])


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}): train with FRESH=1") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected an object, found {type(values).__name__}")
    return values


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
