# SPDX-License-Identifier: BSD-3-Clause
"""Look-up tables as a cost of accumulator widths, as `make search` calls it."""

from pathlib import Path

import onnx
import pytest
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError
from fpga import explore, folding, mapping
from fpga.accumulator_cost import AccumulatorCost
from tests import graphs
from training.search.cost import named


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "build" / "digits").mkdir(parents=True)
    onnx.save(graphs.CASES["residual"](0), tmp_path / "build" / "digits" / "model.onnx")
    return tmp_path / "build" / "digits"


def accumulators(graph: onnx.ModelProto) -> dict[str, int]:
    nodes = [getCustomOp(node) for node in graph.graph.node if node.op_type == "WrapMVU"]
    return {node.get_nodeattr("layer"): node.get_nodeattr("accumulatorBits") for node in nodes}


def test_its_own_widths_cost_what_the_folding_does(folder: Path) -> None:
    graph = mapping.to_dataflow(folder / "model.onnx")
    cost = AccumulatorCost(folder, 100_000)
    own = accumulators(graph)
    assert len(own) > 2
    assert cost(own, {}) == cost({}, {}) == folding.for_fps(graph, 100_000, 100.0).luts


def test_each_layer_counts_and_no_wider_one_costs_less(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cost = AccumulatorCost(folder, 100_000)
    own = accumulators(mapping.to_dataflow(folder / "model.onnx"))
    for layer in list(own)[-2:]:
        costs = [cost({**own, layer: bits}, {}) for bits in range(4, 17)]
        assert costs == sorted(costs) and costs[0] < costs[-1]
    found = {4: 10, 5: 14, 6: 13, 7: 20}
    monkeypatch.setattr(cost, "_added", lambda layer, bits: found[bits])
    assert [cost({"x": bits}, {}) - cost({}, {}) for bits in found] == [10, 14, 14, 20]


def test_widths_by_layer_reach_what_reads_the_sums(folder: Path) -> None:
    graph = mapping.to_dataflow(folder / "model.onnx")
    own = accumulators(graph)
    changed = {layer: 5 + index for index, layer in enumerate(own)}
    found = explore.with_accumulators(graph, changed)
    assert accumulators(found) == changed and accumulators(graph) == own
    folds = [
        [getCustomOp(n).get_nodeattr("fold") for n in g.graph.node if n.op_type == "WrapActivation"]
        for g in (graph, found)
    ]
    assert folds[0] == folds[1] and any(folds[0])
    for unit in (node for node in found.graph.node if node.op_type == "WrapMVU"):
        for reader in found.find_consumers(unit.output[0]) or []:
            width = changed[getCustomOp(unit).get_nodeattr("layer")]
            assert getCustomOp(reader).get_input_datatype().bitwidth() == width


@pytest.mark.parametrize(
    ("fps", "text"),
    [
        (0, "FPS is 0, expected more than 0"),
        (1e9, r"1,000,000,000 FPS at .* layer '\w+' needs .* [\d,]+ FPS are the most"),
    ],
)
def test_a_rate_that_cannot_be(folder: Path, fps: float, text: str) -> None:
    with pytest.raises(InputError, match=text):
        AccumulatorCost(folder, fps)


@pytest.mark.parametrize("fps", [None, 100_000])
def test_make_search_finds_it_by_its_file(folder: Path, repository: Path, fps: float | None) -> None:
    cost = named(f"{repository / 'fpga' / 'accumulator_cost.py'}:AccumulatorCost", folder, fps)
    assert cost({}, {}) == AccumulatorCost(folder, fps or 1000)({}, {}) > 0
    assert cost.name == f"LUTs at {fps or 1000:,} FPS, 100 MHz"  # type: ignore[attr-defined]
