# SPDX-License-Identifier: BSD-3-Clause
"""A network in integers: what the CPU engine runs, whoever wrote the file that it came from.

Tensors are numbered from 0, the network's input; every step but the last makes the next one. A tensor holds unsigned
levels in bytes, shape (C, H, W). A dense layer is a convolution whose kernel covers the whole image: its weights
[outputs, C, H, W] are the flattened image's in the same order, so no step flattens.

Every class checks itself where it is made and raises NetworkError: a plan that exists can be run.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from host.errors import NetworkError

NEVER, ALWAYS = np.iinfo(np.int32).max, np.iinfo(np.int32).min
"""Thresholds that no value reaches, and that every value reaches."""
MIN_BITS, MAX_BITS = 4, 32
MAX_LEVEL = 255
MAX_ELEMENTS = 1 << 26
"""Of one image's tensor, and of one layer's weights: more than any network here has, and what memory can bear."""
MAX_SIZE = 1 << 16
"""Of a kernel, stride, padding or dilation, and of an image's side."""

Pair = tuple[int, int]
Sides = tuple[int, int, int, int]
"""Top, left, bottom, right."""
Shape = tuple[int, int, int]
"""Channels, height, width."""


@dataclass(frozen=True)
class Tensor:
    """What is known of a tensor before the network runs: its shape (C, H, W) and its greatest level."""

    shape: Shape
    maximum: int


@dataclass(frozen=True, eq=False)
class Activation:
    """Integers f to levels, by channel: the number of i with sign[c] * f >= thresholds[c, i].

    `sign` is int8 [C] of +1 and -1, `thresholds` int32 [C, L], L <= 255, ascending along L. NEVER is reached by no
    value, ALWAYS by all (the sums are bounded such that no f is one of the two).
    """

    sign: npt.NDArray[np.int8]
    thresholds: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        _keep(self, "sign", np.int8, 1)
        _keep(self, "thresholds", np.int32, 2)
        channels, levels = self.thresholds.shape
        _require(self.sign.shape == (channels,), f"{len(self.sign)} signs for the thresholds of {channels} channels")
        _require(bool(np.isin(self.sign, (-1, 1)).all()), "signs of an activation other than +1 and -1")
        _require(1 <= levels <= MAX_LEVEL, f"an activation of {levels} thresholds, expected 1..{MAX_LEVEL}")
        ascending = bool((self.thresholds[:, 1:] >= self.thresholds[:, :-1]).all())
        _require(ascending, "thresholds that do not ascend")


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution, depthwise, grouped or dense, of what an accumulator of `bits` bits leaves.

    z is the exact sum over weights int8 [O, I / groups, kh, kw] and levels, the padding holding 0; with H = 2^(bits-1)
    m = ((z + H) mod 2^bits) - H; f = sign(m) * min(|m|, fold * (H - |m|)), or m where `fold` is None. `activation`
    makes levels of f. In the last step `target` and `activation` are None: the integers f are the network's output.
    """

    name: str
    source: int
    target: int | None
    weights: npt.NDArray[np.int8]
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bits: int = 8
    fold: int | None = None
    activation: Activation | None = None
    kind: ClassVar[str] = "conv"

    def __post_init__(self) -> None:
        _check_name(self.name)
        _keep(self, "weights", np.int8, 4)
        outputs, _, height, width = self.weights.shape
        _require(self.weights.size > 0, f"{self.name}: weights of shape {list(self.weights.shape)}")
        _require(self.weights.size <= MAX_ELEMENTS, f"{self.name}: {self.weights.size} weights, at most {MAX_ELEMENTS}")
        _check_window(self.name, (height, width), self.stride, self.padding, self.dilation)
        _check_number(f"{self.name}: groups", self.groups, 1, outputs)
        _require(outputs % self.groups == 0, f"{self.name}: {outputs} output channels in {self.groups} groups")
        _check_number(f"{self.name}: accumulator bits", self.bits, MIN_BITS, MAX_BITS)
        if self.fold is not None:
            _check_number(f"{self.name}: fold", self.fold, 1, 1 << (self.bits - 1))
        _require(
            (self.target is None) == (self.activation is None),
            f"{self.name}: a layer either makes levels, with target and activation, or ends the network, with neither",
        )
        if self.activation is not None:
            found = len(self.activation.sign)
            _require(found == outputs, f"{self.name}: an activation of {found} channels behind {outputs}")

    def output(self, source: Tensor) -> Tensor:
        """What the step makes of `source`; without activation the shape counts only."""
        outputs, inputs, height, width = self.weights.shape
        channels = source.shape[0]
        _require(
            channels == inputs * self.groups,
            f"{self.name}: weights for {inputs} x {self.groups} input channels on {channels}",
        )
        most = int(np.abs(self.weights.astype(np.int64)).sum(axis=(1, 2, 3)).max()) * source.maximum
        _require(most < NEVER, f"{self.name}: a sum can reach {most}, expected below {NEVER}")
        size = _window_output(self.name, source, (height, width), self.stride, self.padding, self.dilation)
        levels = self.activation.thresholds.shape[1] if self.activation is not None else 0
        return Tensor((outputs, *size), levels)


@dataclass(frozen=True, eq=False)
class Lookup:
    """Levels to levels by `table` uint8 [C or 1, 256]: the input's quantiser, or another scale behind a sum."""

    name: str
    source: int
    target: int
    table: npt.NDArray[np.uint8]
    kind: ClassVar[str] = "lookup"

    def __post_init__(self) -> None:
        _check_name(self.name)
        _keep(self, "table", np.uint8, 2)
        rows, columns = self.table.shape
        _require(columns == 256 and rows > 0, f"{self.name}: a table of shape [{rows}, {columns}], expected [C, 256]")

    def output(self, source: Tensor) -> Tensor:
        """What the step makes of `source`."""
        rows = len(self.table)
        _require(rows in (1, source.shape[0]), f"{self.name}: tables of {rows} channels on {source.shape[0]}")
        return Tensor(source.shape, int(self.table[:, : source.maximum + 1].max()))


@dataclass(frozen=True, eq=False)
class MaxPool:
    """The greatest level in each window of `kernel`; the padding holds 0."""

    name: str
    source: int
    target: int
    kernel: Pair
    stride: Pair
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    kind: ClassVar[str] = "maxpool"

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_window(self.name, self.kernel, self.stride, self.padding, self.dilation)

    def output(self, source: Tensor) -> Tensor:
        """What the step makes of `source`."""
        size = _window_output(self.name, source, self.kernel, self.stride, self.padding, self.dilation)
        return Tensor((source.shape[0], *size), source.maximum)


@dataclass(frozen=True, eq=False)
class SumPool:
    """The sum of a channel's whole image, then levels of it: shape (C, 1, 1)."""

    name: str
    source: int
    target: int
    activation: Activation
    kind: ClassVar[str] = "sumpool"

    def __post_init__(self) -> None:
        _check_name(self.name)

    def output(self, source: Tensor) -> Tensor:
        """What the step makes of `source`."""
        channels, height, width = source.shape
        found = len(self.activation.sign)
        _require(found == channels, f"{self.name}: an activation of {found} channels behind {channels}")
        most = source.maximum * height * width
        _require(most < NEVER, f"{self.name}: a sum can reach {most}, expected below {NEVER}")
        return Tensor((channels, 1, 1), self.activation.thresholds.shape[1])


@dataclass(frozen=True, eq=False)
class Add:
    """Levels plus levels, element by element; the sum fits a byte."""

    name: str
    a: int
    b: int
    target: int
    kind: ClassVar[str] = "add"

    def __post_init__(self) -> None:
        _check_name(self.name)

    def output(self, a: Tensor, b: Tensor) -> Tensor:
        """What the step makes of `a` and `b`."""
        _require(a.shape == b.shape, f"{self.name}: adds the shapes {list(a.shape)} and {list(b.shape)}")
        most = a.maximum + b.maximum
        _require(most <= MAX_LEVEL, f"{self.name}: levels up to {most}, expected at most {MAX_LEVEL}")
        return Tensor(a.shape, most)


Step = Conv | Lookup | MaxPool | SumPool | Add


@dataclass(frozen=True, eq=False)
class Plan:
    """A network: images uint8 (C, H, W) of pixels up to `input_maximum`, the steps in order, the classes' names.

    `model` and `provenance` say where it comes from and are not needed to run it.
    """

    input_shape: Shape
    input_maximum: int
    steps: tuple[Step, ...]
    classes: tuple[str, ...] = ()
    model: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    tensors: tuple[Tensor, ...] = field(init=False)
    """By number; 0 is the input."""
    output_shape: Shape = field(init=False)
    """Of the integers that the last step leaves for one image."""

    def __post_init__(self) -> None:
        _require(len(self.input_shape) == 3, f"an input of shape {list(self.input_shape)}, expected [C, H, W]")
        for name, size in zip(("channels", "height", "width"), self.input_shape, strict=True):
            _check_number(f"input {name}", size, 1, MAX_SIZE)
        _check_number("input maximum", self.input_maximum, 1, MAX_LEVEL)
        _require(len(self.steps) > 0, "a network without steps")
        for name, count in Counter(step.name for step in self.steps).items():
            _require(count == 1, f"{count} steps of the name {name!r}")
        tensors = [bounded("the input", Tensor(self.input_shape, self.input_maximum))]
        for number, step in enumerate(self.steps, start=1):
            ends = number == len(self.steps)
            _require(
                step.target == (None if ends else number),
                f"{step.name}: makes tensor {step.target}, expected {'the output' if ends else number}",
            )
            for source in sources(step):
                _check_number(f"{step.name}: source", source, 0, number - 1)
            made = step.output(*(tensors[source] for source in sources(step)))
            tensors.append(bounded(step.name, made))
        object.__setattr__(self, "output_shape", tensors.pop().shape)
        object.__setattr__(self, "tensors", tuple(tensors))

    @property
    def outputs(self) -> int:
        """How many integers an image's result has."""
        return math.prod(self.output_shape)

    @property
    def layers(self) -> tuple[Conv, ...]:
        """The steps that have an accumulator, in order."""
        return tuple(step for step in self.steps if isinstance(step, Conv))


def sources(step: Step) -> tuple[int, ...]:
    """The tensors that `step` reads."""
    return (step.a, step.b) if isinstance(step, Add) else (step.source,)


def output_size(image: Pair, kernel: Pair, stride: Pair, padding: Sides, dilation: Pair) -> Pair:
    """Height and width of what a sliding window makes of an image; below 1 where it does not fit in."""
    top, left, bottom, right = padding
    height, width = (
        (size + pads - spread * (taps - 1) - 1) // step + 1
        for size, pads, taps, step, spread in zip(
            image, (top + bottom, left + right), kernel, stride, dilation, strict=True
        )
    )
    return height, width


def bounded(name: str, tensor: Tensor) -> Tensor:
    """`tensor`, if memory can bear it; NetworkError otherwise."""
    elements = math.prod(tensor.shape)
    _require(elements <= MAX_ELEMENTS, f"{name}: {elements} values an image, at most {MAX_ELEMENTS}")
    return tensor


def _window_output(name: str, source: Tensor, kernel: Pair, stride: Pair, padding: Sides, dilation: Pair) -> Pair:
    size = output_size(source.shape[1:], kernel, stride, padding, dilation)
    _require(
        min(size) >= 1,
        f"{name}: a window of {kernel[0]} x {kernel[1]} does not fit in {source.shape[1]} x {source.shape[2]}",
    )
    return size


def _check_window(name: str, kernel: Pair, stride: Pair, padding: Sides, dilation: Pair) -> None:
    rows = (
        ("kernel", kernel, 2, 1),
        ("stride", stride, 2, 1),
        ("padding", padding, 4, 0),
        ("dilation", dilation, 2, 1),
    )
    for what, numbers, count, least in rows:
        _require(len(numbers) == count, f"{name}: a {what} of {len(numbers)} numbers, expected {count}")
        for number in numbers:
            _check_number(f"{name}: {what}", number, least, MAX_SIZE)


def _check_name(name: object) -> None:
    _require(isinstance(name, str) and name != "", f"a step of the name {name!r}")


def _check_number(what: str, value: object, least: int, most: int) -> None:
    fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    _require(fits, f"{what} {value!r}, expected {least}..{most}")


def _keep(owner: object, name: str, dtype: npt.DTypeLike, dimensions: int) -> None:
    """Make the attribute `name` a read-only contiguous array; it must have the type and dimensions."""
    value = getattr(owner, name)
    fits = isinstance(value, np.ndarray) and value.dtype == dtype and value.ndim == dimensions
    found = f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
    _require(fits, f"{name}: expected {np.dtype(dtype)} of {dimensions} dimensions, found {found}")
    kept = np.ascontiguousarray(value).view()
    kept.setflags(write=False)
    object.__setattr__(owner, name, kept)


def _require(holds: bool, found: str) -> None:
    if not holds:
        raise NetworkError(found)
