# SPDX-License-Identifier: BSD-3-Clause
"""From a file to a folded graph whose every node has Verilog."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError, UnsupportedError
from fpga.mapping import execute, specialise, to_dataflow
from tests.graphs import CASES, Builder, images


def mapped(name: str, folder: Path) -> ModelWrapper:
    onnx.save(CASES[name](0), folder / "model.onnx")
    return to_dataflow(folder / "model.onnx")


def fold_by(model: ModelWrapper, op_type: str, **values: int) -> None:
    for node in model.graph.node:
        if node.op_type == op_type:
            for name, value in values.items():
                getCustomOp(node).set_nodeattr(name, value)


def test_starts_unfolded_with_an_nhwc_input(tmp_path: Path) -> None:
    model = mapped("odd", tmp_path)
    assert model.get_tensor_shape("input") == [1, 11, 9, 3] and model.get_tensor_datatype("input").name == "UINT8"
    for node in model.graph.node:
        op = getCustomOp(node)
        assert all(op.get_nodeattr(name) == 1 for name in ("PE", "SIMD") if name in op.get_nodeattr_types())
    assert len({node.name for node in model.graph.node}) == len(model.graph.node)
    for node in model.graph.node:
        for name in node.output:
            assert model.get_tensor_datatype(name).is_integer(), name


def test_folding_changes_nothing_but_the_streams(tmp_path: Path) -> None:
    model = mapped("depthwise", tmp_path)
    x = images(CASES["depthwise"](0), 5).transpose(0, 2, 3, 1).astype(np.uint8)
    before = execute(model, x)
    fold_by(model, "WrapVVU", PE=7)
    fold_by(model, "ConvolutionInputGenerator", SIMD=1)
    for node in model.graph.node:
        if node.op_type == "ConvolutionInputGenerator" and getCustomOp(node).get_nodeattr("depthwise"):
            getCustomOp(node).set_nodeattr("SIMD", 7)
    for node in model.graph.node:
        op = getCustomOp(node)
        if node.op_type == "WrapMVU":
            op.set_nodeattr("SIMD", next(n for n in (9, 7, 6, 1) if op.get_nodeattr("MW") % n == 0))
            op.set_nodeattr("PE", next(n for n in (6, 7, 5, 1) if op.get_nodeattr("MH") % n == 0))
    made = specialise(model, tmp_path / "ip")
    kinds = [node.op_type for node in made.graph.node]
    assert "StreamingDataWidthConverter_rtl" in kinds and "StreamNarrow_rtl" in kinds
    for node in made.graph.node:
        if node.op_type == "StreamingDataWidthConverter_rtl":
            wide, narrow = (getCustomOp(node).get_nodeattr(name) for name in ("inWidth", "outWidth"))
            assert wide < narrow or wide % narrow
    assert all(kind.endswith("_rtl") for kind in kinds)
    for key, value in execute(made, x).items():
        np.testing.assert_array_equal(value, before[key])
    for node in made.graph.node:
        op = getCustomOp(node)
        assert all(Path(path).is_file() for path in op.get_rtl_file_list(abspath=True)), node.name
        assert Path(op.get_nodeattr("code_gen_dir_ipgen")) == tmp_path / "ip" / node.name
        reader = made.find_consumer(node.output[0])
        if reader is not None:
            width = getCustomOp(reader).get_instream_width(list(reader.input).index(node.output[0]))
            assert op.get_outstream_width(0) == width, f"{node.name} -> {reader.name}"


def test_the_same_graph_gives_the_same_files(tmp_path: Path) -> None:
    model = mapped("plain", tmp_path)
    texts = []
    for folder in ("one", "two"):
        specialise(model, tmp_path / folder)
        files = sorted(path for path in (tmp_path / folder).rglob("*") if path.is_file())
        texts.append({path.relative_to(tmp_path / folder): path.read_bytes() for path in files})
    assert texts[0] == texts[1] and len(texts[0]) > 15


def test_a_folding_that_does_not_divide_names_the_layer(tmp_path: Path) -> None:
    model = mapped("odd", tmp_path)
    fold_by(model, "WrapMVU", PE=2)
    with pytest.raises(UnsupportedError, match=r"layer 'stem'.*words of 2 elements do not divide the 7"):
        specialise(model)


def test_what_finn_cannot_generate_names_the_node(tmp_path: Path) -> None:
    model = specialise(mapped("odd", tmp_path))
    node = next(node for node in model.graph.node if node.op_type == "ConvolutionInputGenerator_rtl")
    getCustomOp(node).set_nodeattr("SIMD", 2)
    from fpga.mapping import generate

    with pytest.raises(UnsupportedError, match=rf"node '{node.name}'.*SIMD must divide.*folding"):
        generate(model, node, tmp_path / "node")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*export the model first"):
        to_dataflow(tmp_path / "model.onnx")


def test_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_text("not a model")
    with pytest.raises(InputError, match="is not an ONNX file"):
        to_dataflow(tmp_path / "model.onnx")


def test_an_unsupported_node_is_named(tmp_path: Path) -> None:
    b = Builder((1, 4, 4)).input_quant(4).conv("c", 3, (3, 3)).activate("a", 2)
    b.op("squash", "Sigmoid", [b.tensor])
    onnx.save(b.quant("q", 2, 0.25).head("fc", 12, 2), tmp_path / "model.onnx")
    with pytest.raises(UnsupportedError, match=r"node '\S+' \(\w+\): .+; .+"):
        to_dataflow(tmp_path / "model.onnx")


def test_the_board_side_stays_light() -> None:
    """`import fpga` loads nothing of FINN: the simulated board runs in an environment without it."""
    code = "import sys, fpga; assert not {'finn', 'qonnx', 'onnx', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
