# SPDX-License-Identifier: BSD-3-Clause
"""Random networks in integers: the shapes are drawn by hypothesis, the weights and thresholds come from a seed."""

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from host.cpu.plan import (
    ALWAYS,
    MAX_LEVEL,
    NEVER,
    Activation,
    Add,
    Conv,
    Lookup,
    MaxPool,
    Plan,
    Step,
    SumPool,
    Tensor,
    output_size,
)

WEIGHTS = ("binary", "ternary", 2, 3, 4, 8)
LEVELS = (1, 2, 3, 7, 15, 255)
Generator = np.random.Generator


def images(plan: Plan, count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Random pixels uint8 [count, H, W, C], among them images that are 0 and images at the maximum throughout."""
    channels, height, width = plan.input_shape
    pixels = np.random.default_rng(seed).integers(0, plan.input_maximum + 1, (count, height, width, channels), np.uint8)
    pixels[3::7], pixels[5::7] = 0, plan.input_maximum
    return pixels


def weights(random: Generator, kind: str | int, shape: tuple[int, int, int, int]) -> npt.NDArray[np.int8]:
    """Integers of "binary" (+1, -1), "ternary" or so many bits, the least negative one included."""
    if kind == "binary":
        return random.choice(np.array([-1, 1], np.int8), shape)
    if kind == "ternary":
        return random.integers(-1, 2, shape, np.int8)
    half = 1 << (int(kind) - 1)
    return random.integers(-half, half, shape, np.int8)


def activation(random: Generator, channels: int, levels: int, low: int, high: int) -> Activation:
    """Of values low..high: both signs, channels that are always or never at their top, equal thresholds."""
    sign = random.choice(np.array([-1, 1], np.int8), channels)
    most = max(abs(low), abs(high))
    thresholds = random.integers(-most, most + 2, (channels, levels), np.int64)
    thresholds[random.random(channels) < 0.1] = ALWAYS
    thresholds[random.random(channels) < 0.1] = NEVER
    thresholds[random.random(thresholds.shape) < 0.05] = NEVER
    return Activation(sign, np.sort(thresholds, axis=1).astype(np.int32))


def conv(
    random: Generator,
    source: Tensor,
    outputs: int,
    *,
    number: int = 0,
    target: int | None = None,
    kind: str | int = "binary",
    kernel: tuple[int, int] = (1, 1),
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    bits: int = 8,
    fold: int | None = 3,
    levels: int = 7,
    name: str = "conv",
) -> Conv:
    """A layer of `outputs` channels on tensor `number`, which is `source`; the last one without `target`."""
    values = weights(random, kind, (outputs, source.shape[0] // groups, *kernel))
    half = 1 << (bits - 1)
    reach = min(half, int(np.abs(values.astype(np.int64)).sum(axis=(1, 2, 3)).max()) * source.maximum + 1)
    acts = None if target is None else activation(random, outputs, levels, -reach, reach)
    return Conv(name, number, target, values, stride, padding, dilation, groups, bits, fold, acts)


@st.composite
def convolutions(draw: st.DrawFn, source: Tensor, number: int, target: int | None, name: str, most: int = 19) -> Conv:
    """Any layer on `source`: grouped or depthwise, strided, padded, dilated, as wide as the image, of any width."""
    channels, height, width = source.shape
    dividers = [g for g in range(1, channels + 1) if channels % g == 0]
    groups = draw(st.sampled_from(dividers))
    outputs = groups * draw(st.integers(1, max(1, most // groups)))
    whole = draw(st.booleans()) and height * width <= 64
    kernel, stride, padding, dilation = (height, width), (1, 1), (0, 0, 0, 0), (1, 1)
    if not whole:
        stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        padding = draw(st.tuples(*[st.integers(0, 3)] * 4))
        dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        most_taps = [
            min(5, (size + pads - 1) // spread + 1)
            for size, pads, spread in zip(
                (height, width), (padding[0] + padding[2], padding[1] + padding[3]), dilation, strict=True
            )
        ]
        kernel = draw(st.tuples(st.integers(1, most_taps[0]), st.integers(1, most_taps[1])))
    bits = draw(st.sampled_from((8, 8, 4, 5, 6, 7, 9, 12, 15, 16, 17, 24, 31, 32)))
    return conv(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        source,
        outputs,
        number=number,
        target=target,
        kind=draw(st.sampled_from(WEIGHTS)),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bits=bits,
        fold=draw(st.sampled_from((None, 1, 2, 3, 7, 1 << (bits - 1)))),
        levels=draw(st.sampled_from(LEVELS)),
        name=name,
    )


@st.composite
def lookups(draw: st.DrawFn, source: Tensor, number: int, target: int, name: str) -> Lookup:
    """A table for all channels or one each, up to a drawn level."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = source.shape[0] if draw(st.booleans()) else 1
    table = random.integers(0, draw(st.sampled_from(LEVELS)) + 1, (rows, 256), np.uint8)
    return Lookup(name, number, target, table)


@st.composite
def max_pools(draw: st.DrawFn, source: Tensor, number: int, target: int, name: str) -> MaxPool:
    """Any window that fits; half of them side by side."""
    _, height, width = source.shape
    if draw(st.booleans()):
        tile = (draw(st.integers(1, min(3, height))), draw(st.integers(1, min(3, width))))
        return MaxPool(name, number, target, tile, tile)
    padding = draw(st.tuples(*[st.integers(0, 2)] * 4))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    kernel = (
        draw(st.integers(1, min(4, (height + padding[0] + padding[2] - 1) // dilation[0] + 1))),
        draw(st.integers(1, min(4, (width + padding[1] + padding[3] - 1) // dilation[1] + 1))),
    )
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    assert min(output_size((height, width), kernel, stride, padding, dilation)) >= 1
    return MaxPool(name, number, target, kernel, stride, padding, dilation)


@st.composite
def plans(draw: st.DrawFn, steps: int = 5) -> Plan:
    """Networks of up to `steps` steps and a last layer."""
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    maximum = draw(st.sampled_from((1, 16, 255)))
    made: list[Step] = []
    tensors = [Tensor(shape, maximum)]
    for target in range(1, draw(st.integers(0, steps)) + 1):
        number = draw(st.integers(max(0, target - 3), target - 1))
        source, name = tensors[number], f"step{target}"
        addable = [
            (a, b)
            for a in range(target)
            for b in range(target)
            if tensors[a].shape == tensors[b].shape and tensors[a].maximum + tensors[b].maximum <= MAX_LEVEL
        ]
        kind = draw(st.sampled_from(("conv", "conv", "conv", "lookup", "maxpool", "sumpool", *["add"] * bool(addable))))
        step: Step
        if kind == "conv":
            step = draw(convolutions(source, number, target, name))
        elif kind == "lookup":
            step = draw(lookups(source, number, target, name))
        elif kind == "maxpool":
            step = draw(max_pools(source, number, target, name))
        elif kind == "sumpool":
            random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
            reach = source.maximum * source.shape[1] * source.shape[2]
            step = SumPool(
                name, number, target, activation(random, source.shape[0], draw(st.sampled_from(LEVELS)), 0, reach)
            )
        else:
            step = Add(name, *draw(st.sampled_from(addable)), target)
        made.append(step)
        inputs = [tensors[step.a], tensors[step.b]] if isinstance(step, Add) else [source]
        tensors.append(step.output(*inputs))
    number = len(tensors) - 1
    made.append(draw(convolutions(tensors[number], number, None, "last")))
    return Plan(shape, maximum, tuple(made), ("a", "b"), "random", {"seed": 1})
