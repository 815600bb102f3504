# SPDX-License-Identifier: BSD-3-Clause
"""The whole chain by its command lines: every stage gives the same integers, and a fault is found where it is."""

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import onnx
import pytest

from chain import agreement
from fpga.design import load
from tests import toy as toys
from tests.toy import Toy, run, succeed

EXPORTED, SIMULATED, IN_NETLIST = 40, 12, 8


def to_simulation(toy: Toy, *folding: object) -> None:
    """Train, export, map (with options for the folding), simulate, and run on the CPU engine."""
    succeed(toy, "training train")
    succeed(toy, "export export", "--images", EXPORTED)
    succeed(toy, "fpga rtl", *folding)
    shown = succeed(toy, "fpga sim", "--images", SIMULATED, "--stalls", 30)
    runs = ("12 images (30 % stalls, seed 1)", "8 images (30 % stalls, seed 2)", "8 images (without stalls)")
    assert f"compared: {', '.join(runs)}" in " ".join(shown.split())
    succeed(toy, "chain.cpu")


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    toy = toys.make(tmp_path_factory.mktemp("digits"), "digits", name="toy-digits", weights="binary")
    to_simulation(toy, "--fps", 3000)
    return toy


def results(toy: Toy, stages: tuple[str, ...]) -> dict[str, agreement.StageResult]:
    """The stages' records, none with a mismatch, all with their images."""
    found = agreement.load(toy.folder / "stages")
    assert tuple(found) == stages
    assert {stage: result.mismatches for stage, result in found.items()} == dict.fromkeys(stages, 0)
    return found


def test_digits_to_the_board(digits: Toy, pynq_python: Path, repository: Path) -> None:
    counted = succeed(digits, "fpga resources")
    assert all(kind in counted for kind in ("units", "sliding windows", "padding", "width converters"))
    succeed(digits, "fpga netlist", "--images", IN_NETLIST)
    succeed(digits, "fpga.shell")
    succeed(digits, "fpga.board evaluate", python=pynq_python)
    found = results(digits, agreement.STAGES)
    images = {stage: result.images for stage, result in found.items()}
    assert images == {
        **dict.fromkeys(("torch", "qonnx", "onnxruntime", "finn", "board", "cpu"), EXPORTED),
        "rtl": SIMULATED,
        "netlist": IN_NETLIST,
    }
    right = {stage: found[stage].correct for stage in images if images[stage] == EXPORTED}
    assert set(right.values()) == {found["torch"].correct}
    shown = succeed(digits, "chain.report")
    report = json.loads((digits.folder / "report.json").read_text(encoding="utf-8"))
    schema = json.loads((repository / "chain" / "report" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, schema)
    assert (digits.folder / "report.html").stat().st_size > 10_000
    assert "board" in shown
    command = f"make deploy MODEL={digits.recipe} FPS=3000 BUILD={digits.build}"
    assert report["repeat"] == command and f"to repeat: {command}\n" in shown


@pytest.mark.parametrize("network", ["digits-resnet", "digits-dws"])
def test_residual_and_depthwise_networks(network: str, tmp_path: Path) -> None:
    toy = toys.make(tmp_path, network, name=f"toy-{network}")
    to_simulation(toy)
    holds(toy)


def test_network_with_traps(tmp_path: Path) -> None:
    toy = toys.traps(tmp_path)
    to_simulation(toy)
    holds(toy)
    widths = {
        node.name: {a.name: a.i for a in node.attribute}
        for node in onnx.load(toy.folder / "model.onnx").graph.node
        if node.op_type == "WrapAccumulator"
    }
    assert {name: values["bits"] for name, values in widths.items()} == {"wide": 32, "row": 6, "mix": 8, "head": 8}


def test_groups_and_labels_to_the_board(tmp_path: Path, pynq_python: Path) -> None:
    """Grouped convolutions, and an accelerator that gives nothing but labels, in all stages."""
    toy = toys.grouped(tmp_path)
    to_simulation(toy)
    succeed(toy, "fpga resources")
    succeed(toy, "fpga netlist", "--images", IN_NETLIST)
    succeed(toy, "fpga.shell")
    succeed(toy, "fpga.board evaluate", python=pynq_python)
    found = results(toy, agreement.STAGES)
    stages = [found[stage] for stage in ("torch", "finn", "board", "cpu")]
    assert {(result.images, result.correct) for result in stages} == {(32, found["torch"].correct)}
    design = load(toy.folder / "rtl")
    assert (design.labels, design.output.shape, design.output.words_per_frame) == (True, (1,), 1)
    command = [str(pynq_python), "-c", LABELS, str(toy.build), toy.name]
    done = subprocess.run(command, cwd=toys.ROOT, env=toys.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "16 golden images\n"), done.stderr


LABELS = """
import sys
from pathlib import Path
import numpy as np
from fpga.board.evaluate import simulated_board
from host import WrapNetOverlay, connect

folder = Path(sys.argv[1]) / sys.argv[2]
with np.load(folder / "reference.npz") as content, simulated_board(folder.parent) as address:
    images, labels = content["images"][:20], content["outputs"][:20].argmax(axis=1)
    board = WrapNetOverlay(folder / "board" / f"{sys.argv[2]}.bit", device=connect(address))
    print(board.self_test(), "golden images")
    np.testing.assert_array_equal(board.run(images, labels=True), labels)
    np.testing.assert_array_equal(board.run(images), labels[:, None])
"""


def holds(toy: Toy) -> None:
    """All stages but those of the netlist and the board agree, and the interval is that of the slowest layer."""
    found = results(toy, ("torch", "qonnx", "onnxruntime", "finn", "rtl", "cpu"))
    assert found["rtl"].images == SIMULATED
    assert len({found[stage].correct for stage in ("torch", "qonnx", "onnxruntime", "finn", "cpu")}) == 1
    extra = found["rtl"].extra
    interval, bound = extra["interval"], extra["bound"]
    assert isinstance(interval, float) and isinstance(bound, int)
    assert 0 < interval <= 1.02 * bound
    assert bound == load(toy.folder / "rtl").bound


@pytest.fixture
def copy(digits: Toy, tmp_path: Path) -> Toy:
    """The digits network up to simulation, to be spoilt."""
    shutil.copytree(digits.recipe.parent, tmp_path / "copy", symlinks=True)
    return Toy(tmp_path / "copy" / digits.recipe.name, digits.name)


def spoil(path: Path) -> None:
    """Turn the lowest bit of a memory's first word."""
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    turned = f"{int(first, 16) ^ 1:0{len(first)}x}"
    path.write_text("\n".join([turned, *rest, ""]), encoding="utf-8")


@pytest.mark.parametrize(
    "memory, layer",
    [("WrapMVU_rtl_0_weights.hex", "conv1.acc"), ("WrapActivation_rtl_1_*_0.hex", "conv1.act")],
    ids=["weight", "threshold"],
)
def test_one_wrong_bit_in_a_memory_is_found_at_its_layer(copy: Toy, memory: str, layer: str) -> None:
    (path,) = (copy.folder / "rtl").glob(memory)
    spoil(path)
    done = run(copy, "fpga sim", "--images", 4)
    assert done.returncode == 2 and "Traceback" not in done.stdout
    assert f"stage 'rtl' differs from 'finn' on 4 of 4 images; first at layer '{layer}', image 0" in done.stdout
    divergence = agreement.load(copy.folder / "stages")["rtl"].divergence
    assert divergence is not None and divergence.layer == layer and divergence.expected != divergence.got


def test_rtl_of_another_model_is_refused(copy: Toy) -> None:
    model = onnx.load(copy.folder / "model.onnx")
    model.metadata_props.add(key="wrapnet.other", value="1")
    onnx.save(model, copy.folder / "model.onnx")
    for step in ("sim", "resources", "netlist"):
        done = run(copy, f"fpga {step}")
        assert done.returncode == 2 and "Traceback" not in done.stdout
        assert f"{copy.folder / 'rtl'} was made from another model.onnx" in done.stdout
        assert f"make rtl MODEL={copy.recipe}" in done.stdout
