# SPDX-License-Identifier: BSD-3-Clause
"""Runs a dataflow graph in numpy, whole batches at a time, and keeps the accumulators of every layer."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

import fpga.ops  # noqa: F401  (registers the ops)
from chain.errors import InputError, UnsupportedError
from chain.integers import fold, half
from fpga.ops._base import DOMAIN, StreamOp
from fpga.ops._window import interleave
from fpga.ops.wrap_activation import TABLE_BITS

Array = npt.NDArray[Any]
Step = tuple[Callable[..., tuple[Array, ...]], list[str], list[str]]

OUTPUT = "output"
BATCH_BYTES = 8 << 20
"""Images go through together until the largest tensor of a batch is this large: more would leave the caches."""

_PASSING = ("StreamingDataWidthConverter", "StreamingFIFO")


def execute(model: ModelWrapper, images: npt.NDArray[np.integer]) -> dict[str, npt.NDArray[np.signedinteger]]:
    """Run `images`, unsigned integers [N, H, W, C] (or [N, features] for a network without an image), through `model`.

    Returns the folded accumulators of every layer, by its name and in graph order, as [N, C, H, W] or [N, C], and the
    network's outputs [N, classes], or labels [N, 1], under "output", all in the narrowest of int8, int16 and int32 that
    holds them. Works on the graph of `to_dataflow` and of `specialise` alike. For many images see `batches`.

    Raises:
        InputError: the images have another shape, or values that the input cannot take.
        UnsupportedError: a node is no hardware op.
    """
    parts = list(batches(model, images))
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def batches(model: ModelWrapper, images: npt.NDArray[np.integer]) -> Iterator[dict[str, npt.NDArray[np.signedinteger]]]:
    """The results of `execute` a few images at a time, in order: what 10,000 images make need not fit in memory."""
    taps = _taps(model)
    result = model.graph.output[0].name
    kind = model.get_tensor_datatype(result)
    result_type = _integer(kind.bitwidth() + (not kind.signed()))
    for values in tensors(model, images, (*taps, result)):
        part = {}
        for tensor, (layer, channels, folded) in taps.items():
            part[layer] = _channels_first(folded(values[tensor][..., :channels]))
        part[OUTPUT] = values[result].astype(result_type)
        yield part


def tensors(
    model: ModelWrapper, images: npt.NDArray[np.integer], names: Collection[str]
) -> Iterator[dict[str, npt.NDArray[np.floating]]]:
    """The tensors `names` as they stream (integers in floats, [N, ...], channels last), a few images at a time.

    Raises as `execute` does.
    """
    name = model.graph.input[0].name
    shape, kind = model.get_tensor_shape(name)[1:], model.get_tensor_datatype(name)
    if list(images.shape[1:]) != list(shape) or len(images) == 0:
        raise InputError(f"images of shape {list(images.shape)}; expected [N, {', '.join(map(str, shape))}], N > 0")
    if images.min() < kind.min() or images.max() > kind.max():
        raise InputError(f"images hold values in [{images.min()}, {images.max()}]; expected {kind.name}")
    steps = [_step(model, node) for node in model.graph.node]
    last_read = {tensor: index for index, (_, inputs, _) in enumerate(steps) for tensor in inputs}
    size = batch_size(model)
    for start in range(0, len(images), size):
        values = {name: images[start : start + size].astype(np.float32)}
        for index, (run, inputs, outputs) in enumerate(steps):
            values.update(zip(outputs, run(*(values[tensor] for tensor in inputs)), strict=True))
            for tensor in inputs:
                if last_read[tensor] == index and tensor not in names:
                    values.pop(tensor, None)
        yield {tensor: values[tensor] for tensor in names}


def batch_size(model: ModelWrapper) -> int:
    """Images that go through together."""
    tensors = [tensor for node in model.graph.node for tensor in node.output]
    largest = max(int(np.prod(model.get_tensor_shape(tensor))) for tensor in tensors)
    return max(1, min(1024, BATCH_BYTES // (4 * largest)))


def _taps(model: ModelWrapper) -> dict[str, tuple[str, int, Callable[[Array], Array]]]:
    """The tensors that hold a layer's wrapped accumulators: the layer's name, its channels and its fold."""
    taps = {}
    for node in model.graph.node:
        if node.op_type.removesuffix("_rtl") in ("WrapMVU", "WrapVVU"):
            op = getCustomOp(node)
            folded = _fold(op.get_nodeattr("accumulatorBits"), op.get_nodeattr("fold"))
            channels = op.get_nodeattr("realChannels") or op.get_normal_output_shape()[-1]
            taps[node.output[0]] = (op.get_nodeattr("layer"), channels, folded)
    return taps


def _fold(bits: int, k: int) -> Callable[[Array], Array]:
    """The fold of a float array of wrapped sums, as narrow integers."""
    narrow = _integer(bits)
    if not k:
        return lambda m: m.astype(narrow)
    if bits > TABLE_BITS:
        return lambda m: fold(m.astype(np.int64), bits, k).astype(narrow)
    table = fold(np.arange(-half(bits), half(bits)), bits, k).astype(narrow)
    return lambda m: table.take(m.astype(np.int32) + half(bits))


def _integer(bits: int) -> type[np.signedinteger]:
    return np.int8 if bits <= 8 else np.int16 if bits <= 16 else np.int32


def _channels_first(value: Array) -> Array:
    return np.moveaxis(value, -1, 1) if value.ndim == 4 else value


def _step(model: ModelWrapper, node: NodeProto) -> Step:
    """A node as a function of batches, with the tensors that it reads and makes."""
    kind = node.op_type.removesuffix("_rtl")
    if not node.domain.startswith(DOMAIN):
        raise UnsupportedError(f"node {node.name!r} ({node.op_type}) is no hardware op; map the network first")
    op = getCustomOp(node)
    outputs = list(node.output)
    if isinstance(op, StreamOp):
        inputs = [tensor for index, tensor in enumerate(node.input) if op.input_lanes(index)]
        return op.kernel(model.graph), inputs, outputs
    inputs = [node.input[0]]
    if kind in _PASSING:
        return (lambda x: (x,)), inputs, outputs
    if kind == "FMPadding":
        top, left, bottom, right = op.get_nodeattr("Padding")
        return (lambda x: (np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0))),)), inputs, outputs
    if kind == "ConvolutionInputGenerator":
        return _sliding_window(op, node.op_type.endswith("_rtl")), inputs, outputs
    raise UnsupportedError(f"node {node.name!r} ({node.op_type}): the toolkit uses no such op of FINN's; map it anew")


def _sliding_window(op: Any, streamed: bool) -> Callable[[Array], tuple[Array, ...]]:
    """FINN's sliding window: [N, H, W, C] to [N, OH, OW, KH*KW*C], interleaved if it is depthwise and in RTL form."""
    (kh, kw), (sh, sw), (dh, dw) = (op.get_nodeattr(name) for name in ("ConvKernelDim", "Stride", "Dilation"))
    oh, ow = op.get_nodeattr("OFMDim")
    channels, lanes = op.get_nodeattr("IFMChannels"), op.get_nodeattr("SIMD")
    mixed = streamed and op.get_nodeattr("depthwise") and lanes != channels

    def run(x: Array) -> tuple[Array, ...]:
        out = np.empty((len(x), oh, ow, kh * kw, channels), dtype=x.dtype)
        for k in range(kh * kw):
            y, z = k // kw * dh, k % kw * dw
            out[:, :, :, k] = x[:, y : y + (oh - 1) * sh + 1 : sh, z : z + (ow - 1) * sw + 1 : sw]
        windows = out.reshape(len(x), oh, ow, -1)
        return (interleave(windows, channels, lanes) if mixed else windows,)

    return run
