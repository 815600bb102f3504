# SPDX-License-Identifier: BSD-3-Clause
"""An ArgMax behind the last layer: the labels that numpy gives, ties included; refused where there is no choice."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import UnsupportedError
from fpga.mapping import execute, specialise, to_dataflow
from fpga.transforms import SelectLabel
from tests.graphs import CASES, Builder, images


def mapped(model: ModelProto, folder: Path) -> ModelWrapper:
    onnx.save(model, folder / "model.onnx")
    return to_dataflow(folder / "model.onnx")


def many_classes() -> ModelProto:
    """200 classes do not fit int8; their 4-bit sums are often equal."""
    return Builder((1, 4, 4)).input_quant(1).head("fc", 16, 200, "TERNARY", bits=4, fold=1)


@pytest.mark.parametrize("source", [CASES["plain"](0), CASES["wide"](0), many_classes()], ids=["fold", "plain", "many"])
def test_labels(source: ModelProto, tmp_path: Path) -> None:
    x = images(source, 40).transpose(0, 2, 3, 1).astype(np.uint8)
    model = mapped(source, tmp_path)
    logits = execute(model, x)
    choosing = model.transform(SelectLabel())
    assert choosing.graph.node[-1].op_type == "ArgMax"
    assert choosing.graph.output[0].name == model.graph.output[0].name
    wanted = logits.pop("output").argmax(axis=1)[:, None]
    for graph in (choosing, specialise(choosing)):
        labels = execute(graph, x)
        np.testing.assert_array_equal(labels.pop("output"), wanted)
        assert list(labels) == list(logits)
        for layer, value in labels.items():
            np.testing.assert_array_equal(value, logits[layer])


def test_ties_are_among_the_images(tmp_path: Path) -> None:
    """Else the test above would say nothing about them."""
    source = many_classes()
    outputs = execute(mapped(source, tmp_path), images(source, 40).transpose(0, 2, 3, 1).astype(np.uint8))["output"]
    assert ((outputs == outputs.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum() > 10


def test_once_is_enough(tmp_path: Path) -> None:
    model = mapped(CASES["linear"](0), tmp_path).transform(SelectLabel())
    assert SelectLabel().apply(model)[1] is False


def test_a_single_output_has_no_label(tmp_path: Path) -> None:
    source = Builder((1, 4, 4)).input_quant(1).head("fc", 16, 1)
    with pytest.raises(UnsupportedError, match=r"WrapFold.*shape \[1, 1\]; labels are chosen from \[1, classes\]"):
        mapped(source, tmp_path).transform(SelectLabel())
