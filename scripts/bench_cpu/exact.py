# SPDX-License-Identifier: BSD-3-Clause
"""Networks with exact int32 sums: dot-product instructions or bit planes in each layer (rivals/exact.cpp)."""

import ctypes
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from chain.errors import UnsupportedError
from host.cpu.plan import Conv, Lookup, MaxPool, Plan
from scripts.bench_cpu.compiled import Compiler
from scripts.bench_cpu.integers import Levels, Requantisation
from scripts.bench_cpu.machine import InstructionSet

BLOCKS = (1, 2, 4, 8, 16, 32, 64)
_INT16 = 32767
_WORD = 64  # channels of a bit plane's word
_SLACK = 64  # bytes: a cache line, and what a kernel may read behind its input


class Kind(IntEnum):
    """As in rivals/exact.cpp."""

    DOT, BITS, MAX_POOL, LOOKUP = range(4)


class _Geometry(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in (
            *("image_stride", "row_stride", "pixel_stride", "height", "width", "segments", "segment_length"),
            *("outputs", "to_image", "to_row", "to_pixel"),
        )
    )


class _Layer(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int64),
        ("source", ctypes.c_int64),
        ("target", ctypes.c_int64),
        ("inside", ctypes.c_int64),
        ("geometry", _Geometry),
        ("weights", ctypes.c_void_p),
        ("steps", ctypes.c_int64),
        ("bits", ctypes.c_int64),
        ("planes", ctypes.c_int64),
        ("pixels", ctypes.c_int64),
        ("packed", ctypes.c_int64),
        ("factor", ctypes.c_void_p),
        ("offset", ctypes.c_void_p),
        ("levels", ctypes.c_int64),
        ("table", ctypes.c_void_p),
    )


class _Network(ctypes.Structure):
    _fields_ = (
        ("layers", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("image_bytes", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
        ("workspace_bytes", ctypes.c_int64),
        ("block", ctypes.c_int64),
        ("results_are_levels", ctypes.c_int64),
    )


@dataclass(frozen=True)
class _Place:
    """A tensor: bytes from the workspace's start (-1: the images or the results), widths of the zeros around it."""

    shape: tuple[int, int, int]
    offset: int = -1
    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    @property
    def row(self) -> int:
        return (self.left + self.shape[2] + self.right) * self.shape[0]

    @property
    def pixels(self) -> int:
        return (self.top + self.shape[1] + self.bottom) * (self.left + self.shape[2] + self.right)

    @property
    def bytes(self) -> int:
        return self.pixels * self.shape[0]

    @property
    def inside(self) -> int:
        """Bytes to the first element that is no padding."""
        return self.top * self.row + self.left * self.shape[0]


class Exact:
    """A chain of convolutions, look-ups and 2 x 2 pools on exact sums, the images taken `block` at a time.

    `steps` has a Requantisation for each layer by name; without one for the last, the results are its sums, int32
    [N, outputs] in the order row, column, channel; with one, its levels, uint8. `kinds` says how a layer is computed
    (DOT if it does not). `pairs` sums pairs of products in 16 bits where that is exact (AVX2 only).
    """

    def __init__(
        self,
        compiler: Compiler,
        isa: InstructionSet,
        plan: Plan,
        steps: Mapping[str, Requantisation],
        kinds: Mapping[str, Kind] | None = None,
        threads: int = 1,
        block: int = 8,
        pairs: bool = True,
    ):
        self.plan, self.kinds, self.threads, self._isa = plan, dict(kinds or {}), threads, isa
        self._library = _declare(compiler.library("exact", isa))
        self._pairs = pairs
        self._kept: list[npt.NDArray[Any]] = []
        self._steps = steps
        self._size = 0
        places = self._lay_out()
        layers = [self._layer(i, places[i], places[i + 1]) for i in range(len(plan.steps))]
        self._layers = (_Layer * len(layers))(*layers)
        self._levels = plan.steps[-1].name in steps
        self._network = _Network(
            ctypes.addressof(self._layers),
            len(layers),
            math.prod(plan.input_shape),
            plan.outputs,
            self._size,
            block,
            self._levels,
        )
        self.set_block(block)

    def set_block(self, block: int) -> None:
        """How many images a thread takes through the network together."""
        self._network.block = block
        self._workspace = np.zeros(self.threads * block * self._size + 2 * _SLACK, np.uint8)

    def run(self, images: Levels) -> npt.NDArray[Any]:
        """Results [N, outputs] for images [N, H, W, C] that `readable` made."""
        results = self._results(len(images))
        self._library.exact_run(*self._arguments(images, results), self.threads)
        return results

    def seconds(self, images: Levels, repeats: int) -> float:
        """The least time of so many runs."""
        results = self._results(len(images))
        return float(self._library.exact_time(*self._arguments(images, results), self.threads, repeats))

    def _results(self, count: int) -> npt.NDArray[Any]:
        return np.empty((count, self.plan.outputs), np.uint8 if self._levels else np.int32)

    def _arguments(self, images: Levels, results: npt.NDArray[Any]) -> tuple[Any, ...]:
        aligned = self._workspace.ctypes.data + -self._workspace.ctypes.data % _SLACK
        return ctypes.byref(self._network), images.ctypes.data, len(images), results.ctypes.data, aligned

    def _lay_out(self) -> list[_Place]:
        """Where every tensor lies, the images first and the results last. Padded ones keep their zeros for good; the
        others take turns in two places.
        """
        plan = self.plan
        padding = [(0, 0, 0, 0), *(step.padding if isinstance(step, Conv) else (0, 0, 0, 0) for step in plan.steps[1:])]
        shapes = [tensor.shape for tensor in plan.tensors]
        turns = [0, 0]
        for i, (shape, sides) in enumerate(zip(shapes[1:], padding[1:], strict=True)):
            if not any(sides):
                turns[i % 2] = max(turns[i % 2], math.prod(shape))
        starts = [self._take(size) for size in turns]
        places = [_Place(shapes[0])]
        for i, (shape, sides) in enumerate(zip(shapes[1:], padding[1:], strict=True)):
            place = _Place(shape, 0, *sides)
            places.append(_Place(shape, self._take(place.bytes) if any(sides) else starts[i % 2], *sides))
        return [*places, _Place(plan.output_shape)]

    def _take(self, size: int) -> int:
        start = self._size
        self._size += -(-size // _SLACK) * _SLACK
        return start

    def _layer(self, number: int, source: _Place, target: _Place) -> _Layer:
        step = self.plan.steps[number]
        if getattr(step, "source", None) != number:
            raise UnsupportedError(f"{step.name}: the exact networks are chains, expected the tensor {number}")
        channels, height, width = target.shape
        geometry = _Geometry(source.bytes, source.row, source.shape[0], height, width, 0, 0, channels)
        geometry.to_image, geometry.to_row, geometry.to_pixel = target.bytes, target.row, channels
        to = -1 if target.offset < 0 else target.offset
        layer = _Layer(Kind.LOOKUP, source.offset, to, target.inside, geometry)
        match step:
            case Conv():
                self._fill(layer, step, source)
            case MaxPool() if (step.kernel, step.stride, step.padding) == ((2, 2), (2, 2), (0, 0, 0, 0)):
                layer.kind = Kind.MAX_POOL
            case Lookup() if len(step.table) == 1:
                layer.table = self._keep(step.table[0])
            case _:
                raise UnsupportedError(f"{step.name}: the exact networks have no such {step.kind}")
        return layer

    def _fill(self, layer: _Layer, step: Conv, source: _Place) -> None:
        if step.stride != (1, 1) or step.dilation != (1, 1) or step.groups != 1:
            raise UnsupportedError(f"{step.name}: the exact networks have no strides, dilations or groups")
        outputs, channels, height, width = step.weights.shape
        rows = step.weights.transpose(0, 2, 3, 1).reshape(outputs, height, width * channels)
        geometry = layer.geometry
        maximum = self.plan.tensors[step.source].maximum
        layer.kind = self.kinds.get(step.name, Kind.DOT)
        geometry.segments = height
        if layer.kind == Kind.DOT:
            length = -(-width * channels // 4) * 4
            rows = np.pad(rows, ((0, 0), (0, 0), (0, length - width * channels)))
            geometry.segment_length = length
            block, lanes = self._library.exact_dot_block(), self._library.exact_dot_lanes()
            layer.weights = self._keep(_blocks(rows.reshape(outputs, -1, 4), block, lanes))
            most = maximum * int(np.abs(rows.astype(int)).max())
            if self._isa.name == "avx2" and 2 * most > _INT16:
                raise UnsupportedError(f"{step.name}: two products of up to {most}, vpmaddubsw holds {_INT16}")
            layer.steps = max(1, _INT16 // (2 * most)) if self._pairs else 1
        else:
            geometry.segment_length = width * channels
            layer.bits = bits_of(maximum)
            planes = _planes(step)
            layer.planes, layer.pixels = len(planes), source.pixels
            block = self._library.exact_bit_block(layer.bits)
            words = [_words(plane.reshape(outputs, -1)) for plane in (rows == sign for sign in planes)]
            packed = np.stack(words, axis=1)  # [O, planes, words]
            layer.weights = self._keep(_blocks(packed.reshape(outputs, -1, 1), block, block))
            layer.packed = self._take(source.pixels * (channels // _WORD * layer.bits * 8 + 4))
        if step.name in self._steps:
            chosen = self._steps[step.name]
            layer.factor, layer.offset = self._keep(chosen.factor), self._keep(chosen.offset)
            layer.levels = chosen.levels

    def _keep(self, array: npt.NDArray[Any]) -> int:
        kept = np.ascontiguousarray(array)
        self._kept.append(kept)
        return kept.ctypes.data


def bits_of(maximum: int) -> int:
    """Bit planes of levels up to `maximum`: 1, 2 or 4, as the kernels have them."""
    return next(bits for bits in (1, 2, 4, 8) if maximum < 1 << bits)


def counts(plan: Plan, step: Conv) -> bool:
    """Whether the kernel of bit planes takes a layer."""
    narrow = plan.tensors[step.source].maximum < 16
    return narrow and step.weights.shape[1] % _WORD == 0 and bool((np.abs(step.weights) <= 1).all())


def readable(images: Levels) -> Levels:
    """A copy with room behind it: the kernels read four bytes at a time."""
    memory = np.zeros(images.size + _SLACK, np.uint8)
    copy = memory[: images.size].reshape(images.shape)
    copy[...] = images
    return copy


def tuned(exact: Exact, images: Levels, make: Callable[[Mapping[str, Kind]], Exact]) -> Exact:
    """The fastest of the exact networks: the best number of images at a time, and kernel of each layer.

    `make(kinds)` gives a network with other kinds. Layers are tried one by one; each try is the best of some runs.
    """

    def time(candidate: Exact) -> float:
        least = candidate.seconds(images, 1)
        return min(least, candidate.seconds(images, max(4, min(50, int(0.02 / least)))))

    def sized(candidate: Exact) -> tuple[float, int]:
        fits = [block for block in BLOCKS if block == 1 or block * exact.threads <= len(images)]
        timed = []
        for block in fits:
            candidate.set_block(block)
            timed.append((time(candidate), block))
        candidate.set_block(min(timed)[1])
        return min(timed)

    best, (least, block) = exact, sized(exact)
    for step in exact.plan.layers:
        if not counts(exact.plan, step):
            continue
        candidate = make({**best.kinds, step.name: Kind.BITS})
        candidate.set_block(block)
        if (seconds := time(candidate)) < least:
            best, least = candidate, seconds
    sized(best)
    return best


def _planes(step: Conv) -> tuple[int, ...]:
    values = set(np.unique(step.weights).tolist())
    if values <= {-1, 1}:
        return (1,)
    if values <= {-1, 0, 1}:
        return (1, -1)
    raise UnsupportedError(f"{step.name}: bit planes are for binary and ternary weights")


def _words(ones: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return np.packbits(ones, axis=1, bitorder="little").view("<u8")


def _blocks(rows: npt.NDArray[Any], block: int, lanes: int) -> npt.NDArray[Any]:
    """[O, K, x] as blocks of output channels, each [K][channel][x]; the last is cut to whole vectors."""
    outputs = len(rows)
    rows = np.pad(rows, ((0, -outputs % lanes), (0, 0), (0, 0)))
    parts = [rows[first : first + block] for first in range(0, len(rows), block)]
    return np.concatenate([part.transpose(1, 0, 2).reshape(-1) for part in parts])


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer = ctypes.c_void_p
    library.exact_run.argtypes = [pointer, pointer, ctypes.c_int64, pointer, pointer, ctypes.c_int]
    library.exact_run.restype = None
    library.exact_time.argtypes = [pointer, pointer, ctypes.c_int64, pointer, pointer, ctypes.c_int, ctypes.c_int]
    library.exact_time.restype = ctypes.c_double
    return library
