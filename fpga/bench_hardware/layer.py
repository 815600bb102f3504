# SPDX-License-Identifier: BSD-3-Clause
"""A layer of the comparison: its shape, and weights and thresholds drawn for it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chain.integers import fold, wrap
from fpga.rtl_memory import signed_bits

Integers = npt.NDArray[np.int64]

DATA_TYPES: Mapping[str, str] = {"binary": "BIPOLAR", "ternary": "TERNARY", "4-bit": "INT4"}
"""FINN's names of the weights."""

WEIGHT_BITS: Mapping[str, int] = {"binary": 1, "ternary": 2, "4-bit": 4}


@dataclass(frozen=True)
class Layer:
    """`outputs` dot products of `fan_in` terms, `pe` outputs and `simd` terms at a time, and their activation.

    weights          "binary" (-1, +1), "ternary" (-1, 0, 1) or "4-bit" (-8 .. 7)
    activation_bits  of the unsigned inputs and outputs
    bits             of our accumulator
    fold             k of our fold, 0 for none
    """

    fan_in: int
    outputs: int
    pe: int
    simd: int
    weights: str
    activation_bits: int
    bits: int = 8
    fold: int = 3
    seed: int = 1

    @property
    def name(self) -> str:
        """Short, and different for each layer."""
        folding = f"{self.fan_in}x{self.outputs} PE {self.pe} SIMD {self.simd}"
        return f"{folding}, {self.weights} x {self.activation_bits}-bit, B {self.bits}"

    @property
    def weight_bits(self) -> int:
        """Of one weight in memory."""
        return WEIGHT_BITS[self.weights]

    @property
    def unrolled(self) -> bool:
        """Whether every weight is a constant of the circuit."""
        return (self.pe, self.simd) == (self.outputs, self.fan_in)

    @cached_property
    def matrix(self) -> Integers:
        """Weights [outputs, fan_in]. Ternary ones are 0 every other time; 4-bit ones as normal as 16 levels allow."""
        random = self._random("weights")
        size = (self.outputs, self.fan_in)
        if self.weights == "binary":
            return random.integers(0, 2, size) * 2 - 1
        if self.weights == "ternary":
            return random.integers(0, 2, size) * (random.integers(0, 2, size) * 2 - 1)
        return np.clip(np.rint(random.normal(0.0, 3.0, size)), -8, 7).astype(np.int64)

    def thresholds(self, bits: int) -> Integers:
        """Thresholds [outputs, 2^activation_bits - 1], ascending, of an exact accumulator that holds `bits` bits.

        They lie where the sums do: normal, of the sums' own deviation.
        """
        high = (1 << (bits - 1)) - 1
        return np.clip(self._drawn(), -high - 1, high)

    @cached_property
    def folded_thresholds(self) -> Integers:
        """Thresholds of our folded accumulator: the same, drawn into its range."""
        half = 1 << (self.bits - 1)
        top = self.fold * half // (self.fold + 1) if self.fold else half - 1
        drawn = self._drawn()
        reach = max(1, int(np.abs(drawn).max()))
        return np.rint(drawn * min(1.0, top / reach)).astype(np.int64)

    @property
    def threshold_bits(self) -> int:
        """Of the folded thresholds."""
        return signed_bits(int(self.folded_thresholds.min()), int(self.folded_thresholds.max()))

    def inputs(self, vectors: int) -> Integers:
        """Random inputs [vectors, fan_in]."""
        return self._random("inputs").integers(0, 1 << self.activation_bits, (vectors, self.fan_in))

    def sums(self, inputs: Integers) -> Integers:
        """Exact dot products [vectors, outputs]."""
        return inputs @ self.matrix.T

    def folded(self, inputs: Integers) -> Integers:
        """What ours gives, [vectors, outputs]."""
        return steps(fold(wrap(self.sums(inputs), self.bits), self.bits, self.fold), self.folded_thresholds)

    def deviation(self) -> float:
        """Of the sums, for inputs of equal likelihood."""
        levels = np.arange(1 << self.activation_bits)
        return float(np.sqrt((self.matrix**2).sum(axis=1).mean() * levels.var()))

    def key(self) -> str:
        """Hash of everything above."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def _drawn(self) -> Integers:
        count = (1 << self.activation_bits) - 1
        drawn = self._random("thresholds").normal(0.0, self.deviation(), (self.outputs, count))
        return np.sort(np.rint(drawn).astype(np.int64), axis=1)

    def _random(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *purpose.encode(), self.fan_in, self.outputs])


def steps(values: Integers, thresholds: Integers) -> Integers:
    """How many of its channel's thresholds [channels, count] each of `values` [n, channels] reaches."""
    return (values[..., None] >= thresholds).sum(axis=-1)
