# SPDX-License-Identifier: BSD-3-Clause
"""The chain's export step: build/<model>/checkpoint.pt to model.onnx, reference.npz and the stages' records."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import nn

import training
from chain import record
from chain.agreement import discard
from export.agreement import Agreement, agree, save_reference
from export.metadata import Metadata
from export.problems import require_mappable
from export.qonnx import to_qonnx
from training import checkpoint, datasets
from training import recipe as recipes
from training.environment import data_folder


def run(
    model: str,
    build: Path,
    data: Path | None = None,
    images: int | None = None,
    batch: int = 100,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Agreement:
    """Export the trained `model`, a recipe's name or path, and compare the three stages on its test images.

    `images` limits their number; `advance` is told the images of each batch and of all. Whether the stages agree is
    for the caller to require.

    Raises:
        InputError: an unknown model, a missing, unfinished, damaged checkpoint or one of another recipe or network,
            missing data or other data than the training's.
        UnsupportedError: a network that cannot be exported, or (all its nodes are named) not be mapped to hardware.
    """
    started = time.perf_counter()
    recipe = recipes.load(model)
    folder = build / recipe.name
    trained = checkpoint.read_finished(folder / checkpoint.NAME, recipe)
    dataset = datasets.load(recipe, data)
    checkpoint.require_data(trained, dataset, folder / checkpoint.NAME)
    frozen = training.freeze(checkpoint.restore(trained))
    provenance = {"recipe": recipe.model_dump(mode="json", exclude={"hardware"}), "recipe_sha256": recipe.digest()}
    hardware = recipe.hardware.model_dump(mode="json")
    metadata = Metadata(recipe.name, dataset.class_names, hardware, provenance)
    pixels, labels = dataset.test_images[:images], dataset.test_labels[:images]
    agreement = deliver(frozen, folder, metadata, pixels, labels, batch, lambda done: advance(done, len(pixels)))
    record.write(folder, "export", time.perf_counter() - started, DATA=data or data_folder())
    return agreement


def deliver(
    frozen: nn.Module,
    folder: Path,
    metadata: Metadata,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    batch: int = 100,
    advance: Callable[[int], None] = lambda done: None,
) -> Agreement:
    """Write a frozen network into `folder`: model.onnx, reference.npz and the records of the three stages, compared on
    `images`, raw integers [N, C, H, W]; `advance` is told the images of each batch.
    """
    path = folder / "model.onnx"
    (folder / "reference.npz").unlink(missing_ok=True)
    discard(folder, "torch")  # what an earlier model.onnx gave must not stand beside a new one
    _, *shape = images.shape
    to_qonnx(frozen, path, metadata, (shape[0], shape[1], shape[2]))
    require_mappable(path, f"{path} is written, but")
    agreement = agree(frozen, path, images, labels, batch, advance)
    agreement.save(folder / "stages")
    save_reference(folder / "reference.npz", images, labels, agreement.outputs, metadata.classes)
    return agreement
