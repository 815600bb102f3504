# SPDX-License-Identifier: BSD-3-Clause
"""Whole networks with the rivals' cells: which cells are replaced, by what, and the sum."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from rich.console import Console

from chain.errors import AgreementError, InputError, UnsupportedError
from fpga import mapping, resources, steps
from fpga.bench_hardware import activity, contest, flow, networks, recorded
from tests import graphs
from tests.fpga import hardware


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with the network `small`."""
    build = tmp_path_factory.mktemp("build")
    _, graph = hardware.design(graphs.linear(0), build / "small", 100_000)
    graph.save(str(build / "small" / "dataflow.onnx"))
    return build


def test_every_cell_behind_an_accumulator_is_replaced(small: Path, tmp_path: Path) -> None:
    cells = list(networks.replaced(small / "small", tmp_path))
    graph = ModelWrapper(str(small / "small" / "dataflow.onnx"))
    units = [node for node in graph.graph.node if node.op_type == "WrapMVU_rtl"]
    found = [cell for cell in cells if cell.ours.top in {node.name for node in units}]
    assert len(found) == len(units) > 0
    for node, cell in zip(units, found, strict=True):
        op = getCustomOp(node)
        assert set(cell.rivals) == set(networks.RIVALS)
        assert {name: rival.parameters["AccBits"] for name, rival in cell.rivals.items()} == {
            "plain32": 32,
            "plain8": op.get_nodeattr("accumulatorBits"),
            "finn-min": cell.rivals["finn-min"].parameters["AccBits"],
        }
        for rival in cell.rivals.values():
            assert (rival.parameters["Pe"], rival.parameters["Simd"]) == (
                op.get_nodeattr("PE"),
                op.get_nodeattr("SIMD"),
            )
    assert len(cells) > len(units)
    for cell in cells:
        for design in (cell.ours, *cell.rivals.values()):
            assert all((design.folder / name).is_file() for name in (*design.files, *design.memories))


def test_a_network_of_wide_cells_is_larger(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(stderr=True)
    monkeypatch.setattr(flow, "RECIPES", (flow.APART,))  # one is enough here, and saves half a minute
    cells = flow.Flow(tmp_path / "cache")
    (row,) = networks.rows(small, ("small", "absent"), cells, tmp_path / "rtl", 1, console)
    whole = resources.count(small / "small" / "rtl", small / "small" / "synth").whole
    assert row["ours"]["lut"] == whole.lut
    exchanged = sum(cell["lut"]["plain32"] - cell["lut"]["ours"] for cell in row["by_cell"] if "plain32" in cell["lut"])
    without = sum(cell["lut"]["ours"] for cell in row["by_cell"] if "plain32" not in cell["lut"])
    assert row["rivals"]["plain32"]["lut"] == whole.lut + exchanged - without
    assert row["ratios"]["plain32"] > 1 and row["ratios"]["plain32"] > row["ratios"]["plain8"]


def test_the_whole_netlist_switches_on_test_images(small: Path, tmp_path: Path) -> None:
    """Its results are those of the graph, and a wrong one is noticed."""
    count = sum(activity.IMAGES)
    images = hardware.pixels(graphs.linear(0), count).astype(np.uint8)
    graph = ModelWrapper(str(small / "small" / "dataflow.onnx"))
    outputs = mapping.execute(graph, images)["output"].reshape(count, -1).astype(np.int32)
    wrong = outputs.copy()
    wrong[3, 0] ^= 1
    model = steps.Model(small / "small", "small")
    with pytest.raises(InputError, match="make it anew"):  # RTL of another network
        activity.network(model, tmp_path)
    graph.set_metadata_prop(steps.SOURCE, hashlib.sha256(model.onnx.read_bytes()).hexdigest())
    graph.save(str(model.dataflow))
    for given in (wrong, outputs):
        np.savez(small / "small" / "reference.npz", images=images, labels=given.argmax(axis=1), outputs=given)
        if given is wrong:
            with pytest.raises(AgreementError, match="toy: the netlist differs in word 12 of"):
                activity.network(model, tmp_path)
    told: list[tuple[str, int]] = []
    found = activity.network(model, tmp_path, lambda stage, percent: told.append((stage, percent)))
    assert list(dict(told)) == ["netlist", "compilation", "simulation"] and dict(told)["simulation"] == 100
    assert [percent for _, percent in told] == sorted(percent for _, percent in told) and len(told) > 50
    assert found.vectors == activity.IMAGES[1] and found.cycles > 0 and found.changes > found.cycles


def test_units_and_rivals_switch_on_test_images(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each computes what the images and the trained weights say, and a unit of other weights is noticed."""
    monkeypatch.setattr(flow, "RECIPES", (flow.APART,))
    images = hardware.pixels(graphs.linear(0), recorded.IMAGES).astype(np.uint8)
    folder, model = small / "small", steps.Model(small / "small", "small")
    graph = ModelWrapper(str(model.dataflow))
    graph.set_metadata_prop(steps.SOURCE, hashlib.sha256(model.onnx.read_bytes()).hexdigest())
    graph.save(str(model.dataflow))
    none = np.zeros((len(images), 1), np.int32)
    np.savez(folder / "reference.npz", images=images, labels=none[:, 0], outputs=none)
    cells, console = flow.Flow(tmp_path / "cache"), Console(stderr=True)
    found = networks.units_on_images(model, cells, tmp_path / "rtl", 2, console)
    units = [node for node in graph.graph.node if node.op_type == "WrapMVU_rtl"]
    assert len(found["by_unit"]) == len(units)
    for name in (contest.OURS, *networks.RIVALS):
        assert found["an_image"][name] == sum(unit["an_image"][name] for unit in found["by_unit"]) > 0
    for name, ratio in found["ratios"].items():
        assert ratio == found["an_image"][name] / found["an_image"][contest.OURS]
    true = recorded._unit
    monkeypatch.setattr(recorded, "_unit", lambda *given: replace(true(*given), trained=-true(*given).trained))
    with pytest.raises(AgreementError, match="the netlist differs in word 0"):
        networks.units_on_images(model, cells, tmp_path / "rtl", 2, console)


def test_a_grouped_convolution_has_no_rival(tmp_path: Path) -> None:
    _, graph = hardware.design(graphs.grouped(0), tmp_path / "grouped", 1_000)
    graph.save(str(tmp_path / "grouped" / "dataflow.onnx"))
    with pytest.raises(UnsupportedError, match="no rival is written for"):
        list(networks.replaced(tmp_path / "grouped", tmp_path / "rtl"))
