# SPDX-License-Identifier: BSD-3-Clause
"""A plan that contradicts itself, or that memory cannot bear, is never made."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from host.cpu.plan import ALWAYS, NEVER, Activation, Add, Conv, Lookup, MaxPool, Plan, SumPool
from host.errors import NetworkError

ONES = np.ones((2, 3, 1, 1), np.int8)
STEPS = Activation(np.array([1, -1], np.int8), np.array([[0, 1], [ALWAYS, NEVER]], np.int32))
TABLE = np.zeros((1, 256), np.uint8)
WINDOW = {"kernel": (2, 2), "stride": (2, 2)}


def activation(sign: Any = (1, 1), thresholds: Any = ((0, 1), (0, 1)), dtype: type = np.int32) -> Activation:
    return Activation(np.array(sign, np.int8), np.array(thresholds, dtype))


def plan(*steps: Any, shape: Any = (3, 4, 5), maximum: Any = 15) -> Plan:
    return Plan(shape, maximum, steps)


def last(number: int = 0, name: str = "last", **details: Any) -> Conv:
    return Conv(name, number, None, ONES, **details)


def layer(**details: Any) -> Conv:
    return Conv(**{"name": "layer", "source": 0, "target": 1, "weights": ONES, "activation": STEPS, **details})


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "thresholds that fall": (lambda: activation(thresholds=((1, 0), (0, 1))), "ascend"),
    "signs": (lambda: activation(sign=(1, 0)), r"\+1 and -1"),
    "one sign": (lambda: activation(sign=(1,)), "1 signs for the thresholds of 2"),
    "no threshold": (lambda: activation(thresholds=((), ())), r"0 thresholds, expected 1..255"),
    "256 thresholds": (lambda: activation(thresholds=np.zeros((2, 256))), r"256 thresholds"),
    "thresholds of int64": (lambda: activation(dtype=np.int64), "expected int32 .* found int64"),
    "thresholds as a list": (lambda: Activation([1], [[1]]), "found list"),  # type: ignore[arg-type]
    "weights of floats": (lambda: Conv("c", 0, None, np.ones((1, 1, 1, 1))), "expected int8 .* found float64"),  # type: ignore[arg-type]
    "weights of 3 dimensions": (lambda: Conv("c", 0, None, np.ones((1, 1, 1), np.int8)), "4 dimensions"),
    "no weights": (lambda: Conv("c", 0, None, np.ones((0, 1, 1, 1), np.int8)), "weights of shape"),
    "no name": (lambda: last(name=""), "name ''"),
    "3 bits": (lambda: last(bits=3), r"bits 3, expected 4..32"),
    "33 bits": (lambda: last(bits=33), r"bits 33"),
    "bits of a float": (lambda: last(bits=8.0), r"bits 8.0"),
    "fold 0": (lambda: last(fold=0), r"fold 0, expected 1..128"),
    "a fold beyond H": (lambda: last(fold=129), r"fold 129"),
    "groups": (lambda: last(groups=3), r"groups 3, expected 1..2"),
    "no groups": (lambda: last(groups=0), r"groups 0"),
    "stride 0": (lambda: last(stride=(1, 0)), "stride 0"),
    "three strides": (lambda: last(stride=(1, 1, 1)), "stride of 3 numbers, expected 2"),
    "negative padding": (lambda: last(padding=(0, 0, 0, -1)), "padding -1"),
    "levels without target": (lambda: Conv("c", 0, None, ONES, activation=STEPS), "either makes levels"),
    "a target without levels": (lambda: Conv("c", 0, 1, ONES), "either makes levels"),
    "an activation of other channels": (lambda: Conv("c", 0, 1, ONES[:1], activation=STEPS), "2 channels behind 1"),
    "a short table": (lambda: Lookup("t", 0, 1, TABLE[:, :255]), r"\[C, 256\]"),
    "input channels": (lambda: plan(last(groups=2)), "weights for 3 x 2 input channels on 3"),
    "a window that does not fit": (
        lambda: plan(Conv("c", 0, None, np.ones((1, 3, 5, 1), np.int8))),
        "a window of 5 x 1 does not fit in 4 x 5",
    ),
    "sums beyond 31 bits": (
        lambda: plan(Conv("c", 0, None, np.full((1, 1, 300, 300), -128, np.int8)), shape=(1, 300, 300), maximum=255),
        "a sum can reach",
    ),
    "pools beyond 31 bits": (
        lambda: plan(SumPool("p", 0, 1, activation((1,), ((1,),))), last(1), shape=(1, 8000, 8000), maximum=255),
        "a sum can reach",
    ),
    "levels beyond a byte": (lambda: plan(Add("a", 0, 0, 1), last(1), maximum=128), "levels up to 256"),
    "shapes of an addition": (
        lambda: plan(MaxPool("m", 0, 1, (2, 2), (1, 1)), Add("a", 0, 1, 2), last(2)),
        r"adds the shapes \[3, 4, 5\] and \[3, 3, 4\]",
    ),
    "tables of other channels": (lambda: plan(Lookup("t", 0, 1, TABLE.repeat(2, 0)), last(1)), "tables of 2 channels"),
    "no steps": (plan, "without steps"),
    "two of a name": (lambda: plan(layer(name="last"), last(1)), "2 steps of the name 'last'"),
    "a source that comes later": (lambda: plan(last(1)), r"source 1, expected 0..0"),
    "a target left out": (lambda: plan(layer(target=2), last(2)), "makes tensor 2, expected 1"),
    "an end in the middle": (lambda: plan(last(), last(1, "b")), "makes tensor None, expected 1"),
    "no end": (lambda: plan(layer()), "makes tensor 1, expected the output"),
    "an input of 2 dimensions": (lambda: plan(last(), shape=(3, 4)), r"an input of shape \[3, 4\]"),
    "an input of floats": (lambda: plan(last(), shape=(3, 4.0, 5)), "height 4.0"),
    "pixels beyond a byte": (lambda: plan(last(), maximum=256), "maximum 256, expected 1..255"),
    "an image too large": (lambda: plan(last(), shape=(3, 60000, 60000)), "values an image, at most"),
    "padding beyond memory": (
        lambda: plan(Conv("c", 0, None, ONES, padding=(60000, 60000, 60000, 60000))),
        "c: .* values an image, at most",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_plan_that_contradicts_itself_is_refused(case: str) -> None:
    make, text = WRONG[case]
    with pytest.raises(NetworkError, match=text):
        make()


def test_what_a_plan_knows_before_it_runs() -> None:
    steps = (
        Conv("a", 0, 1, np.ones((2, 3, 3, 3), np.int8), (2, 1), (1, 0, 1, 2), (1, 2), activation=STEPS),
        MaxPool("m", 1, 2, **WINDOW),
        SumPool("s", 2, 3, activation()),
        Add("d", 3, 3, 4),
        Lookup("t", 4, 5, np.arange(256, dtype=np.uint8)[None] // 2),
        Conv("b", 5, None, ONES[:, :2]),
    )
    made = plan(*steps)
    assert [tensor.shape for tensor in made.tensors] == [
        (3, 4, 5),
        (2, 2, 3),
        (2, 1, 1),
        (2, 1, 1),
        (2, 1, 1),
        (2, 1, 1),
    ]
    assert [tensor.maximum for tensor in made.tensors] == [15, 2, 2, 2, 4, 2]
    assert made.output_shape == (2, 1, 1) and made.outputs == 2
    assert [step.name for step in made.layers] == ["a", "b"]


def test_the_arrays_of_a_plan_are_read_only() -> None:
    conv = last()
    with pytest.raises(ValueError, match="read-only"):
        conv.weights[0, 0, 0, 0] = 2
