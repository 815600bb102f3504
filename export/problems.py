# SPDX-License-Identifier: BSD-3-Clause
"""Reads any ONNX file and names every node that the toolkit cannot map to hardware, why, and the way out.

The graph is walked once. Each tensor gets a kind: what it holds on its way from raw integers through quantised levels,
integers and sums back to levels. An operator that does not lead from one kind to another is a problem; what comes after
it is not blamed for it.
"""

import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper, shape_inference
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError, UnsupportedError
from export.ops.functions import QUANT_DOMAIN, WRAP_DOMAIN
from export.ops.runtime import load
from export.ops.wrap_accumulator import EXACT

MAX_WEIGHT_BITS = MAX_ACTIVATION_BITS = 8
QUANT_DOMAINS = (QUANT_DOMAIN, "onnx.brevitas", "finn.custom_op.general")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """A node that cannot be mapped: its name (or its output's, if it has none), operator, the reason, the way out."""

    node: str
    operator: str
    reason: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.operator} {self.node!r}: {self.reason}; {self.way_out}"


class Kind(Enum):
    """What a tensor holds."""

    RAW = "the network's raw input"
    LEVELS = "quantised levels"
    DIVIDED = "levels divided by their scale"
    INTEGERS = "integers"
    SUMS = "exact sums"
    POOLED = "pooled sums"
    ACCUMULATED = "an accumulator"
    CHAIN = "a value on its way to a quantiser"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Held:
    """A tensor's kind; for levels their scale; for levels and integers the greatest integer."""

    kind: Kind
    scale: float = 1.0
    top: int = 0


UNKNOWN = Held(Kind.UNKNOWN)


class _Unmappable(Exception):
    """Internal: reason and way out of one node."""


_SUPPORTED = "Conv, MatMul, WrapAccumulator, Mul, Add, Relu, Quant, Div, Round, MaxPool, ReduceSum, Flatten"
_BEFORE_CHAIN = (Kind.RAW, Kind.ACCUMULATED, Kind.POOLED, Kind.LEVELS, Kind.CHAIN)
"""What a chain of elementwise operators that ends in a quantiser starts from."""
_KEEPS_LEVELS = ("MaxPool", "Flatten", "Div")
"""Operators that do not notice how the sum of two levels was rounded."""
_WAYS_OUT = {
    "Sigmoid": "use ReLU and an activation quantiser instead",
    "Tanh": "use ReLU and an activation quantiser instead",
    "LeakyRelu": "use ReLU: activations are unsigned",
    "PRelu": "use ReLU: activations are unsigned",
    "Elu": "use ReLU: activations are unsigned",
    "Gelu": "use ReLU and an activation quantiser instead",
    "HardSwish": "use ReLU and an activation quantiser instead",
    "HardSigmoid": "use ReLU and an activation quantiser instead",
    "Softmax": "end the network with its last linear layer: the host picks the class from the integers",
    "LogSoftmax": "end the network with its last linear layer: the host picks the class from the integers",
    "ArgMax": "end the network with its last linear layer: the host picks the class from the integers, or "
    'the accelerator does: output = "labels" in the recipe\'s [hardware]',
    "ConvTranspose": "no upsampling layer is mapped: use a network of convolutions and pooling",
    "Resize": "no upsampling layer is mapped: scale the images before they reach the accelerator",
    "Upsample": "no upsampling layer is mapped: scale the images before they reach the accelerator",
    "Gemm": "use training.layers.WrapLinear without a bias, exported as MatMul with integer weights",
    "AveragePool": "use training.layers.QuantSumPool over the whole image, or strided convolutions",
    "GlobalAveragePool": "use training.layers.QuantSumPool, which sums in integers",
    "ReduceMean": "use training.layers.QuantSumPool, which sums in integers",
    "GlobalMaxPool": "use MaxPool with the image's size as its kernel",
    "BatchNormalization": "put it directly behind a wrapping layer and export with export.to_qonnx, which folds it in",
    "BipolarQuant": "activations are unsigned: use an activation quantiser of 1 bit; weights are stored as integers",
    "Trunc": "use an activation quantiser instead",
    "Dropout": "export the network in evaluation mode",
    "Concat": "join branches with training.layers.QuantAdd",
    "Reshape": "use flatten(1) in front of the linear layer",
    "Transpose": "keep tensors in the order N, C, H, W",
    "Pad": "give the padding to the convolution itself",
    "LSTM": "no recurrent layer is mapped",
    "GRU": "no recurrent layer is mapped",
}
_WRAP_LAYERS = "use training.layers.WrapConv2d or WrapLinear and export with export.to_qonnx"


def check(path: ModelProto | bytes | str | os.PathLike[str]) -> list[Problem]:
    """List every node of the ONNX file that cannot be mapped, in graph order; an empty list means that all can.

    Raises:
        InputError: the file cannot be read, is not ONNX, or contradicts itself (ONNX's own checker refuses it).
    """
    model = load(path)
    where = "the model" if isinstance(path, ModelProto | bytes) else str(path)
    try:
        onnx.checker.check_model(model)
        inferred = shape_inference.infer_shapes(model, strict_mode=True)
    except (onnx.checker.ValidationError, shape_inference.InferenceError) as error:
        raise InputError(f"{where}: not a valid ONNX model: {str(error).strip().splitlines()[0]}") from error
    return _Walk(inferred).problems()


def require_mappable(path: ModelProto | bytes | str | os.PathLike[str], what: str) -> None:
    """Raise UnsupportedError that says that `what` cannot be mapped and lists all problems, if `check` finds any."""
    problems = check(path)
    if problems:
        text = "\n".join(f"  {problem}" for problem in problems)
        raise UnsupportedError(f"{what} cannot be mapped to hardware:\n{text}")


class _Walk:
    def __init__(self, model: ModelProto) -> None:
        self.graph = model.graph
        self.wrapper = ModelWrapper(model)
        self.constants = {i.name: numpy_helper.to_array(i) for i in self.graph.initializer}
        for node in self.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        self.held: dict[str, Held] = {}
        self.uses = Counter(name for node in self.graph.node for name in node.input)
        self.outputs = {value.name for value in self.graph.output}

    def problems(self) -> list[Problem]:
        found = self._inputs()
        handlers: dict[str, Callable[[NodeProto], Held]] = {
            "Mul": self._mul,
            "Add": self._add,
            "Sub": self._sub,
            "Div": self._div,
            "Round": self._round,
            **dict.fromkeys(("Relu", "Neg", "Floor", "Ceil", "Clip"), self._chain),
            "Conv": self._conv,
            "MatMul": self._matmul,
            "MaxPool": self._max_pool,
            "ReduceSum": self._reduce_sum,
            "Flatten": self._flatten,
        }
        for node in self.graph.node:
            if node.op_type == "Constant":
                continue
            handler: Callable[[NodeProto], Held]
            if (node.domain, node.op_type) == (WRAP_DOMAIN, "WrapAccumulator"):
                handler = self._wrap_accumulator
            elif node.domain in QUANT_DOMAINS and node.op_type in ("Quant", "IntQuant"):
                handler = self._quant
            elif node.domain in ("", "ai.onnx"):
                handler = handlers.get(node.op_type, self._unsupported)
            else:
                handler = self._unsupported
            try:
                result = handler(node)
                self._check_fanout(node, result)
                self._check_output(node, result)
            except _Unmappable as problem:
                reason, way_out = problem.args
                found.append(Problem(node.name or node.output[0], node.op_type, reason, way_out))
                result = UNKNOWN
            for name in node.output:
                self.held[name] = result
        return found

    def _inputs(self) -> list[Problem]:
        found = []
        dynamic = [value for value in self.graph.input if value.name not in self.constants]
        for value in dynamic:
            dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
            self.held[value.name] = Held(Kind.RAW)
            if len(dims) != 4 or min(dims[1:]) < 1:
                reason = f"an input of shape {dims} (0: dynamic), expected [N, C, H, W] with C, H and W fixed"
                found.append(Problem(value.name, "input", reason, "export with an image as the sample input"))
        for kind, values in (("input", dynamic), ("output", list(self.graph.output))):
            if len(values) != 1:
                names = ", ".join(value.name for value in values)
                reason = f"{len(values)} graph {kind}s ({names}), expected one"
                found.append(Problem("graph", kind, reason, "split the network, or give it one image and one result"))
        return found

    def _check_fanout(self, node: NodeProto, result: Held) -> None:
        if result.kind in (Kind.LEVELS, Kind.UNKNOWN, Kind.INTEGERS, Kind.DIVIDED):
            return
        if self.uses[node.output[0]] + (node.output[0] in self.outputs) > 1:
            raise _Unmappable(
                f"its result ({result.kind.value}) is used {self.uses[node.output[0]]} times",
                "branch behind an activation quantiser, where the values are narrow",
            )

    def _check_output(self, node: NodeProto, result: Held) -> None:
        if self.outputs & set(node.output) and result.kind not in (Kind.ACCUMULATED, Kind.UNKNOWN):
            raise _Unmappable(
                f"the graph's output is {result.kind.value}, expected the last layer's accumulator",
                "end the network with a WrapLinear or WrapConv2d and export with export.to_qonnx",
            )

    def _source(self, node: NodeProto, *kinds: Kind, index: int = 0, way_out: str = _WRAP_LAYERS) -> Held:
        """What input `index` holds; unmappable unless it is one of `kinds`, unknown passes."""
        held = self.held.get(node.input[index])
        if held is None:
            raise _Unmappable(f"its input {node.input[index]!r} is a constant", "fold constants before exporting")
        if held.kind not in (*kinds, Kind.UNKNOWN):
            expected = " or ".join(kind.value for kind in kinds)
            raise _Unmappable(f"its input is {held.kind.value}, expected {expected}", way_out)
        return held

    def _operands(self, node: NodeProto) -> tuple[int, Array | None]:
        """The index of the dynamic input, and the constant one, if there is one."""
        for index in (0, 1):
            if node.input[1 - index] in self.constants:
                constant = self.constants[node.input[1 - index]]
                if not np.isfinite(constant).all():
                    raise _Unmappable("its constant holds a NaN or an infinity", "train again: the weights diverged")
                return index, constant
        return 0, None

    def _require_per_channel(self, node: NodeProto, constant: Array) -> None:
        """The constant must be a number, or [1, C, 1, 1] or what broadcasts alike, for the node's output."""
        shape = self.wrapper.get_tensor_shape(node.output[0])
        if constant.size == 1 or not shape:
            return
        padded = (1,) * (len(shape) - constant.ndim) + constant.shape
        if any(size != 1 and axis != 1 for axis, size in enumerate(padded)):
            raise _Unmappable(
                f"a constant of shape {list(constant.shape)}, expected one number a channel",
                "scale and shift whole channels, as batch norm does",
            )

    def _unsupported(self, node: NodeProto) -> Held:
        domain = f" of the domain {node.domain!r}" if node.domain else ""
        way_out = _WAYS_OUT.get(node.op_type, f"write the network with what is mapped: {_SUPPORTED}")
        raise _Unmappable(f"the operator {node.op_type}{domain} is not mapped to hardware", way_out)

    def _chain(self, node: NodeProto, index: int = 0, constant: Array | None = None) -> Held:
        """An operator that treats each value by itself, in front of a quantiser."""
        held = self._source(node, *_BEFORE_CHAIN, index=index)
        for name in node.input[1:] if node.op_type == "Clip" else []:
            if name and name not in self.constants:
                raise _Unmappable(f"its bound {name!r} is computed in the graph", "clip at constant bounds")
        if constant is not None:
            self._require_per_channel(node, constant)
        return UNKNOWN if held.kind is Kind.UNKNOWN else Held(Kind.CHAIN)

    def _mul(self, node: NodeProto) -> Held:
        index, constant = self._operands(node)
        if constant is None:
            raise _Unmappable("it multiplies two computed tensors", "no attention or gating is mapped: use QuantAdd")
        return self._chain(node, index, constant)

    def _sub(self, node: NodeProto) -> Held:
        index, constant = self._operands(node)
        if constant is None:
            raise _Unmappable("it subtracts two computed tensors", "join branches with training.layers.QuantAdd")
        return self._chain(node, index, constant)

    def _add(self, node: NodeProto) -> Held:
        index, constant = self._operands(node)
        if constant is not None:
            return self._chain(node, index, constant)
        way_out = "use training.layers.QuantAdd, which quantises both sides with one quantiser"
        a, b = (self._source(node, Kind.LEVELS, index=i, way_out=way_out) for i in (0, 1))
        if Kind.UNKNOWN in (a.kind, b.kind):
            return UNKNOWN
        if a.scale != b.scale:
            raise _Unmappable(f"it adds levels of the scales {a.scale:g} and {b.scale:g}", way_out)
        shapes = [self.wrapper.get_tensor_shape(name) for name in node.input]
        if shapes[0] != shapes[1]:
            raise _Unmappable(f"it adds the shapes {shapes[0]} and {shapes[1]}", "add tensors of one shape")
        readers = {user.op_type for user in self.graph.node if node.output[0] in user.input}
        if readers - set(_KEEPS_LEVELS) and not _sums_exactly(a, b):
            raise _Unmappable(
                f"in float32 the sum of levels of scale {a.scale:g} is not always the level of their sum, which the "
                f"{' and '.join(sorted(readers - set(_KEEPS_LEVELS)))} behind it would notice",
                "use a scale that is a power of two, or let a layer follow directly",
            )
        return Held(Kind.LEVELS, a.scale, a.top + b.top)

    def _div(self, node: NodeProto) -> Held:
        index, constant = self._operands(node)
        if index != 0 or constant is None:
            raise _Unmappable("it divides by a computed tensor", "divide by constants")
        held = self._source(node, *_BEFORE_CHAIN)
        if held.kind is not Kind.LEVELS:
            return self._chain(node, 0, constant)
        if constant.size != 1 or float(constant.reshape(-1)[0]) != held.scale:
            divisor = f"{float(constant.reshape(-1)[0]):g}" if constant.size == 1 else f"{constant.size} numbers"
            raise _Unmappable(f"it divides levels of scale {held.scale:g} by {divisor}", _WRAP_LAYERS)
        return Held(Kind.DIVIDED, 1.0, held.top)

    def _round(self, node: NodeProto) -> Held:
        held = self._source(node, Kind.DIVIDED, *_BEFORE_CHAIN)
        if held.kind is Kind.DIVIDED:
            return Held(Kind.INTEGERS, 1.0, held.top)
        return self._chain(node)

    def _weights(self, node: NodeProto) -> Array | None:
        """The layer's constant integer weights; None where a problem is reported already at what computes them."""
        name = node.input[1]
        if self.held.get(name) == UNKNOWN:
            return None
        weights = self.constants.get(name)
        if weights is None:
            raise _Unmappable(f"its weights {name!r} are computed in the graph, not constant integers", _WRAP_LAYERS)
        if not np.array_equal(weights, np.round(weights)):
            raise _Unmappable(f"its weights {name!r} are not integers", _WRAP_LAYERS)
        datatype = self.wrapper.get_tensor_datatype(name)
        if not datatype.is_integer():
            raise _Unmappable(f"its weights {name!r} have no integer datatype annotation", _WRAP_LAYERS)
        if datatype.bitwidth() > MAX_WEIGHT_BITS:
            reason = f"weights of {datatype.bitwidth()} bits, at most {MAX_WEIGHT_BITS} are mapped"
            raise _Unmappable(reason, "quantise the weights more narrowly")
        if datatype != DataType["BIPOLAR"] and not datatype.signed():
            raise _Unmappable(f"weights of the unsigned type {datatype.name}", "annotate a signed type")
        if not np.all(datatype.allowed(weights)):
            reason = f"weights from {weights.min():g} to {weights.max():g} under the annotation {datatype.name}"
            raise _Unmappable(reason, "annotate the type that holds them")
        return weights

    def _require_window(self, node: NodeProto, attributes: dict[str, Any]) -> None:
        """What a sliding window over the image needs."""
        if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise _Unmappable("automatic padding", "give the padding as numbers")
        pads = list(attributes.get("pads", [0, 0, 0, 0]))
        if min(pads) < 0:
            raise _Unmappable(f"negative pads {pads}", "crop the images before they reach the network")
        shape, strides = self.wrapper.get_tensor_shape(node.input[0]), attributes.get("strides", [1, 1])
        if shape:
            padded = [shape[2] + pads[0] + pads[2], shape[3] + pads[1] + pads[3]]
            if any(stride > size for stride, size in zip(strides, padded, strict=True)):
                raise _Unmappable(f"strides {list(strides)} exceed the padded image {padded}", "use smaller strides")

    def _sums(self, held: Held, weights: Array, axes: tuple[int, ...]) -> Held:
        if held.kind is Kind.UNKNOWN:
            return UNKNOWN
        most = int(np.abs(weights).sum(axis=axes).max()) * held.top
        if most >= EXACT:
            raise _Unmappable(
                f"a sum can reach {most}, which float32 does not hold exactly (below {EXACT})",
                "fewer inputs, or narrower weights or activations",
            )
        return Held(Kind.SUMS, 1.0, most)

    def _conv(self, node: NodeProto) -> Held:
        if len(node.input) > 2 and node.input[2]:
            raise _Unmappable("it has a bias", "leave the bias to the batch norm behind it: bias=False")
        held = self._source(node, Kind.INTEGERS)
        weights = self._weights(node)
        if weights is None:
            return UNKNOWN
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if weights.ndim != 4:
            raise _Unmappable(f"a kernel of {weights.ndim - 2} dimensions, expected 2", "use a 2-dimensional one")
        self._require_window(node, attributes)
        group, channels = attributes.get("group", 1), weights.shape[0]
        if group < 1 or channels % group:
            raise _Unmappable(f"{channels} output channels in {group} groups", "use a divisor of the channels")
        return self._sums(held, weights, (1, 2, 3))

    def _matmul(self, node: NodeProto) -> Held:
        held = self._source(node, Kind.INTEGERS)
        weights = self._weights(node)
        if weights is None:
            return UNKNOWN
        if weights.ndim != 2:
            raise _Unmappable(f"weights of shape {list(weights.shape)}, expected [inputs, outputs]", _WRAP_LAYERS)
        return self._sums(held, weights, (0,))

    def _wrap_accumulator(self, node: NodeProto) -> Held:
        wrong = getCustomOp(node).verify_node()
        if wrong:
            raise _Unmappable(wrong[0], "set bits and fold to what the layer was trained with")
        held = self._source(node, Kind.SUMS)
        return UNKNOWN if held.kind is Kind.UNKNOWN else Held(Kind.ACCUMULATED)

    def _quant(self, node: NodeProto) -> Held:
        if node.input[0] in self.constants:
            raise _Unmappable("it quantises a constant (weights) in the graph", _WRAP_LAYERS)
        self._source(node, *_BEFORE_CHAIN)
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        names = ("scale", "zero point", "bit width")
        numbers = []
        for name, tensor in zip(names, node.input[1:4], strict=True):
            value = self.constants.get(tensor)
            if value is None:
                raise _Unmappable(f"its {name} is computed in the graph", "export in evaluation mode")
            if value.size != 1:
                reason = f"a {name} of shape {list(value.shape)}, expected one number for the tensor"
                raise _Unmappable(reason, "use a per-tensor activation quantiser (scaling_per_output_channel=False)")
            numbers.append(float(value.reshape(-1)[0]))
        scale, zero_point, bits = numbers
        if attributes.get("signed", 1):
            raise _Unmappable("signed activations", "use an unsigned quantiser, for example behind a ReLU")
        if attributes.get("narrow", 0):
            raise _Unmappable("a narrow range", "use the full range (narrow_range=False)")
        if attributes.get("rounding_mode", b"ROUND").upper() not in (b"ROUND", b"HALF_EVEN"):
            mode = attributes["rounding_mode"].decode()
            raise _Unmappable(f"rounding mode {mode}", "use ROUND")
        if zero_point != 0:
            raise _Unmappable(f"a zero point of {zero_point:g}", "use a quantiser without a zero point")
        if not (math.isfinite(scale) and scale > 0):
            raise _Unmappable(f"a scale of {scale:g}", "train again: the scale must be positive")
        if bits != int(bits) or not 1 <= bits <= MAX_ACTIVATION_BITS:
            reason = f"activations of {bits:g} bits, 1..{MAX_ACTIVATION_BITS} are mapped"
            raise _Unmappable(reason, "quantise the activations more narrowly")
        return Held(Kind.LEVELS, scale, 2 ** int(bits) - 1)

    def _max_pool(self, node: NodeProto) -> Held:
        held = self._source(node, Kind.LEVELS, Kind.INTEGERS, way_out="pool behind the activation quantiser")
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if len(attributes.get("kernel_shape", [])) != 2:
            raise _Unmappable("a kernel that is not 2-dimensional", "use a 2-dimensional one")
        if attributes.get("ceil_mode", 0):
            raise _Unmappable("ceil_mode", "use ceil_mode=False, with padding where the sizes do not divide")
        self._require_window(node, attributes)
        if len([name for name in node.output if name]) != 1:
            raise _Unmappable("it also returns indices", "use return_indices=False")
        return held

    def _reduce_sum(self, node: NodeProto) -> Held:
        held = self._source(node, Kind.INTEGERS, way_out="use training.layers.QuantSumPool")
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        axes = attributes.get("axes", [])
        if len(node.input) > 1 and node.input[1]:
            axes = self.constants.get(node.input[1], np.array([])).tolist()
        shape = self.wrapper.get_tensor_shape(node.input[0])
        if sorted(axis % 4 for axis in axes) != [2, 3] or not attributes.get("keepdims", 1):
            reason = f"a sum over the axes {list(axes)}, expected 2 and 3 with keepdims"
            raise _Unmappable(reason, "use training.layers.QuantSumPool")
        if held.kind is Kind.UNKNOWN:
            return UNKNOWN
        return Held(Kind.POOLED, 1.0, held.top * (shape[2] * shape[3] if shape else 1))

    def _flatten(self, node: NodeProto) -> Held:
        held = self._source(node, Kind.LEVELS, Kind.INTEGERS, Kind.DIVIDED, way_out="flatten behind the quantiser")
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        if axis != 1:
            raise _Unmappable(f"axis {axis}, expected 1", "use flatten(1) in front of the linear layer")
        return held


def _sums_exactly(a: Held, b: Held) -> bool:
    """Whether s*i + s*j and s*(i+j) are one float32 for all levels i and j."""
    scale = np.float32(a.scale)
    i, j = np.arange(a.top + 1, dtype=np.float32)[:, None], np.arange(b.top + 1, dtype=np.float32)
    return bool(np.array_equal(i * scale + j * scale, (i + j) * scale))
