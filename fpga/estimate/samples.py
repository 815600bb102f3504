# SPDX-License-Identifier: BSD-3-Clause
"""Random nodes to calibrate with: each a dataflow graph of one node (a FIFO stands behind a register), in RTL form.

Sizes are drawn as networks have them and kept small enough for a synthesis of seconds. Weights are random, which is how
trained ones look to a minimiser, ternary ones with more or fewer zeros; thresholds are those of a batch norm and a
uniform quantiser.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fpga.ops  # noqa: F401  isort: skip  (registers the ops before QONNX looks them up)
import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model

from chain.integers import fold
from fpga import fifo, mapping
from fpga.rtl_memory import signed_bits

PART = "xc7z020clg400-1"
DOMAIN = "finn.custom_op.fpgadataflow.rtl"
Rng = np.random.Generator
Array = npt.NDArray[Any]
_PARTS = (2, 2, 3, 4, 4, 8, 9, 16)


@dataclass(frozen=True)
class Sample:
    """A graph to synthesise: `kind` is what it was drawn as, `index` its number within the kind."""

    kind: str
    index: int
    model: ModelWrapper


def draw(counts: Mapping[str, int], seed: int) -> Iterator[Sample]:
    """So many random nodes of each kind; the n-th of a kind is the same whatever else is drawn."""
    for kind, count in counts.items():
        for index in range(count):
            rng = np.random.default_rng([seed, *kind.encode(), index])
            model = KINDS[kind](rng)
            for made in model.graph.node:
                made.name = f"{made.name}_{kind.replace(' ', '_')}_{index}"  # unique among all samples
            mapping.note_parameters(model)
            mapping.place_weights(model, PART)
            yield Sample(kind, index, model)


def node(op: str, inputs: Mapping[str, tuple[list[int], str]], parameters: Sequence[Array], **attributes: Any) -> Any:
    """The graph of one node: `inputs` are its streams (name -> shape and type), `parameters` its constants."""
    streams = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, (shape, _) in inputs.items()]
    names = [f"parameter{index}" for index, _ in enumerate(parameters)]
    outputs = ["out0", "out1"] if op == "StreamFork" else ["out0"]
    made = helper.make_node(
        f"{op}_rtl",
        [*inputs, *names],
        outputs,
        name=f"{op}_rtl_0",
        domain=DOMAIN,
        backend="fpgadataflow",
        **attributes,
    )
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph([made], "sample", streams, infos)
    model = ModelWrapper(qonnx_make_model(graph))
    for name, value in zip(names, parameters, strict=True):
        model.set_initializer(name, value)
    for name, (shape, kind) in inputs.items():
        model.set_tensor_shape(name, shape)
        model.set_tensor_datatype(name, DataType[kind])
    inst = getCustomOp(model.graph.node[0])
    for index, name in enumerate(outputs):
        model.set_tensor_shape(name, [int(size) for size in inst.get_normal_output_shape(index)])
        model.set_tensor_datatype(name, inst.get_output_datatype(index))
    return model


# units -----------------------------------------------------------------------------------------------------------


def _matrix(rng: Rng, unrolled: bool = False) -> ModelWrapper:
    bits, kind = int(rng.choice([1, 2, 2, 3, 4, 4])), str(rng.choice(["BIPOLAR", "BIPOLAR", "TERNARY", "INT3", "INT4"]))
    weight_bits = DataType[kind].bitwidth()
    simd = int(rng.choice([1, 2, 3, 4, 8, 9, 12, 16, 18, 27, 32, 36, 64]))
    most = max(1, int(rng.choice([60, 120, 200, 400, 800])) // (simd * bits * weight_bits))
    pe = int(rng.choice([value for value in (1, 2, 3, 4, 8, 16, 32) if value <= most]))
    columns, rows = int(rng.choice([1, 2, 4, 8, 9, 16, 18, 36, 72])), int(rng.choice([1, 2, 4, 8, 16, 32, 64]))
    if unrolled:
        columns, rows, simd = 1, 1, int(rng.choice([6, 9, 16, 27, 30, 32]))
        pe = int(rng.choice([value for value in (2, 4, 8, 16, 32) if value * simd * bits <= 1600]))
    while columns * rows * pe * simd * weight_bits > 80_000:
        columns, rows = max(1, columns // 2), max(1, rows // 2)
    groups = 1 if unrolled else int(rng.choice([1, 1, 1, 1, 1, 1, 1, 2, 4]))
    pixels, accumulator = 4, int(rng.choice([6, 7, 8, 8, 8, 10, 12, 16, 32]))
    return node(
        "WrapMVU",
        {"in": ([1, pixels, columns * simd * groups], f"UINT{bits}" if bits > 1 else "BINARY")},
        [_weights(rng, kind, (columns * simd, rows * pe * groups))],
        MW=columns * simd,
        MH=rows * pe * groups,
        SIMD=simd,
        PE=pe,
        groups=groups,
        Kernel=columns,
        inputShape=[1, pixels, columns * simd * groups],
        vectors=[pixels],
        accumulatorBits=accumulator,
        fold=3,
        inputDataType=f"UINT{bits}" if bits > 1 else "BINARY",
        weightDataType=kind,
    )


def _depthwise(rng: Rng) -> ModelWrapper:
    bits, kind = int(rng.choice([1, 2, 3, 4])), str(rng.choice(["BIPOLAR", "TERNARY", "INT4"]))
    pe, words, taps = (int(rng.choice(list(options))) for options in ((1, 2, 4, 8, 16), (1, 4, 8, 16, 64), (4, 9, 25)))
    return node(
        "WrapVVU",
        {"in": ([1, 3, 3, taps * pe * words], f"UINT{bits}" if bits > 1 else "BINARY")},
        [_weights(rng, kind, (taps, pe * words))],
        Channels=pe * words,
        Kernel=taps,
        PE=pe,
        vectors=[3, 3],
        accumulatorBits=int(rng.choice([6, 8, 8, 12, 16, 32])),
        fold=3,
        inputDataType=f"UINT{bits}" if bits > 1 else "BINARY",
        weightDataType=kind,
    )


def _weights(rng: Rng, kind: str, shape: tuple[int, int]) -> Array:
    if kind == "BIPOLAR":
        return np.where(rng.random(shape) < 0.5, -1.0, 1.0).astype(np.float32)
    if kind == "TERNARY":
        zeros = float(rng.uniform(0.15, 0.6))
        return rng.choice([-1.0, 0.0, 1.0], size=shape, p=[(1 - zeros) / 2, zeros, (1 - zeros) / 2]).astype(np.float32)
    low, high = int(DataType[kind].min()), int(DataType[kind].max())
    return rng.integers(low, high + 1, shape).astype(np.float32)


def _activation(rng: Rng, style: str) -> ModelWrapper:
    bits = int(rng.choice([6, 8, 8, 8, 12, 16, 32] if style == "search" else [6, 7, 8, 8, 8, 8, 10]))
    out_bits, pe = int(rng.choice([1, 2, 2, 3, 4])), int(rng.choice([1, 1, 2, 4, 8]))
    rows = {"table": [1, 2, 4], "interval": [1, 2, 4, 8, 16, 32, 64], "search": [1, 4, 8, 16, 32, 64, 128, 256]}
    words = int(rng.choice(rows[style]))
    k = int(rng.choice([0, 1, 3, 3, 3]))
    if style == "interval":
        out_bits, k = 1, k or 7
    while style == "search" and pe * words * bits << out_bits > 8_192:
        pe, words = max(1, pe // 2), max(1, words // 2)
    wide = bits > 10  # wide accumulators are not folded, and their sums fill part of the range
    thresholds, flips = _thresholds(rng, pe * words, out_bits, min(bits, 10), 0 if wide else k)
    return node(
        "WrapActivation",
        {"in": ([1, 4, pe * words], f"INT{bits}")},
        [thresholds, flips],
        shape=[1, 4, pe * words],
        outBits=out_bits,
        thresholdBits=signed_bits(int(thresholds.min()), int(thresholds.max())),
        rows=pe * words,
        fold=0 if wide else k,
        style=style,
        PE=pe,
        inputDataType=f"INT{bits}",
    )


def _thresholds(rng: Rng, channels: int, out_bits: int, bits: int, k: int) -> tuple[Array, Array]:
    """Thresholds [channels, 2^out_bits - 1] and flips [channels]: a scale and an offset a channel, within reach."""
    greatest = int(fold(np.arange(-(1 << (bits - 1)), 1 << (bits - 1)), bits, k).max())
    count = (1 << out_bits) - 1
    step = rng.uniform(0.15, 0.6, channels) * greatest / count
    first = rng.normal(0.15, 0.2, channels) * greatest
    steps = np.ceil(first[:, None] + step[:, None] * np.arange(count))
    limited = np.clip(steps, -greatest, greatest + 1).astype(np.int64)
    return limited, (rng.random(channels) < 0.05).astype(np.int64)


def _fold(rng: Rng) -> ModelWrapper:
    pe, words = int(rng.choice([1, 2, 4, 10])), int(rng.choice([1, 4]))
    bits = int(rng.choice([6, 8, 8, 12]))
    return folded(pe, words, bits, int(rng.choice([1, 2, 3, 3, 5])))


def folded(pe: int, words: int, bits: int, k: int) -> ModelWrapper:
    """A WrapFold; k = 0 makes it a register."""
    return node(
        "WrapFold",
        {"in": ([1, pe * words], f"INT{bits}")},
        [],
        shape=[1, pe * words],
        fold=k,
        PE=pe,
        inputDataType=f"INT{bits}",
    )


# streams ---------------------------------------------------------------------------------------------------------


def _window(rng: Rng, form: str) -> ModelWrapper:
    simd, bits = int(rng.choice([1, 2, 3, 4, 8, 16, 32])), int(rng.choice([1, 2, 2, 3, 4]))
    kernel, stride = [(3, 1), (3, 1), (3, 2), (5, 1), (2, 2), (2, 2)][int(rng.integers(6))]
    fold_by = 1 if form == "parallel" else int(rng.choice([1, 2, 4, 8, 16]))
    if form == "parallel":
        simd = min(simd, 8)
    if form == "depthwise":
        stride = kernel if kernel == 2 else stride
    size = int(rng.choice([5, 8, 12, 14, 16, 28, 32]))
    size += (kernel - size) % stride  # a whole number of strides
    out = (size - kernel) // stride + 1
    channels, kind = simd * fold_by, f"UINT{bits}" if bits > 1 else "BINARY"
    return node(
        "ConvolutionInputGenerator",
        {"in": ([1, size, size, channels], kind)},
        [],
        ConvKernelDim=[kernel, kernel],
        IFMChannels=channels,
        IFMDim=[size, size],
        OFMDim=[out, out],
        SIMD=simd,
        Stride=[stride, stride],
        Dilation=[1, 1],
        inputDataType=kind,
        outputDataType=kind,
        depthwise=int(form == "depthwise"),
        parallel_window=int(form == "parallel"),
        ram_style="auto",
    )


def _padding(rng: Rng) -> ModelWrapper:
    simd, words = int(rng.choice([1, 2, 3, 4, 8, 16, 32])), int(rng.choice([1, 1, 4, 16]))
    size, bits = int(rng.choice([7, 8, 14, 16, 28, 32])), int(rng.choice([1, 2, 3, 4]))
    kind = f"UINT{bits}" if bits > 1 else "BINARY"
    return node(
        "FMPadding",
        {"in": ([1, size, size, simd * words], kind)},
        [],
        ImgDim=[size, size],
        Padding=[1, 1, 1, 1],
        NumChannels=simd * words,
        SIMD=simd,
        inputDataType=kind,
    )


def _converter(rng: Rng) -> ModelWrapper:
    """To wider words, a whole number of the narrow ones in each."""
    bits, narrow = int(rng.choice([1, 2, 2, 3, 4, 8])), int(rng.choice([1, 1, 2, 3, 4, 8]))
    return _converts(bits, (narrow, narrow * int(rng.choice([2, 2, 3, 4, 8, 9, 16, 32]))))


def _narrow(rng: Rng) -> ModelWrapper:
    """To narrower words, a whole number of them in each wide one."""
    bits, pe, parts = (int(rng.choice(list(options))) for options in ((1, 2, 3, 4, 8), (1, 1, 2, 3, 4, 8), _PARTS))
    shape, kind = [1, 4, 2 * pe * parts], f"UINT{bits}" if bits > 1 else "BINARY"
    return node("StreamNarrow", {"in": (shape, kind)}, [], shape=shape, lanes=pe * parts, PE=pe, inputDataType=kind)


def _uneven(rng: Rng) -> ModelWrapper:
    """Neither side divides the other."""
    narrow, wide = [(4, 9), (8, 9), (8, 18), (2, 9), (4, 18), (8, 36), (6, 9)][int(rng.integers(7))]
    return _converts(int(rng.choice([1, 2, 2, 4])), (narrow, wide) if rng.random() < 0.6 else (wide, narrow))


def _converts(bits: int, ends: tuple[int, int]) -> ModelWrapper:
    total = int(np.lcm(*ends)) * 2
    kind = f"UINT{bits}" if bits > 1 else "BINARY"
    return node(
        "StreamingDataWidthConverter",
        {"in": ([1, 4, total], kind)},
        [],
        inShape=[1, 4, total],
        outShape=[1, 4, total],
        inWidth=ends[0] * bits,
        outWidth=ends[1] * bits,
        dataType=kind,
    )


def _fifo(rng: Rng) -> ModelWrapper:
    words = int(rng.choice([2, 33, 33, 65, 129, 257, 513, 1025]))
    lanes = int(rng.choice([1, 2, 4, 8, 16] if words < 300 else [1, 2, 4]))
    model = folded(lanes, 8, int(rng.choice([2, 4, 8])), 0)
    first = model.graph.node[0]
    return fifo.insert(_behind(model, "WrapFold", ["out0"], first.attribute), fifo.Depths({"out0": words}))


def _add(rng: Rng) -> ModelWrapper:
    """A fork, a FIFO on one branch, so that the two differ, and the adder that joins them."""
    pe, bits = int(rng.choice([1, 2, 4, 8, 16])), int(rng.choice([2, 3, 4]))
    shape, kind = [1, 4, 4, pe * 4], f"UINT{bits}"
    model = node("StreamFork", {"in": (shape, kind)}, [], shape=shape, PE=pe, inputDataType=kind)
    values = {"shape": shape, "outBits": bits + 1, "PE": pe, "inputDataType": kind, "inputDataType1": kind}
    attributes = [helper.make_attribute(name, value) for name, value in values.items()]
    return fifo.insert(_behind(model, "StreamAdd", ["out0", "out1"], attributes), fifo.Depths({"out1": 2}))


def _behind(model: ModelWrapper, op: str, inputs: Sequence[str], attributes: Sequence[Any]) -> ModelWrapper:
    """`model` with one more node, which takes its outputs."""
    made = helper.make_node(f"{op}_rtl", list(inputs), ["end"], name=f"{op}_rtl_1", domain=DOMAIN)
    made.attribute.extend(attributes)
    if not any(attribute.name == "backend" for attribute in attributes):
        made.attribute.append(helper.make_attribute("backend", "fpgadataflow"))
    model.graph.node.append(made)
    while model.graph.output:
        model.graph.output.pop()
    inst = getCustomOp(model.graph.node[-1])
    shape = [int(size) for size in inst.get_normal_output_shape()]
    model.graph.output.append(helper.make_tensor_value_info("end", TensorProto.FLOAT, shape))
    model.set_tensor_datatype("end", inst.get_output_datatype())
    return model


def _maximum(rng: Rng) -> ModelWrapper:
    pe, words, bits = int(rng.choice([1, 2, 4, 16])), int(rng.choice([1, 4, 16])), int(rng.choice([1, 2, 3, 4]))
    kernel, kind = int(rng.choice([4, 9])), f"UINT{bits}" if bits > 1 else "BINARY"
    shape = [1, 3, 3, kernel * pe * words]
    return node(
        "WindowMax",
        {"in": (shape, kind)},
        [],
        Channels=pe * words,
        Kernel=kernel,
        PE=pe,
        vectors=[3, 3],
        inputDataType=kind,
    )


def _tile(rng: Rng) -> ModelWrapper:
    """Max pooling whose windows tile the image."""
    pe, words, bits = (
        int(rng.choice(list(options))) for options in ((1, 1, 2, 4, 8), (1, 8, 16, 32, 64), (1, 2, 3, 4))
    )
    size, kernel = int(rng.choice([4, 8, 10, 14, 16, 28])), int(rng.choice([2, 2, 2, 3]))
    shape, kind = [1, size, size, pe * words], f"UINT{bits}" if bits > 1 else "BINARY"
    return node("PoolMax", {"in": (shape, kind)}, [], shape=shape, kernel=[kernel] * 2, PE=pe, inputDataType=kind)


def _pool(rng: Rng) -> ModelWrapper:
    pe, words, bits = int(rng.choice([1, 2, 4, 8])), int(rng.choice([1, 4, 16, 64, 128])), int(rng.choice([2, 3, 4]))
    size = int(rng.choice([2, 4, 7, 8]))
    shape = [1, size, size, pe * words]
    most = size * size * ((1 << bits) - 1)
    return node(
        "WindowSum",
        {"in": (shape, f"UINT{bits}")},
        [],
        shape=shape,
        outBits=most.bit_length(),
        PE=pe,
        inputDataType=f"UINT{bits}",
    )


def _label(rng: Rng) -> ModelWrapper:
    classes = int(rng.choice([2, 4, 8, 10, 16, 20, 100]))
    pe = int(rng.choice([value for value in (1, 2, 4, 5, 10) if classes % value == 0]))
    bits = int(rng.choice([6, 8, 8, 12, 16, 32]))
    return node("ArgMax", {"in": ([1, classes], f"INT{bits}")}, [], classes=classes, PE=pe, inputDataType=f"INT{bits}")


KINDS: Mapping[str, Callable[[Rng], ModelWrapper]] = {
    "matrix": _matrix,
    "unrolled": lambda rng: _matrix(rng, unrolled=True),
    "depthwise": _depthwise,
    "table": lambda rng: _activation(rng, "table"),
    "search": lambda rng: _activation(rng, "search"),
    "interval": lambda rng: _activation(rng, "interval"),
    "fold": _fold,
    "window": lambda rng: _window(rng, "serial"),
    "depthwise window": lambda rng: _window(rng, "depthwise"),
    "parallel window": lambda rng: _window(rng, "parallel"),
    "padding": _padding,
    "converter": _converter,
    "uneven converter": _uneven,
    "narrow": _narrow,
    "fifo": _fifo,
    "maximum": _maximum,
    "tile": _tile,
    "pool": _pool,
    "add": _add,
    "label": _label,
}
