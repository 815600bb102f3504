# SPDX-License-Identifier: BSD-3-Clause
"""From a recipe to its network, with every width in place."""

import warnings

import torch
from torch import nn

from chain.errors import InputError, UnsupportedError, WrapNetError, nearest
from training import foreign
from training.blocks import Blocks
from training.layers import accumulators
from training.layers.dropout import scale_dropout
from training.modes import modes_kept
from training.networks import NETWORKS
from training.recipe import Recipe
from training.userfile import is_reference, resolve


def build(recipe: Recipe, input_shape: tuple[int, int, int], classes: int, maximum: int) -> nn.Module:
    """The recipe's network for images of `input_shape` (C, H, W) with values up to `maximum`, initialised from the
    recipe's seed. It carries `input_shape` as an attribute.

    Raises InputError for an unknown network or layer name, UnsupportedError for a network that cannot work: it is
    run once on zeros, and every layer checks that its sums stay exact.
    """
    quantisation = recipe.quantisation
    bits = quantisation.accumulator_bits
    default = bits if isinstance(bits, int) else bits.get("default", 8)
    blocks = Blocks(
        input_shape=input_shape,
        classes=classes,
        maximum=maximum,
        weights=quantisation.weights,
        activation_bits=quantisation.activation_bits,
        input_bits=quantisation.input_bits,
        accumulator_bits=default,
        fold=quantisation.fold or None,
    )
    torch.manual_seed(recipe.seed)
    with warnings.catch_warnings():
        # Of images too small for the network, which is told in words below.
        warnings.filterwarnings("ignore", "Initializing zero-element tensors")
        model = _construct(recipe, blocks)
    scale_dropout(model)
    layers = accumulators(model)
    if not layers:
        raise UnsupportedError(f"network {recipe.network!r} has no WrapConv2d or WrapLinear")
    if isinstance(bits, dict):
        for name, width in bits.items():
            if name == "default":
                continue
            if name not in layers:
                raise InputError(f"accumulator_bits: no layer {name!r}; {nearest(name, [*layers, 'default'])}")
            layers[name].accumulator_bits = width
    model.input_shape = input_shape  # type: ignore[assignment]
    _try(recipe, model, blocks)
    return model


def _construct(recipe: Recipe, blocks: Blocks) -> nn.Module:
    if is_reference(recipe.network):
        kind = resolve(recipe.network, recipe.folder)
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            raise InputError(f"network {recipe.network!r} is not a subclass of torch.nn.Module")
        try:
            return kind(blocks)
        except WrapNetError:
            raise
        except Exception as error:
            raise InputError(f"network {recipe.network!r}: {type(error).__name__}: {error}") from error
    if recipe.network not in NETWORKS:
        raise InputError(f"unknown network {recipe.network!r}; {nearest(recipe.network, NETWORKS)}, or file.py:Class")
    model: nn.Module = NETWORKS[recipe.network](blocks)
    return model


def _try(recipe: Recipe, model: nn.Module, blocks: Blocks) -> None:
    try:
        with modes_kept(model), torch.no_grad():
            output = model.eval()(torch.zeros(1, *blocks.input_shape))
    except UnsupportedError as error:
        raise foreign.named(error, model) from None
    except WrapNetError:
        raise
    except Exception as error:
        raise InputError(
            f"network {recipe.network!r} does not take images of {list(blocks.input_shape)}: {error}"
        ) from error
    if tuple(output.shape) != (1, blocks.classes):
        raise InputError(
            f"network {recipe.network!r} gives {list(output.shape)} for one image, expected [1, {blocks.classes}]"
        )
