# SPDX-License-Identifier: BSD-3-Clause
"""FINN's own machinery on our ops: it finds them, leaves their accumulators and thresholds alone, and builds them."""

import os
from pathlib import Path

import onnx
import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes

from fpga import ops
from fpga.mapping import PART, specialise, to_dataflow
from fpga.transforms import SelectLabel
from tests.graphs import CASES

import finn.custom_op.fpgadataflow as domain  # isort: skip
import finn.custom_op.fpgadataflow.rtl as rtl_domain  # isort: skip
from finn.analysis.fpgadataflow.exp_cycles_per_layer import exp_cycles_per_layer  # isort: skip
from finn.analysis.fpgadataflow.res_estimation import res_estimation  # isort: skip
from finn.transformation.fpgadataflow.create_stitched_ip import CreateStitchedIP  # isort: skip
from finn.transformation.fpgadataflow.hlssynth_ip import HLSSynthIP  # isort: skip
from finn.transformation.fpgadataflow.minimize_accumulator_width import MinimizeAccumulatorWidth  # isort: skip
from finn.transformation.fpgadataflow.minimize_weight_bit_width import MinimizeWeightBitWidth  # isort: skip
from finn.transformation.fpgadataflow.prepare_ip import PrepareIP  # isort: skip
from finn.transformation.streamline.round_thresholds import RoundAndClipThresholds  # isort: skip


@pytest.fixture(scope="module", params=["residual", "wide", "grouped"])
def mapped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelWrapper:
    folder = tmp_path_factory.mktemp(request.param)
    onnx.save(CASES[request.param](0), folder / "model.onnx")
    model = to_dataflow(folder / "model.onnx")
    return model.transform(SelectLabel()) if request.param == "grouped" else model


def contents(model: ModelWrapper) -> list[bytes]:
    graph = model.graph
    items = [*graph.node, *graph.initializer, *graph.quantization_annotation]
    return [item.SerializeToString(deterministic=True) for item in items]


def test_registered_in_finn_s_domains() -> None:
    assert {op.__name__ for op in ops.OPS} <= set(domain.custom_op)
    assert {op.__name__ for op in ops.RTL_OPS} <= set(rtl_domain.custom_op)
    assert {f"{op.__name__}_rtl" for op in ops.OPS} == {op.__name__ for op in ops.RTL_OPS}


@pytest.mark.parametrize(
    "transformation",
    [MinimizeAccumulatorWidth, MinimizeWeightBitWidth, RoundAndClipThresholds, InferDataTypes, InferShapes],
)
def test_finn_leaves_wrapping_layers_alone(mapped: ModelWrapper, transformation: type) -> None:
    for model in (mapped, specialise(mapped)):
        before = contents(model)
        assert contents(model.transform(transformation())) == before


def test_estimates_are_never_zero(mapped: ModelWrapper) -> None:
    model = specialise(mapped)
    cycles, resources = model.analysis(exp_cycles_per_layer), model.analysis(lambda given: res_estimation(given, PART))
    for node in model.graph.node:
        if isinstance(getCustomOp(node), ops.RTL_OPS):
            assert cycles[node.name] > 0 and resources[node.name]["LUT"] > 0, node.name


def test_finn_s_build_reaches_vivado(mapped: ModelWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FINN's own code generation and stitching take our nodes; only Vivado itself is missing."""
    from finn.util.settings import get_settings

    monkeypatch.setattr(get_settings(), "finn_build_dir", tmp_path)
    monkeypatch.setenv("PATH", os.defpath)
    model = specialise(mapped).transform(PrepareIP(PART, 10.0)).transform(HLSSynthIP())
    with pytest.raises(FileNotFoundError, match="vivado"):
        model.transform(CreateStitchedIP(PART, 10.0))
    (script,) = tmp_path.glob("vivado_stitch_proj_*/make_project.tcl")
    text = script.read_text()
    for node in model.graph.node:
        assert f"create_bd_cell -type module -reference {node.name} {node.name}" in text
