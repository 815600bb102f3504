# SPDX-License-Identifier: BSD-3-Clause
"""The graph of an exported .onnx as a plan.

The graph is walked once. A value is either levels, of which is known what float32 number stands for each, or what a
layer leaves, with the chain of operators behind it, exactly as the file has them. At a quantiser, levels become a
table and layers get thresholds (staircase.py). Whatever else a graph holds is refused before anything runs, with the
node, the reason and the way out.
"""

import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host import files
from host.cpu import onnx_file
from host.cpu.onnx_file import Model, Node
from host.cpu.plan import (
    MAX_BITS,
    MAX_LEVEL,
    MIN_BITS,
    Activation,
    Add,
    Conv,
    Lookup,
    MaxPool,
    Plan,
    Shape,
    Step,
    SumPool,
    Tensor,
    bounded,
)
from host.cpu.staircase import Chain, Floats, Link, activation, apply, quantise
from host.errors import ModelFileError, NetworkError

Array = npt.NDArray[Any]

WRAP_DOMAIN = "export.ops"
QUANT_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
EXACT = 1 << 24
"""float32 holds every integer of a magnitude below this one."""
MOST_NODES = 10_000

_TRAINED = "export the trained network with export.to_qonnx"
_LAYERS = "use training.layers.WrapConv2d or WrapLinear and " + _TRAINED
_OPERATORS = "Conv, MatMul, WrapAccumulator, Quant, Mul, Add, Sub, Div, Relu, Clip, Round, Floor, Ceil, Neg, MaxPool, "
_OPERATORS += "ReduceSum, Flatten"


def load(path: str | os.PathLike[str]) -> Plan:
    """Read an .onnx file.

    Raises:
        MissingFileError: no such file.
        ModelFileError: not ONNX, damaged, too large; or the onnx package is not installed.
        NetworkError: a network that the engine does not have the steps for.
    """
    return parse(files.read(Path(path)), str(path))


def parse(content: bytes, where: str = "the model") -> Plan:
    """The plan of an .onnx file's content; `where` is for the messages. Raises what `load` does."""
    try:
        return convert(onnx_file.parse(content))
    except NetworkError as error:
        raise NetworkError(f"{where}: {error}") from None
    except ModelFileError as error:
        raise ModelFileError(f"{where}: {error}") from None


def convert(model: Model) -> Plan:
    """The plan of a model in memory. Raises ModelFileError and NetworkError, as `load`."""
    return _Walk(model).plan()


class _Refused(Exception):
    """Internal: reason and way out of the node at hand."""


@dataclass(frozen=True, eq=False)
class _Value:
    """What a tensor of the graph is: of `shape` (C, H, W), flattened to [N, C*H*W] if `flat`."""

    shape: Shape
    flat: bool

    @property
    def channels(self) -> int:
        """The size of axis 1 in the graph."""
        return math.prod(self.shape) if self.flat else self.shape[0]


@dataclass(frozen=True, eq=False)
class _Levels(_Value):
    """The plan's tensor `number`, of whose levels l float32 numbers `low`[c, l] to `high`[c, l] stand in the graph.

    The two differ where a sum of two levels is rounded in more than one way.
    """

    number: int
    low: Floats
    high: Floats

    @property
    def are_integers(self) -> bool:
        """Whether each level is the number itself."""
        levels = np.arange(self.low.shape[1], dtype=np.float32)
        return bool((self.low == levels).all() and (self.high == levels).all())

    @property
    def are_ordered(self) -> bool:
        """Whether a greater level is a greater number."""
        return bool((self.high[:, :-1] < self.low[:, 1:]).all())


@dataclass(frozen=True, eq=False)
class _Sums(_Value):
    """Exact sums over the plan's tensor `source`, of a magnitude of at most `most`; `window` goes to Conv as it is."""

    source: int
    weights: npt.NDArray[np.int8]
    window: dict[str, Any]
    most: int


@dataclass(frozen=True, eq=False)
class _Result(_Value):
    """Integers from `low` to `high`, the sums of a pool or what an accumulator leaves, and the chain behind them.

    `step` makes the plan's step of its target and activation.
    """

    step: Callable[[int | None, Activation | None], Step]
    low: int
    high: int
    chain: Chain = ()


class _Walk:
    def __init__(self, model: Model) -> None:
        self.graph = model.graph
        self.properties = {entry.key: entry.value for entry in model.metadata_props}
        self.constants = onnx_file.constants(model)
        self.uses = Counter(name for node in self.graph.node for name in node.input)
        self.uses.update(value.name for value in self.graph.output)
        self.values: dict[str, _Value] = {}
        self.steps: list[Step] = []
        self.tensors: list[Tensor] = []
        self.operators: dict[str, Callable[[Node], _Value]] = {
            "Conv": self._conv,
            "MatMul": self._matmul,
            "MaxPool": self._max_pool,
            "ReduceSum": self._reduce_sum,
            "Flatten": self._flatten,
            "Add": self._add,
            "Sub": lambda node: self._scaled(node, np.subtract),
            "Mul": lambda node: self._scaled(node, np.multiply),
            "Div": lambda node: self._scaled(node, np.divide),
            "Relu": lambda node: self._elementwise(node, lambda values: np.maximum(values, np.float32(0))),
            "Neg": lambda node: self._elementwise(node, np.negative),
            "Round": lambda node: self._elementwise(node, np.round),
            "Floor": lambda node: self._elementwise(node, np.floor),
            "Ceil": lambda node: self._elementwise(node, np.ceil),
            "Clip": self._clip,
        }

    def plan(self) -> Plan:
        """The plan of the whole graph; NetworkError for the first node that does not fit in."""
        name, classes, provenance = self._metadata()
        if len(self.graph.node) > MOST_NODES:
            raise NetworkError(f"{len(self.graph.node)} nodes, at most {MOST_NODES} are taken")
        shape, maximum = self._input()
        for node in self.graph.node:
            if node.op_type == "Constant":
                continue
            label = f"{node.op_type} {node.name or ' '.join(node.output)!r}"
            try:
                value = self._operator(node)(node)
            except _Refused as refused:
                reason, way_out = refused.args
                raise NetworkError(f"{label}: {reason}; {way_out}") from None
            except NetworkError as error:
                raise NetworkError(f"{label}: {error}") from None
            if len(node.output) != 1 or node.output[0] in self.values or node.output[0] in self.constants:
                raise NetworkError(f"{label}: makes {list(node.output)}, expected one new tensor; {_TRAINED}")
            self.values[node.output[0]] = value
        self._end()
        return Plan(shape, maximum, tuple(self.steps), classes, name, provenance)

    def _metadata(self) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        classes = onnx_file.metadata(self.properties, "wrapnet.classes", [])
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise ModelFileError(f"metadata 'wrapnet.classes': expected a list of names, found {classes!r:.80}")
        provenance = onnx_file.metadata(self.properties, "wrapnet.provenance", {})
        if not isinstance(provenance, dict):
            raise ModelFileError(f"metadata 'wrapnet.provenance': expected an object, found {provenance!r:.80}")
        return self.properties.get("wrapnet.name", ""), tuple(classes), provenance

    def _input(self) -> tuple[Shape, int]:
        found = [value for value in self.graph.input if value.name not in self.constants]
        if len(found) != 1 or len(self.graph.output) != 1:
            raise NetworkError(
                f"{len(found)} graph inputs and {len(self.graph.output)} outputs, expected one image and one result"
            )
        dims = [dim.dim_value for dim in found[0].type.tensor_type.shape.dim]
        if len(dims) != 4 or min(dims[1:]) < 1:
            raise NetworkError(f"an input of shape {dims} (0: dynamic), expected [N, C, H, W] with C, H and W fixed")
        shape = (dims[1], dims[2], dims[3])
        described = onnx_file.metadata(self.properties, "wrapnet.input", {})
        maximum = described.get("max", MAX_LEVEL) if isinstance(described, dict) else None
        if isinstance(maximum, bool) or not isinstance(maximum, int) or not 1 <= maximum <= MAX_LEVEL:
            raise ModelFileError(
                f"metadata 'wrapnet.input': expected \"max\" in 1..{MAX_LEVEL}, found {described!r:.80}"
            )
        pixels = np.arange(maximum + 1, dtype=np.float32)[None]
        self.tensors.append(bounded("the input", Tensor(shape, maximum)))
        self.values[found[0].name] = _Levels(shape, False, 0, pixels, pixels)
        return shape, maximum

    def _operator(self, node: Node) -> Callable[[Node], _Value]:
        if (node.domain, node.op_type) == (WRAP_DOMAIN, "WrapAccumulator"):
            return self._accumulator
        if node.domain in QUANT_DOMAINS and node.op_type in ("Quant", "IntQuant"):
            return self._quant
        if node.domain not in ("", "ai.onnx") or node.op_type not in self.operators:
            domain = f" of the domain {node.domain!r}" if node.domain else ""
            raise _Refused(f"the engine does not have this operator{domain}", f"it has {_OPERATORS}")
        return self.operators[node.op_type]

    def _end(self) -> None:
        name = self.graph.output[0].name
        result = self.values.get(name)
        if not isinstance(result, _Result) or result.chain or not self._once(name):
            raise NetworkError(f"output {name!r}: expected the last layer's accumulator; {_LAYERS}")
        self.steps.append(result.step(None, None))

    @property
    def _next(self) -> int:
        """The number of the tensor that the next step makes."""
        return len(self.tensors)

    def _emit(self, step: Step, made: Tensor) -> int:
        """Add a step that makes `made`; that tensor's number."""
        self.steps.append(step)
        self.tensors.append(bounded(step.name, made))
        return len(self.tensors) - 1

    def _once(self, name: str) -> bool:
        return self.uses[name] == 1

    def _source(self, node: Node, index: int = 0) -> _Value:
        """What the node's input `index` holds; what a layer leaves may be read once, levels often."""
        name = _name(node, index)
        value = self.values.get(name)
        if value is None:
            what = "a constant" if name in self.constants else "made by no node before this one"
            raise _Refused(f"its input {name!r} is {what}", _TRAINED)
        if not isinstance(value, _Levels) and not self._once(name):
            raise _Refused(
                f"what a layer leaves, {name!r}, is used {self.uses[name]} times", "quantise it before it branches"
            )
        return value

    def _integers(self, node: Node) -> _Levels:
        value = self._source(node)
        if not isinstance(value, _Levels):
            raise _Refused("it reads what a layer leaves", "put an activation quantiser between two layers")
        if not value.are_integers:
            raise _Refused("it reads levels that are not integers", f"divide by the scale and round: {_LAYERS}")
        return value

    def _constant(self, node: Node, index: int, what: str) -> Array:
        name = _name(node, index)
        value = self.constants.get(name)
        if value is None:
            raise _Refused(f"its {what} {name!r} is computed in the graph", _TRAINED)
        if value.dtype.kind not in "fiu" or not np.isfinite(value).all():
            raise _Refused(f"its {what} {name!r} holds what is no finite number", "train again: the weights diverged")
        return value

    def _number(self, node: Node, index: int, what: str) -> float:
        value = self._constant(node, index, what)
        if value.size != 1:
            raise _Refused(f"a {what} of shape {list(value.shape)}, expected one number", "quantise the whole tensor")
        return float(value.reshape(-1)[0])

    # Operators that treat each element by itself.

    def _linked(self, value: _Value, link: Link) -> _Value:
        if isinstance(value, _Result):
            return replace(value, chain=(*value.chain, link))
        if not isinstance(value, _Levels):
            raise _Refused("it reads the bare sums of a layer", _LAYERS)
        ends = [apply((link,), end) for end in (value.low, value.high)]
        return replace(value, low=np.minimum(*ends), high=np.maximum(*ends))

    def _elementwise(self, node: Node, function: Callable[..., Floats]) -> _Value:
        _attributes(node)
        return self._linked(self._source(node), Link(function))

    def _scaled(self, node: Node, function: Callable[..., Floats]) -> _Value:
        """An operator of one computed and one constant operand, in either order."""
        _attributes(node)
        constant = 0 if _name(node, 0) in self.constants else 1
        if constant == 0 and node.op_type == "Div":
            raise _Refused("it divides a constant by a computed tensor", "divide by constants")
        if _name(node, constant) not in self.constants:
            raise _Refused("both operands are computed", "no attention or gating: join branches with QuantAdd")
        value = self._source(node, 1 - constant)
        numbers = self._by_channel(self._constant(node, constant, "constant"), value)
        if node.op_type == "Div" and not numbers.all():
            raise _Refused("it divides by zero", "train again: the scale must be positive")
        if constant == 0:
            return self._linked(value, Link(lambda values, numbers: function(numbers, values), (numbers,)))
        return self._linked(value, Link(function, (numbers,)))

    def _by_channel(self, constant: Array, value: _Value) -> Floats:
        rank = 2 if value.flat else 4
        shape = (1,) * (rank - constant.ndim) + constant.shape
        by_channel = len(shape) == rank and constant.size == shape[1] == value.channels
        if constant.size != 1 and (not by_channel or value.channels != value.shape[0]):
            raise _Refused(
                f"a constant of shape {list(constant.shape)}, expected one number a channel ({value.channels})",
                "scale and shift whole channels, as batch norm does",
            )
        return constant.astype(np.float32).reshape(-1, 1)

    def _clip(self, node: Node) -> _Value:
        given = _attributes(node, min=None, max=None)
        bounds = []
        for index, name, none in ((1, "min", -np.inf), (2, "max", np.inf)):
            if len(node.input) > index and node.input[index]:
                bounds.append(np.float32(self._number(node, index, name)))
            else:
                bounds.append(np.float32(none if given[name] is None else given[name]))
        low, high = bounds
        return self._linked(self._source(node), Link(lambda values: np.minimum(np.maximum(values, low), high)))

    def _add(self, node: Node) -> _Value:
        if _name(node, 0) in self.constants or _name(node, 1) in self.constants:
            return self._scaled(node, np.add)
        _attributes(node)
        way_out = "use training.layers.QuantAdd, which quantises both sides with one quantiser"
        a, b = self._source(node, 0), self._source(node, 1)
        if not isinstance(a, _Levels) or not isinstance(b, _Levels):
            raise _Refused("it adds what a layer leaves, before a quantiser", way_out)
        if a.flat != b.flat or a.shape != b.shape:
            raise _Refused(f"it adds the shapes {list(a.shape)} and {list(b.shape)}", "add tensors of one shape")
        tensors = self.tensors[a.number], self.tensors[b.number]
        most = tensors[0].maximum + tensors[1].maximum
        if most > MAX_LEVEL:
            raise _Refused(f"its levels reach {most}, a byte holds {MAX_LEVEL}", "quantise both sides to fewer bits")
        low = np.full((max(len(a.low), len(b.low)), most + 1), np.inf, np.float32)
        high = np.full(low.shape, -np.inf, np.float32)
        for level in range(tensors[0].maximum + 1):
            of = slice(level, level + tensors[1].maximum + 1)
            low[:, of] = np.minimum(low[:, of], a.low[:, level, None] + b.low)
            high[:, of] = np.maximum(high[:, of], a.high[:, level, None] + b.high)
        total = _Levels(a.shape, a.flat, 0, low, high)
        if not total.are_ordered:
            raise _Refused("levels of different scales: their sum is not the sum of the numbers", way_out)
        step = Add(_label(node), a.number, b.number, self._next)
        return replace(total, number=self._emit(step, step.output(*tensors)))

    def _quant(self, node: Node) -> _Value:
        given = _attributes(node, signed=1, narrow=0, rounding_mode=b"ROUND")
        value = self._source(node)
        scale, zero, bits = (self._number(node, i, what) for i, what in ((1, "scale"), (2, "zero point"), (3, "width")))
        mode = given["rounding_mode"].upper()
        if given["signed"] or given["narrow"] or zero != 0 or mode not in (b"ROUND", b"HALF_EVEN"):
            raise _Refused(
                f"signed {given['signed']}, narrow {given['narrow']}, zero point {zero:g}, rounding mode "
                f"{mode.decode(errors='replace')}",
                "use an unsigned quantiser of the full range and no zero point that rounds to the nearest (ROUND)",
            )
        if not np.float32(scale) > 0:
            raise _Refused(f"a scale of {scale:g}", "train again: the scale must be positive")
        if bits != int(bits) or not 1 <= bits <= 8:
            raise _Refused(f"activations of {bits:g} bits, 1..8 are taken", "quantise the activations more narrowly")
        most = 2 ** int(bits) - 1
        if not float(np.float32(scale)) * most < float(np.finfo(np.float32).max):
            raise _Refused(f"a scale of {scale:g}", f"train again: {most} times the scale must be a float32")
        factors = np.full((1, 1), scale, np.float32), np.full((1, 1), most, np.float32)
        number = self._quantised(node, value, Link(quantise, factors), most)
        numbers = np.arange(self.tensors[number].maximum + 1, dtype=np.float32)[None] * np.float32(scale)
        return _Levels(self.tensors[number].shape, value.flat, number, numbers, numbers)

    def _quantised(self, node: Node, value: _Value, link: Link, most: int) -> int:
        """The number of the tensor that holds `value`'s levels behind the quantiser `link`."""
        if isinstance(value, _Result):
            steps = activation((*value.chain, link), value.shape[0], most, value.low, value.high)
            return self._emit(value.step(self._next, steps), Tensor(value.shape, most))
        if not isinstance(value, _Levels):
            raise _Refused("it quantises the bare sums of a layer", _LAYERS)
        low, high = (apply((link,), end).astype(np.int64) for end in (value.low, value.high))
        if not np.array_equal(low, high):
            raise _Refused(
                "in float32 the sum of two levels is not always the level of their sum, which this quantiser notices",
                "use a scale that is a power of two, or let a layer follow directly",
            )
        if len(low) == 1 and np.array_equal(low[0], np.arange(low.shape[1])):
            return value.number
        if value.flat and len(low) > 1 and value.channels != value.shape[0]:
            raise _Refused("a table for each of the flattened image's values", "quantise in front of the Flatten")
        table = np.pad(low.astype(np.uint8), ((0, 0), (0, 256 - low.shape[1])), mode="edge")
        step = Lookup(_label(node), value.number, self._next, table)
        return self._emit(step, step.output(self.tensors[value.number]))

    # Layers.

    def _weights(self, node: Node, dimensions: int) -> npt.NDArray[np.int8]:
        values = self._constant(node, 1, "weights")
        if values.ndim != dimensions or not values.size:
            raise _Refused(f"weights of shape {list(values.shape)}, expected {dimensions} dimensions", _LAYERS)
        if not (values == np.round(values)).all() or values.min() < -128 or values.max() > 127:
            raise _Refused("its weights are not integers of 8 bits", _LAYERS)
        return values.astype(np.int8)

    def _sums(self, node: Node, source: _Levels, flat: bool, weights: Array, **window: Any) -> _Sums:
        tensor = self.tensors[source.number]
        most = int(np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)).max()) * tensor.maximum
        if most >= EXACT:
            raise _Refused(
                f"a sum can reach {most}, which float32 does not hold exactly (below {EXACT})",
                "fewer inputs, or narrower weights or activations",
            )
        made = Conv(_label(node), source.number, None, weights, **window).output(tensor)
        return _Sums(bounded(_label(node), made).shape, flat, source.number, weights, window, most)

    def _conv(self, node: Node) -> _Value:
        if len(node.input) > 2 and node.input[2]:
            raise _Refused("it has a bias", "leave the bias to the batch norm behind it: bias=False")
        source, weights = self._integers(node), self._weights(node, 4)
        _require_image(source)
        given = _attributes(node, **_WINDOW, group=1)
        kernel = list(weights.shape[2:])
        if given["kernel_shape"] not in (None, kernel):
            raise _Refused(f"kernel_shape {given['kernel_shape']} of weights {list(weights.shape)}", _TRAINED)
        return self._sums(node, source, False, weights, groups=given["group"], **_window(given))

    def _matmul(self, node: Node) -> _Value:
        _attributes(node)
        source, weights = self._integers(node), self._weights(node, 2)
        if not source.flat or len(weights) != source.channels:
            raise _Refused(
                f"weights of shape {list(weights.shape)} on the shape {list(source.shape)}",
                "use flatten(1) in front of the linear layer, and weights [inputs, outputs]",
            )
        return self._sums(node, source, True, np.ascontiguousarray(weights.T).reshape(-1, *source.shape))

    def _accumulator(self, node: Node) -> _Value:
        given = _attributes(node, bits=8, fold=0)
        bits, k = given["bits"], given["fold"]
        value = self._source(node)
        if not isinstance(value, _Sums):
            raise _Refused("it does not read the bare sums of a layer", _LAYERS)
        if not MIN_BITS <= bits <= MAX_BITS or k < 0:
            raise _Refused(
                f"{bits} bits and fold {k}", f"{MIN_BITS}..{MAX_BITS} bits and a fold of 0 or more are taken"
            )
        half = 1 << (bits - 1)
        k = min(k, half)  # a steeper fold is the same one
        low, high = -half, half - 1
        if k:
            high = k * half // (k + 1)
            low = -high
        low, high = max(low, -value.most), min(high, value.most)  # sums that are never wider do not wrap
        name, source, weights, window = _label(node), value.source, value.weights, value.window

        def step(target: int | None, steps: Activation | None) -> Step:
            return Conv(name, source, target, weights, bits=bits, fold=k or None, activation=steps, **window)

        return _Result(value.shape, value.flat, step, low, high)

    def _max_pool(self, node: Node) -> _Value:
        source = self._source(node)
        if not isinstance(source, _Levels) or not source.are_ordered:
            raise _Refused("it does not read levels", "pool behind the activation quantiser")
        _require_image(source)
        given = _attributes(node, **_WINDOW, ceil_mode=0, storage_order=0)
        if given["ceil_mode"]:
            raise _Refused("ceil_mode", "use ceil_mode=False, with padding where the sizes do not divide")
        if not isinstance(given["kernel_shape"], list) or len(given["kernel_shape"]) != 2:
            raise _Refused(f"a kernel of {given['kernel_shape']}, expected 2 dimensions", _TRAINED)
        window = _window(given)
        kernel = tuple(given["kernel_shape"])
        step = MaxPool(_label(node), source.number, self._next, kernel, **window)
        number = self._emit(step, step.output(self.tensors[source.number]))
        made = self.tensors[number].shape
        for axis in (0, 1):
            taps = np.arange(made[1 + axis])[:, None] * window["stride"][axis] - window["padding"][axis]
            taps = taps + np.arange(kernel[axis]) * window["dilation"][axis]
            if not ((taps >= 0) & (taps < source.shape[1 + axis])).any(axis=1).all():
                raise _Refused("a window that lies in the padding altogether", "pad by less than the kernel")
        return replace(source, shape=made, number=number)

    def _reduce_sum(self, node: Node) -> _Value:
        given = _attributes(node, axes=None, keepdims=1, noop_with_empty_axes=0)
        source = self._integers(node)
        _require_image(source)
        axes = given["axes"] or []
        if len(node.input) > 1 and node.input[1]:
            axes = self._constant(node, 1, "axes").reshape(-1).tolist()
        if sorted(axis % 4 for axis in axes) != [2, 3] or not given["keepdims"]:
            raise _Refused(f"a sum over the axes {axes!r:.80}, expected 2 and 3 with keepdims", "use QuantSumPool")
        channels, height, width = source.shape
        most = self.tensors[source.number].maximum * height * width
        if most >= EXACT:
            raise _Refused(f"a sum can reach {most}, float32 is exact below {EXACT}", "pool smaller images")
        number, name = source.number, _label(node)

        def step(target: int | None, steps: Activation | None) -> Step:
            if target is None or steps is None:
                raise NetworkError(f"{name}: the sums of a pool are no result; {_LAYERS}")
            return SumPool(name, number, target, steps)

        return _Result((channels, 1, 1), False, step, 0, most)

    def _flatten(self, node: Node) -> _Value:
        source = self._source(node)
        if _attributes(node, axis=1)["axis"] != 1:
            raise _Refused("an axis other than 1", "use flatten(1) in front of the linear layer")
        if isinstance(source, _Levels) and len(source.low) > 1 and source.shape[1:] != (1, 1):
            raise _Refused("it flattens channels of different scales", "quantise in front of the Flatten")
        return replace(source, flat=True)


_WINDOW: dict[str, Any] = {
    "kernel_shape": None,
    "strides": [1, 1],
    "pads": [0, 0, 0, 0],
    "dilations": [1, 1],
    "auto_pad": b"NOTSET",
}


def _attributes(node: Node, **defaults: Any) -> dict[str, Any]:
    try:
        return onnx_file.attributes(node, defaults)
    except ValueError as error:
        raise _Refused(str(error), _TRAINED) from None


def _window(given: dict[str, Any]) -> dict[str, Any]:
    """What Conv and MaxPool of a plan say of their window."""
    if given["auto_pad"] not in (b"NOTSET", b"VALID"):
        raise _Refused("automatic padding", "give the padding as numbers")
    for name, count in (("strides", 2), ("pads", 4), ("dilations", 2)):
        if len(given[name]) != count:
            raise _Refused(f"{name} {given[name]!r:.80}, expected {count} numbers", "use a 2-dimensional window")
    padding = (0, 0, 0, 0) if given["auto_pad"] == b"VALID" else tuple(given["pads"])
    return {"stride": tuple(given["strides"]), "padding": padding, "dilation": tuple(given["dilations"])}


def _require_image(value: _Value) -> None:
    if value.flat:
        raise _Refused("it reads a flattened tensor", "flatten in front of the linear layers only")


def _label(node: Node) -> str:
    return str(node.name or node.output[0]) if node.name or node.output else node.op_type


def _name(node: Node, index: int) -> str:
    if index >= len(node.input):
        raise _Refused(f"{len(node.input)} inputs, expected {index + 1} at least", _TRAINED)
    return str(node.input[index])
