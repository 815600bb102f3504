# SPDX-License-Identifier: BSD-3-Clause
"""onnxruntime's and PyTorch's networks compute the plan's formula, and a wrong one is found."""

from pathlib import Path

import numpy as np
import pytest

from chain.errors import AgreementError, UnsupportedError
from host.cpu.plan import Activation, Conv, Lookup, MaxPool, Plan
from scripts.bench_cpu import frameworks, integers, networks


def activation(channels: int) -> Activation:
    return Activation(np.ones(channels, np.int8), np.zeros((channels, 3), np.int32))


@pytest.fixture(scope="module")
def plan() -> Plan:
    rng = np.random.default_rng(5)

    def weights(*shape: int) -> np.ndarray:
        return rng.choice([-1, 1], shape).astype(np.int8)

    table = (np.arange(256) // 16).astype(np.uint8)[None]
    steps = (
        Lookup("input", 0, 1, table),
        Conv("conv1", 1, 2, weights(8, 2, 3, 3), padding=(1, 1, 1, 1), activation=activation(8)),
        MaxPool("pool", 2, 3, (2, 2), (2, 2)),
        Conv("dense1", 3, 4, weights(16, 8, 4, 4), activation=activation(16)),
        Conv("dense2", 4, None, weights(5, 16, 1, 1)),
    )
    return Plan((2, 8, 8), 255, steps)


def test_all_contenders_agree_with_numpy(plan: Plan, tmp_path: Path) -> None:
    images = np.random.default_rng(6).integers(0, 256, (32, 8, 8, 2)).astype(np.uint8)
    steps = integers.calibrated(plan, images)
    found, errors = frameworks.foreign(plan, steps, tmp_path, images)
    assert set(errors) == {"onnxruntime int8", "PyTorch int8"} and all(0 < e < 0.2 for e in errors.values())
    layers = frameworks.float_layers(plan, steps)
    expected = frameworks.numpy_results(layers, frameworks.pixels(plan, images))
    for name, network in found.items():
        for threads in (1, 2):
            results = np.asarray(network.runner(images, threads)())
            frameworks.check_close(name, results, expected, 0.2 if "int8" in name else 1e-4)


def test_the_formula_is_the_requantisations(plan: Plan) -> None:
    """Before rounding and cutting, a level is sum * factor + offset."""
    images = np.random.default_rng(7).integers(0, 256, (2, 8, 8, 2)).astype(np.uint8)
    steps = integers.calibrated(plan, images)
    first = frameworks.float_layers(plan, steps)[:1]
    sums = integers.sums(plan.layers[0].weights, integers.padded((images // 16).astype(np.uint8), (1, 1, 1, 1)))
    expected = np.maximum(sums * steps["conv1"].scale + steps["conv1"].bias, 0)
    found = frameworks.numpy_results(first, frameworks.pixels(plan, images))
    np.testing.assert_allclose(found, expected.reshape(2, -1), rtol=1e-5, atol=1e-5)


def test_a_wrong_network_is_found() -> None:
    expected = np.random.default_rng(8).normal(size=(4, 5))
    frameworks.check_close("it", expected + 1e-6, expected, 1e-4)
    with pytest.raises(AgreementError, match=r"it is .* standard deviations away"):
        frameworks.check_close("it", expected[::-1], expected, 0.5)
    with pytest.raises(AgreementError):
        frameworks.check_close("it", expected * np.nan, expected, 0.5)


def test_other_steps_are_named() -> None:
    table = np.zeros((1, 256), np.uint8)
    first = Conv("first", 0, 1, np.ones((4, 4, 1, 1), np.int8), activation=activation(4))
    end = Conv("end", 2, None, np.ones((2, 4, 4, 4), np.int8))
    with pytest.raises(UnsupportedError, match="late"):
        frameworks.float_layers(Plan((4, 4, 4), 3, (first, Lookup("late", 1, 2, table), end)), {})


def test_residual_networks_are_compared_with_onnxruntime(tmp_path: Path) -> None:
    plan = networks.cifar_resnet()
    images = networks.random_images(plan, 32)
    steps = integers.calibrated(plan, images)
    found, errors = frameworks.foreign(plan, steps, tmp_path, images)
    assert set(found) == {"onnxruntime float32", "onnxruntime int8"} and set(errors) == {"onnxruntime int8"}
    layers = frameworks.float_layers(plan, steps)
    expected = frameworks.numpy_results(layers, frameworks.pixels(plan, images[:4]))
    assert expected.shape == (4, 10) and expected.std() > 0
    frameworks.check_close("float32", found["onnxruntime float32"].runner(images[:4], 1)(), expected, 1e-4)
