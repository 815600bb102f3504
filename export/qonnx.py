# SPDX-License-Identifier: BSD-3-Clause
"""A trained network to a QONNX file."""

import os

import onnx
import torch
from onnx import ModelProto, helper
from torch import nn

import training
from chain.errors import UnsupportedError
from chain.files import atomic
from export.cleanup import tidy
from export.metadata import Metadata
from export.tracing import trace
from training.layers import InputQuant, accumulators


def to_qonnx(
    model: nn.Module,
    path: str | os.PathLike[str] | None = None,
    metadata: Metadata | None = None,
    input_shape: tuple[int, int, int] | None = None,
) -> ModelProto:
    """Write a network, trained or frozen, as QONNX with one WrapAccumulator a layer; return what is written.

    The file holds the operators' bodies in standard ONNX, so that it also runs in plain onnxruntime. Its input is one
    image of raw integers [1, C, H, W] in float32, its output the last layer's accumulators. Without a `path` nothing is
    written. `input_shape` is (C, H, W), by default the model's attribute of that name.

    Raises:
        UnsupportedError: the network cannot be frozen or expressed in ONNX, or takes floats in place of raw integers.
    """
    shape = input_shape or getattr(model, "input_shape", None)
    if shape is None:
        raise UnsupportedError("the model has no attribute input_shape; give input_shape=(C, H, W)")
    layers = accumulators(model)
    if not layers:
        raise UnsupportedError("the model has no WrapConv2d or WrapLinear; build it with training.layers")
    maximum = greatest_input(model)
    if not all(layer.integer_output for layer in layers.values()):
        model = training.freeze(model, torch.zeros(1, *shape))
        layers = accumulators(model)
    exported = tidy(*trace(model, shape), maximum)
    exported.producer_name = "wrapnet"
    helper.set_model_props(exported, (metadata or Metadata()).properties(shape, maximum))
    onnx.checker.check_model(exported)
    if path is not None:
        with atomic(path) as temporary:
            onnx.save(exported, temporary)
    return exported


def greatest_input(model: nn.Module) -> int:
    """The greatest raw integer that the model's InputQuant takes. Raises UnsupportedError if it has none."""
    for module in model.modules():
        if isinstance(module, InputQuant):
            return module.maximum
    raise UnsupportedError(
        "the model has no InputQuant, so that it takes floats, and hardware takes raw integers; begin it with "
        "training.InputQuant(maximum=255, bit_width=8), and give it pixels as they are"
    )
