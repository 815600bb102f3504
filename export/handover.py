# SPDX-License-Identifier: BSD-3-Clause
"""A network that a training loop of one's own has trained, as if `make train export` had left it."""

import copy
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from rich.console import Console
from torch import Tensor, nn

import training
from chain import record
from chain.cli import model_name
from chain.errors import InputError, UnsupportedError, nearest
from chain.files import write_json
from chain.progress import bar
from export.agreement import Agreement
from export.metadata import Metadata
from export.pipeline import deliver
from export.qonnx import greatest_input
from training import checkpoint
from training import recipe as recipes
from training.evaluation import evaluate
from training.layers import accumulators
from training.summary import accuracy_entry, layer_entries

GREATEST = 255
"""What an image's integers may be: they travel as bytes."""

Images = npt.NDArray[np.uint8] | Tensor
Labels = npt.NDArray[np.integer[Any]] | Tensor | Sequence[int]


def hand_over(
    model: nn.Module,
    images: Images,
    labels: Labels,
    folder: str | Path,
    class_names: Sequence[str] = (),
    hardware: Mapping[str, Any] | None = None,
) -> Agreement:
    """Write the trained `model` into `folder`, build/<name>, for `make hardware MODEL=<name>`: model.onnx, the test
    images with what PyTorch makes of them, and training.json; PyTorch, QONNX and onnxruntime are compared on the way.

    `images` are raw integers [N, C, H, W], 0 to the maximum of the model's InputQuant, `labels` [N] class numbers,
    `class_names` "0", "1", ... if not given, `hardware` the keys of a recipe's [hardware].

    Raises:
        InputError: images, labels, names or hardware that do not fit, a folder that no model may have or that holds a
            training by recipe.
        UnsupportedError: a network that is frozen or does not wrap, that cannot be exported, or (all its nodes are
            named) not be mapped to hardware.
        AgreementError: the stages differ; the first layer that does is named.
    """
    started = time.perf_counter()
    folder = Path(folder)
    name = model_name(folder.name)
    if name in recipes.available() or (folder / checkpoint.NAME).exists():
        raise InputError(f"{folder}: the name of a network that is trained by a recipe; choose another")
    wishes = _hardware(hardware or {})
    pixels, truth = _images(images, greatest_input(model)), _labels(labels)
    first = torch.from_numpy(pixels[:1]).float()
    frozen = _frozen(model, first)
    with torch.no_grad():
        classes = frozen(first).shape[1]
    names = tuple(map(str, class_names)) or tuple(map(str, range(classes)))
    if len(names) != classes:
        raise InputError(f"class_names: found {len(names)}, expected {classes}, one for each of the network's outputs")
    if len(truth) != len(pixels) or truth.min() < 0 or truth.max() >= classes:
        raise InputError(
            f"labels: found {len(truth)} from {truth.min()} to {truth.max()}, expected {len(pixels)}, one for each "
            f"image, from 0 to {classes - 1}, one number for each of the network's outputs"
        )
    (folder / "training.json").unlink(missing_ok=True)  # of an earlier network: it must not stand beside this one
    with bar(Console(stderr=True)) as progress:
        task = progress.add_task("comparing PyTorch, QONNX and onnxruntime", total=len(pixels))
        advance = partial(progress.advance, task)
        agreement = deliver(frozen, folder, Metadata(name, names, wishes), pixels, truth, advance=advance)
    agreement.require()
    measured = evaluate(frozen, pixels, truth)
    summary = {
        "accuracy": {"torch": accuracy_entry(measured)},
        "layers": layer_entries(frozen, measured),
        "dataset": "own",
        "handed_over": True,
    }
    write_json(folder / "training.json", summary)
    record.write(folder, "export", time.perf_counter() - started)
    return agreement


def _frozen(model: nn.Module, first: Tensor) -> nn.Module:
    """The form that is exported, on the processor; the model stays as it is."""
    layers = accumulators(model)
    if not layers:
        raise UnsupportedError("the model has no wrapping layer; call training.wrap(model) before it is trained")
    wide = [name for name, layer in layers.items() if not layer.wrapping]
    if wide:
        raise UnsupportedError(
            f"layers {wide} do not wrap: the network would not be the one that was trained to; call "
            "training.set_wrapping(model, True), train it so and look at its accuracy"
        )
    try:
        return training.freeze(copy.deepcopy(model).cpu(), first)
    except RuntimeError as error:
        raise InputError(
            f"images: the model does not take them, [{', '.join(map(str, first.shape[1:]))}] each: {error}"
        ) from None


def _hardware(given: Mapping[str, Any]) -> dict[str, Any]:
    known = recipes.Hardware.model_fields
    for key in given:
        if key not in known:
            raise InputError(f"hardware: unknown key {key!r}; {nearest(key, known)}")
    try:
        return recipes.Hardware(**given).model_dump(mode="json")
    except ValidationError as error:
        found = error.errors()[0]
        raise InputError(f"hardware: {found['loc'][0]}: {found['msg']}, found {found['input']!r}") from None


def _images(given: Images, maximum: int) -> npt.NDArray[np.uint8]:
    if maximum > GREATEST:
        raise InputError(f"the model's InputQuant takes integers to {maximum}, images have {GREATEST} at most")
    pixels = _array(given)
    found = f"{pixels.dtype} {list(pixels.shape)}"
    if pixels.ndim != 4 or not len(pixels):
        raise InputError(f"images: found {found}, expected [N, C, H, W] with at least one")
    if (pixels != pixels.astype(np.int64)).any() or pixels.min() < 0 or pixels.max() > maximum:
        raise InputError(
            f"images: found {found} from {pixels.min():g} to {pixels.max():g}, expected whole numbers from 0 to "
            f"{maximum}, pixels as they are: the model's InputQuant scales them"
        )
    return pixels.astype(np.uint8)


def _labels(given: Labels) -> npt.NDArray[np.int64]:
    truth = _array(given)
    if truth.ndim != 1 or not len(truth) or truth.dtype.kind not in "iu":
        raise InputError(f"labels: found {truth.dtype} {list(truth.shape)}, expected whole numbers [N]")
    return truth.astype(np.int64)


def _array(given: Images | Labels) -> npt.NDArray[Any]:
    """Where numpy can read it."""
    return np.asarray(given.cpu() if isinstance(given, Tensor) else given)
