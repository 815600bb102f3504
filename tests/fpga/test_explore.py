# SPDX-License-Identifier: BSD-3-Clause
"""The front of frame rates and LUTs."""

import json

import onnx
import pytest
from qonnx.custom_op.registry import getCustomOp

from fpga import explore, folding, mapping
from fpga.unrolled import sharing
from tests import graphs


@pytest.fixture
def graph(tmp_path):
    onnx.save(graphs.CASES["residual"](0), tmp_path / "model.onnx")
    return mapping.to_dataflow(tmp_path / "model.onnx")


def test_front(graph, tmp_path):
    told = []
    front = explore.explore(graph, "toy", "xc7z020", 100.0, told.append)
    assert sum(told) == 4
    own, wide = front.series
    assert own.accumulators.endswith("bits") and wide.accumulators == "32 bits"
    for series in front.series:
        assert len(series.points) > 3
        rates, costs = [point.fps for point in series.points], [point.luts for point in series.points]
        assert rates == sorted(set(rates)) and costs == sorted(set(costs))
    for point in wide.points:
        assert own.at(point.fps).luts < point.luts
    assert own.at(1e12) is None
    middle = own.points[len(own.points) // 2]
    assert folding.for_fps(graph, middle.fps * 0.999, 100.0).luts <= middle.luts

    table, page = explore.save(front, tmp_path)
    saved = json.loads(table.read_text())
    assert saved["series"][0]["points"][0] == vars(own.points[0])
    text = page.read_text()
    assert text.count("<polyline") == 2 and "32 bits" in text and f"{own.points[0].luts:,}" in text


def test_wide_accumulators_leave_the_given_graph_alone(graph):
    before = graph.model.SerializeToString()
    wide = explore.with_accumulators(graph, 32)
    assert graph.model.SerializeToString() == before
    kinds = {node.op_type for node in wide.graph.node}
    assert "WrapMVU" in kinds and "WrapActivation" in kinds
    for node in wide.graph.node:
        inst = getCustomOp(node)
        if node.op_type == "WrapMVU":
            assert inst.get_nodeattr("accumulatorBits") == 32
            outline = sharing.outline(inst.rows(wide.graph), inst.get_input_datatype().bitwidth(), 32)
            assert list(inst.get_nodeattr("outline")) == [outline.luts, outline.registers, outline.carry4]
            reader = (
                getCustomOp(wide.find_consumers(node.output[0])[0]) if wide.find_consumers(node.output[0]) else None
            )
            assert reader is None or reader.get_input_datatype().name == "INT32"
