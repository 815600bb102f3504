# SPDX-License-Identifier: BSD-3-Clause
"""Whole networks: pixels in, results out, as a program calls them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from host.cpu import reference
from host.cpu.engine import BATCH, Engine
from host.cpu.plan import Activation, Add, Conv, Lookup, MaxPool, Plan, Step, SumPool
from scripts.bench_cpu import frameworks
from scripts.bench_cpu.compiled import Compiler
from scripts.bench_cpu.exact import Exact, Kind, readable, tuned
from scripts.bench_cpu.integers import Levels, calibrated, check_equal, run_exact
from scripts.bench_cpu.machine import InstructionSet
from scripts.bench_cpu.rows import OURS, Row, row
from scripts.bench_cpu.timing import Timer, interleaved, wall

EXACT = "exact kernels"
_CHECKED = 8  # images at the beginning and at the end that numpy computes too
_CALIBRATION = 32  # images
_TUNED = 64  # images at most on which the exact network is tuned


@dataclass(frozen=True)
class Setting:
    """A network, how many images at a time, and threads."""

    network: str
    batch: int
    threads: int


def cifar_cnv(seed: int = 0, activation_bits: int = 2) -> Plan:
    """The shapes of FINN's CNV on CIFAR-10 with random binary weights, and thresholds that spread over all levels."""
    rng = np.random.default_rng(seed)
    levels = (1 << activation_bits) - 1
    steps: list[Step] = []
    channels, size = 3, 32

    def conv(name: str, outputs: int, kernel: int) -> None:
        nonlocal channels, size
        weights = rng.choice([-1, 1], (outputs, channels, kernel, kernel)).astype(np.int8)
        sign = rng.choice([-1, 1], outputs).astype(np.int8)
        thresholds = np.sort(rng.integers(-40, 80, (outputs, levels)), axis=1).astype(np.int32)
        activation, target = (None, None) if name == "fc3" else (Activation(sign, thresholds), len(steps) + 1)
        steps.append(Conv(name, len(steps), target, weights, bits=8, fold=3, activation=activation))
        channels, size = outputs, size - kernel + 1

    for number, outputs in enumerate((64, 64, 128, 128, 256, 256), start=1):
        conv(f"conv{number}", outputs, 3)
        if number in (2, 4):
            steps.append(MaxPool(f"pool{number}", len(steps), len(steps) + 1, (2, 2), (2, 2)))
            size //= 2
    conv("fc1", 512, size)
    conv("fc2", 512, 1)
    conv("fc3", 10, 1)
    return Plan((3, 32, 32), 255, tuple(steps), model="cifar-cnv")


def cifar_resnet(seed: int = 0, activation_bits: int = 2) -> Plan:
    """The shapes of MLPerf Tiny's ResNet-8 on CIFAR-10 with random binary weights: three blocks of two convolutions,
    the later two with stride 2 and a 1x1 convolution beside.
    """
    rng = np.random.default_rng(seed)
    levels = (1 << activation_bits) - 1
    steps: list[Step] = []

    def activation(channels: int, least: int, most: int) -> Activation:
        thresholds = np.sort(rng.integers(least, most, (channels, levels)), axis=1).astype(np.int32)
        return Activation(rng.choice([-1, 1], channels).astype(np.int8), thresholds)

    def conv(name: str, source: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> int:
        weights = rng.choice([-1, 1], (outputs, inputs, kernel, kernel)).astype(np.int8)
        target = len(steps) + 1
        padding = (kernel // 2,) * 4
        made = activation(outputs, -40, 80)
        steps.append(Conv(name, source, target, weights, (stride, stride), padding, bits=8, fold=3, activation=made))
        return target

    at, channels = conv("conv1", 0, 3, 16, 3), 16
    for number, outputs in enumerate((16, 32, 64), start=1):
        stride = 1 if number == 1 else 2
        through = conv(f"block{number}a", at, channels, outputs, 3, stride)
        through = conv(f"block{number}b", through, outputs, outputs, 3)
        beside = at if number == 1 else conv(f"beside{number}", at, channels, outputs, 1, stride)
        steps.append(Add(f"add{number}", through, beside, len(steps) + 1))
        at, channels = len(steps), outputs
    steps.append(SumPool("average", at, len(steps) + 1, activation(channels, 0, 2 * levels * 64)))
    weights = rng.choice([-1, 1], (10, channels, 1, 1)).astype(np.int8)
    steps.append(Conv("fc", len(steps), None, weights, bits=8, fold=3))
    return Plan((3, 32, 32), 255, tuple(steps), model="cifar-resnet")


def plans(build: Path) -> dict[str, tuple[Plan, str]]:
    """The networks by name, and whose weights they have: "trained" of an exported model, or "random"."""
    found = {}
    exported = build / "fmnist-cnn" / "model.onnx"
    if exported.is_file():
        found["fmnist-cnn"] = (Engine(exported).plan, "trained")
    found["cifar-cnv"] = (cifar_cnv(), "random")
    found["cifar-resnet"] = (cifar_resnet(), "random")
    return found


def settings(full: bool, names: tuple[str, ...], threads: int) -> Iterator[Setting]:
    """What to compare; with all threads only some without `full`."""
    for name in names:
        for batch in (1, BATCH, 1024):
            counts = {1, threads} if full or batch != 1024 else {threads}
            yield from (Setting(name, batch, count) for count in sorted(counts))


class Contest:
    """One setting on one instruction set: every contender made, checked, and ready to be timed."""

    def __init__(
        self,
        compiler: Compiler,
        isa: InstructionSet,
        setting: Setting,
        plan: Plan,
        foreign: Mapping[str, frameworks.Foreign] | None = None,
        seed: int = 0,
    ):
        self.isa, self.setting, self.plan = isa, setting, plan
        self.images = random_images(plan, setting.batch, seed)
        self.contenders: dict[str, Timer] = {}
        for lanes in (8, 16, 32):
            self._engine(lanes)
        self.kinds: dict[str, str] = {}
        if all(isinstance(step, Conv | Lookup | MaxPool) for step in plan.steps):  # the exact networks are chains
            self._exact(compiler)
        for name, network in (foreign or {}).items():
            self.contenders[name] = wall(network.runner(self.images, setting.threads))

    def _engine(self, lanes: int) -> None:
        name = OURS if lanes == 8 else f"{lanes}-bit lanes"
        engine = Engine(self.plan, self.setting.threads, lanes, self.isa.engine)
        expected = reference.run(self.plan, _ends(self.images)).outputs
        check_equal(name, _ends(engine.run(self.images)), expected)
        self.contenders[name] = wall(lambda: engine.run(self.images))

    def _exact(self, compiler: Compiler) -> None:
        """The network with exact sums, on dot products alone and on the fastest kernel of each layer."""
        plan, images = self.plan, self.images
        steps = calibrated(plan, random_images(plan, _CALIBRATION))
        expected, _ = run_exact(plan, steps, _ends(images))
        threads = self.setting.threads

        def make(kinds: Mapping[str, Kind]) -> Exact:
            return Exact(compiler, self.isa, plan, steps, kinds, threads)

        dot = make({})
        best = tuned(dot, images[:_TUNED], make)
        self.kinds = {layer.name: best.kinds.get(layer.name, Kind.DOT).name.lower() for layer in plan.layers}
        check_equal(EXACT, _ends(best.run(images)), expected)
        check_equal("dot product", _ends(dot.run(images)), expected)
        self.contenders[EXACT] = wall(lambda: best.run(images))
        if best is not dot:
            self.contenders["dot product"] = wall(lambda: dot.run(images))

    def run(self, machine: dict[str, Any], weights: str, repetitions: int, turn: float) -> Row:
        """The row of this contest."""
        timings = interleaved(self.contenders, repetitions, turn)
        setting = self.setting
        named = machine | {"isa": self.isa.name, "threads": setting.threads, "batch": setting.batch}
        named |= {"network": setting.network, "weights": f"binary, {weights}", "macs": macs(self.plan)}
        named |= {"accumulator_bits": max(layer.bits for layer in self.plan.layers), "repetitions": repetitions}
        exact = frozenset({EXACT, "dot product"} & set(timings))
        return row("network", named, "images/s", setting.batch, timings, exact, exact_kernels=self.kinds)


def _ends(values: Any) -> Any:
    """Those of the images at the beginning and at the end."""
    return values if len(values) <= 2 * _CHECKED else np.concatenate([values[:_CHECKED], values[-_CHECKED:]])


def macs(plan: Plan) -> int:
    """Products for an image."""
    shapes = [*(tensor.shape for tensor in plan.tensors[1:]), plan.output_shape]
    return sum(
        step.weights.size * shape[1] * shape[2]
        for step, shape in zip(plan.steps, shapes, strict=True)
        if isinstance(step, Conv)
    )


def random_images(plan: Plan, count: int, seed: int = 0) -> Levels:
    """Random pixels [N, H, W, C]."""
    rng = np.random.default_rng(seed)
    channels, height, width = plan.input_shape
    return readable(rng.integers(0, plan.input_maximum + 1, (count, height, width, channels)).astype(np.uint8))
