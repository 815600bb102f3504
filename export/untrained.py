# SPDX-License-Identifier: BSD-3-Clause
"""Whether hardware can do a recipe's network, asked before hours of training."""

from pathlib import Path

from chain.errors import UnsupportedError
from export.problems import require_mappable
from export.qonnx import to_qonnx
from training import datasets, foreign
from training import recipe as recipes
from training.build import build as build_network
from training.current import Status
from training.layers import set_wrapping


def require_mappable_recipe(model: str, build: Path, data: Path | None = None) -> bool:
    """Export the untrained network of `model`, a recipe's name or path, and check it; False if it is trained already.

    Raises:
        InputError: an unknown model, a network that does not run, missing data.
        UnsupportedError: a network that cannot be exported, or (all its nodes are named) not be mapped to hardware.
    """
    recipe = recipes.load(model)
    if Status(recipe, build / recipe.name).is_trained:
        return False
    dataset = datasets.load(recipe, data)
    network = build_network(recipe, dataset.input_shape, len(dataset.class_names), dataset.maximum).eval()
    set_wrapping(network, True)
    try:
        exported = to_qonnx(network)
    except UnsupportedError as error:
        raise foreign.named(error, network) from None
    require_mappable(exported, f"network {recipe.network!r} (nothing is trained yet)")
    return True
