# SPDX-License-Identifier: BSD-3-Clause
"""Single layers: levels in memory to levels in memory, in each contender's own layout."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from host.cpu import reference
from host.cpu.engine import BATCH, Engine
from host.cpu.plan import Activation, Conv, Plan
from scripts.bench_cpu.compiled import Compiler
from scripts.bench_cpu.exact import Exact, Kind, readable
from scripts.bench_cpu.integers import check_equal, padded, requantisation, sums
from scripts.bench_cpu.machine import GROUP, TERNARY_GROUP, InstructionSet, Limits
from scripts.bench_cpu.rows import OURS, Row, row
from scripts.bench_cpu.timing import Timer, interleaved

FOLD, BITS = 3, 8
_END = "end"
_CHECKED = 64  # images whose results are compared


@dataclass(frozen=True)
class Shape:
    """A layer: `outputs` channels of `channels` x `kernel` x `kernel` weights at size x size positions."""

    layer: str
    outputs: int
    channels: int
    kernel: int = 1
    size: int = 1

    @property
    def fan_in(self) -> int:
        """Products in a sum."""
        return self.channels * self.kernel**2

    @property
    def macs(self) -> int:
        """Products for an image."""
        return self.outputs * self.fan_in * self.size**2


@dataclass(frozen=True)
class Setting:
    """What is compared: a shape, the kind of weights ("binary", "ternary"), bits of a level, images, threads."""

    shape: Shape
    weights: str
    activation_bits: int
    batch: int
    threads: int

    @property
    def work(self) -> int:
        """Products."""
        return self.shape.macs * self.batch


MATRICES = (
    Shape("matrix", 64, 576),
    Shape("matrix", 128, 1152),
    Shape("matrix", 256, 2304),
    Shape("matrix", 512, 4608),
)
CONVOLUTIONS = (
    Shape("3x3 convolution", 64, 64, 3, 16),
    Shape("3x3 convolution", 128, 128, 3, 8),
    Shape("3x3 convolution", 256, 256, 3, 8),
    Shape("3x3 convolution", 512, 512, 3, 4),
)
POINTWISE = (
    Shape("1x1 convolution", 64, 576, 1, 8),
    Shape("1x1 convolution", 128, 1152, 1, 8),
    Shape("1x1 convolution", 256, 2304, 1, 4),
    Shape("1x1 convolution", 512, 4608, 1, 4),
)
WEIGHTS = (("binary", 1), ("binary", 2), ("binary", 4), ("ternary", 2))


def settings(full: bool, threads: int, best: bool) -> Iterator[Setting]:
    """What to compare; fewer without `full`, and fewer still on another instruction set than the `best`."""
    batches = (1, BATCH, 1024)
    if full:
        for shape in MATRICES + CONVOLUTIONS + POINTWISE:
            for weights, bits in WEIGHTS:
                for batch in batches:
                    yield from (Setting(shape, weights, bits, batch, count) for count in sorted({1, threads}))
        return
    for weights, bits in WEIGHTS:
        yield from (Setting(shape, weights, bits, BATCH, 1) for shape in MATRICES)
    if not best:
        return
    for weights, bits in WEIGHTS:
        yield from (Setting(shape, weights, bits, BATCH, 1) for shape in CONVOLUTIONS[:3])
    yield from (Setting(shape, "binary", 4, BATCH, 1) for shape in POINTWISE)
    for shape in (MATRICES[2], CONVOLUTIONS[1]):
        yield from (Setting(shape, "binary", 4, batch, 1) for batch in (1, 1024))
        if threads > 1:
            yield from (Setting(shape, "binary", 4, batch, threads) for batch in batches)


class Contest:
    """One setting on one instruction set: every contender made, checked against numpy, and ready to be timed."""

    def __init__(self, compiler: Compiler, isa: InstructionSet, setting: Setting, seed: int = 0):
        self.isa, self.setting = isa, setting
        rng = np.random.default_rng([seed, setting.shape.outputs, setting.shape.fan_in, setting.activation_bits])
        shape, maximum = setting.shape, (1 << setting.activation_bits) - 1
        values = [-1, 1] if setting.weights == "binary" else [-1, 0, 1]
        weights = rng.choice(values, (shape.outputs, shape.channels, shape.kernel, shape.kernel)).astype(np.int8)
        size = (setting.batch, shape.size, shape.size, shape.channels)
        levels = rng.integers(0, maximum + 1, size).astype(np.uint8)
        self._sides = (shape.kernel // 2,) * 4
        self._sums = sums(weights, padded(levels[:_CHECKED], self._sides))
        self.contenders: dict[str, Timer] = {}
        self.exact: frozenset[str] = frozenset()
        self._ours(weights, levels, maximum, rng)
        self._rivals(compiler, weights, levels, maximum)

    def _ours(
        self,
        weights: npt.NDArray[np.int8],
        levels: npt.NDArray[np.uint8],
        maximum: int,
        rng: np.random.Generator,
    ) -> None:
        """The engine in lanes of 8, 16 and 32 bits, the sums of all the same modulo 2^8."""
        outputs, size = self.setting.shape.outputs, self.setting.shape.size
        sign = rng.choice([-1, 1], outputs).astype(np.int8)
        thresholds = np.sort(rng.integers(-40, 60, (outputs, maximum)), axis=1).astype(np.int32)
        activation = Activation(sign, thresholds)
        end = rng.choice([-1, 1], (4, outputs, size, size)).astype(np.int8)
        plan = Plan(
            (levels.shape[3], size, size),
            maximum,
            (
                Conv("layer", 0, 1, weights, padding=self._sides, bits=BITS, fold=FOLD, activation=activation),
                Conv(_END, 1, None, end, bits=32),
            ),
        )
        wrapped = reference.wrap(self._sums.astype(np.int64), BITS).transpose(0, 3, 1, 2)
        made = reference.activate(reference.fold(wrapped, BITS, FOLD), activation)
        expected = sums(end, made.transpose(0, 2, 3, 1)).reshape(len(made), -1)
        for lanes in (8, 16, 32):
            name = OURS if lanes == 8 else f"{lanes}-bit lanes"
            engine = Engine(plan, self.setting.threads, lanes, self.isa.engine)
            images = levels[:_CHECKED]
            check_equal(name, engine.run(images), expected)
            check_equal(f"{name}, accumulators", engine.taps(images)["layer"], wrapped)
            self.contenders[name] = self._layer_timer(engine)

    def _layer_timer(self, engine: Engine) -> Timer:
        whole, rest = divmod(self.setting.batch, BATCH)

        def least(repeats: int) -> float:
            seconds = whole * engine.seconds(0, BATCH, repeats) if whole else 0.0
            return seconds + (engine.seconds(0, rest, repeats) if rest else 0.0)

        return least

    def _rivals(
        self, compiler: Compiler, weights: npt.NDArray[np.int8], levels: npt.NDArray[np.uint8], maximum: int
    ) -> None:
        """The exact kernels; 16-bit lanes are one of them where no sum leaves 16 bits."""
        levels = readable(padded(levels, self._sides))
        plan = Plan((levels.shape[3], *levels.shape[1:3]), maximum, (Conv("layer", 0, None, weights, bits=32),))
        chosen = requantisation(self._sums, maximum)
        expected = chosen.apply(self._sums).reshape(len(self._sums), -1)
        variants: dict[str, tuple[Kind, bool]] = {"dot product": (Kind.DOT, False)}
        if self.isa.name == "avx2":
            variants["dot product, 16-bit sums"] = (Kind.DOT, True)
        if levels.shape[3] % 64 == 0:
            variants["bit planes"] = (Kind.BITS, False)
        for name, (kind, pairs) in variants.items():
            threads = self.setting.threads
            block = max(1, min(BATCH, -(-self.setting.batch // threads)))
            kinds = {"layer": kind}
            plain = Exact(compiler, self.isa, plan, {}, kinds, threads, block, pairs)
            check_equal(f"{name}, sums", plain.run(levels[:_CHECKED]), self._sums.reshape(len(self._sums), -1))
            layer = Exact(compiler, self.isa, plan, {"layer": chosen}, kinds, threads, block, pairs)
            check_equal(name, layer.run(levels)[:_CHECKED], expected)
            self.contenders[name] = _timer(layer, levels)
        lanes = {"32-bit lanes"}
        if int(np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)).max()) * maximum < 1 << 15:
            lanes.add("16-bit lanes")
        self.exact = frozenset({*variants, *lanes})

    def run(self, machine: dict[str, Any], limits: Limits, repetitions: int, turn: float) -> Row:
        """The row of this contest."""
        timings = interleaved(self.contenders, repetitions, turn)
        setting = self.setting
        ternary = setting.weights == "ternary"
        bound = limits.table_macs(TERNARY_GROUP if ternary else GROUP) * setting.threads
        grouped = limits.grouped_macs(setting.shape.outputs * setting.shape.kernel**2, 3 if ternary else 2)
        named = machine | {"isa": self.isa.name, "threads": setting.threads, "batch": setting.batch}
        named |= {**asdict(setting.shape), "fan_in": setting.shape.fan_in, "weights": setting.weights}
        named |= {"activation_bits": setting.activation_bits, "accumulator_bits": BITS, "repetitions": repetitions}
        work = setting.work / 1e9
        found = row("layer", named, "GMAC/s", work, timings, self.exact)
        found["limit"] = {"value": bound / 1e9, "any_group": grouped * setting.threads / 1e9}
        found["limit"]["share"] = found["ours"]["value"] / found["limit"]["value"]
        peak = limits.dots * self.isa.dot_products * setting.threads / 1e9
        found["dot_peak"] = {"value": peak, "share": found["rivals"]["dot product"]["value"] / peak}
        return found


def _timer(layer: Exact, levels: npt.NDArray[np.uint8]) -> Timer:
    return lambda repeats: layer.seconds(levels, repeats)
