# SPDX-License-Identifier: BSD-3-Clause
"""The whole benchmark on tiny layers and networks: rows, targets and page."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from host.cpu import library
from host.cpu.plan import Activation, Conv, MaxPool, Plan
from scripts.bench_cpu import commands, layers, machine, networks, page, targets
from scripts.bench_cpu.layers import Shape
from scripts.bench_cpu.rows import OURS, Row


def tiny_plan() -> Plan:
    rng = np.random.default_rng(3)
    weights = rng.choice([-1, 1], (64, 3, 3, 3)).astype(np.int8)
    activation = Activation(np.ones(64, np.int8), np.sort(rng.integers(-40, 40, (64, 3)), axis=1).astype(np.int32))
    end = rng.choice([-1, 1], (10, 64, 3, 3)).astype(np.int8)
    steps = (
        Conv("conv", 0, 1, weights, fold=3, activation=activation),
        MaxPool("pool", 1, 2, (2, 2), (2, 2)),
        Conv("end", 2, None, end, fold=3),
    )
    return Plan((3, 8, 8), 255, steps)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], str, str]:
    """cpu.json's rows, the page, and what the terminal shows, of a run over very little."""
    shapes = (Shape("matrix", 24, 64), Shape("matrix", 32, 128))

    def few_layers(full: bool, threads: int, best: bool) -> Any:
        yield from (layers.Setting(shape, "binary", 4, 64, 1) for shape in shapes)
        yield layers.Setting(shapes[0], "ternary", 2, 64, 1)
        yield layers.Setting(Shape("3x3 convolution", 8, 64, 3, 4), "binary", 1, 65, 2)

    def few_networks(full: bool, names: tuple[str, ...], threads: int) -> Any:
        yield from (networks.Setting(names[0], batch, count) for batch, count in ((1, 1), (64, 1), (64, threads)))

    build = tmp_path_factory.mktemp("build")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "settings", few_layers)
        patch.setattr(networks, "settings", few_networks)
        patch.setattr(networks, "plans", lambda build: {"tiny": (tiny_plan(), "random")})
        patch.setattr(commands, "REPETITIONS", {False: 2, True: 2})
        done = CliRunner().invoke(commands.main, ["--build", str(build)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = json.loads((build / "bench" / "cpu.json").read_text(encoding="utf-8"))
    return rows, (build / "bench" / page.NAME).read_text(encoding="utf-8"), done.output


def test_every_row_has_settings_ours_rivals_and_ratio(result: tuple[list[Row], str, str]) -> None:
    rows, _, _ = result
    kinds = {row["kind"] for row in rows}
    assert kinds == {"machine", "layer", "network", "target"}
    for row in rows:
        assert {"settings", "ours", "rivals", "ratio"} <= set(row)
        if row["kind"] == "target":
            continue
        assert {"cpu", "cores", "load", "isa", "threads", "versions"} <= set(row["settings"])
        if row["kind"] == "machine":
            continue
        assert set(row["ratios"]) == set(row["rivals"]) >= {"16-bit lanes", "32-bit lanes"}
        for figure in (row["ours"], *row["rivals"].values()):
            low, high = figure["range"]
            assert 0 < low <= figure["value"] <= high and figure["seconds"] > 0
        for name, ratio in row["ratios"].items():
            assert ratio == pytest.approx(row["ours"]["value"] / row["rivals"][name]["value"])
        assert row["wins"] == sorted((n for n in row["ratios"] if row["ratios"][n] < 1), key=row["ratios"].__getitem__)


def test_layers_have_every_rival_on_every_instruction_set(result: tuple[list[Row], str, str]) -> None:
    rows = [row for row in result[0] if row["kind"] == "layer"]
    sets = {isa.name for isa in machine.instruction_sets()}
    assert {row["settings"]["isa"] for row in rows} == sets and len(rows) == 4 * len(sets)
    for row in rows:
        expected = {"16-bit lanes", "32-bit lanes", "dot product", "bit planes"}
        expected |= {"dot product, 16-bit sums"} if row["settings"]["isa"] == "avx2" else set()
        assert set(row["rivals"]) == expected
        assert row["limit"]["share"] == pytest.approx(row["ours"]["value"] / row["limit"]["value"])
        assert row["best_exact"] == min(row["ratios"], key=row["ratios"].__getitem__)


def test_networks_have_every_rival(result: tuple[list[Row], str, str]) -> None:
    rows = [row for row in result[0] if row["kind"] == "network"]
    assert len(rows) == 3
    for row in rows:
        assert {
            *("exact kernels", "onnxruntime float32", "onnxruntime int8"),
            *("PyTorch float32", "PyTorch float32, channels last", "PyTorch int8"),
        } <= set(row["rivals"])
        assert set(row["exact_kernels"]) == {"conv", "end"}
        assert row["settings"]["macs"] == 64 * 27 * 36 + 10 * 576


def test_targets_are_geometric_means(result: tuple[list[Row], str, str]) -> None:
    rows, _, output = result
    best = machine.instruction_sets()[0].name
    matrices = [
        row["ratio"]
        for row in rows
        if row["kind"] == "layer" and row["settings"]["isa"] == best and row["settings"]["layer"] == "matrix"
        if row["settings"]["weights"] == "binary"
    ]
    found = {row["settings"]["what"]: row for row in rows if row["kind"] == "target"}
    row = found[f"Matrices, binary weights, 4-bit levels, {best}: times the fastest exact kernel"]
    assert len(matrices) == row["settings"]["rows"] == 2
    assert row["ours"]["value"] == pytest.approx((matrices[0] * matrices[1]) ** 0.5)
    assert row["met"] == (row["ours"]["value"] >= row["target"]) == (row["ratio"] >= 1)
    assert all(what in output for what in found)


def test_the_page_stands_alone_and_shows_all(result: tuple[list[Row], str, str]) -> None:
    rows, text, _ = result
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", text) and "<script" not in text
    assert rows[0]["settings"]["cpu"] in text
    for row in rows:
        if row["kind"] == "target":
            assert row["settings"]["what"] in text
        assert all(name in text for name in row["rivals"])
    for loss in page.losses(rows):
        assert f"<li>{loss['where']}: {loss['winners']}</li>" in text
    assert text.count("<polyline") >= 5 and text.count('class="bar-ours"') == 3


def network_row(batch: int, threads: int, value: float, **ratios: float) -> Row:
    settings = {"isa": "x", "network": "cifar-cnv", "batch": batch, "threads": threads}
    return {
        "kind": "network",
        "settings": settings,
        "ours": {"value": value},
        "ratios": ratios,
        "ratio": min(ratios.values(), default=1.0),
    }


def test_speed_and_scaling_targets() -> None:
    rows = [network_row(64, 1, 100.0), network_row(64, 2, 170.0), network_row(1024, 2, 500.0)]
    found = {row["settings"]["what"]: row for row in targets.targets(rows, "x", 2)}
    cifar = found["10,000 images through cifar-cnv, 2 threads: seconds"]
    assert cifar["ours"]["value"] == 20 and not cifar["met"] and cifar["ratio"] == 0.5
    scaling = found[f"Networks, batch 64: 2 threads times one ({OURS})"]
    assert scaling["ours"]["value"] == pytest.approx(1.7) and not scaling["met"]


def test_losses_and_load_are_said() -> None:
    row = network_row(64, 1, 100.0, fast=0.5, slow=2.0)
    assert page.losses([row | {"wins": ["fast"]}]) == [
        {"where": "cifar-cnv, batch 64, 1 thread, x", "winners": "fast (2 times)"}
    ]
    assert page.busy([{"settings": {"cores": 2, "load": 0.9}}]) is None
    assert page.busy([{"settings": {"cores": 2, "load": 1.1}}]) == 1.1


def test_settings_cover_all_batches_and_threads() -> None:
    full, quick = list(layers.settings(True, 2, True)), list(layers.settings(False, 2, True))
    assert len(full) == len(set(full)) == 12 * 4 * 3 * 2 and set(quick) <= set(full)
    assert len(list(layers.settings(False, 2, False))) == 16
    assert {setting.shape.fan_in for setting in full} == {576, 1152, 2304, 4608}
    assert len(list(networks.settings(True, ("a", "b"), 2))) == 12
    assert {(s.batch, s.threads) for s in networks.settings(False, ("a",), 1)} == {(1, 1), (64, 1), (1024, 1)}


def test_cifar_cnv_has_the_known_shapes() -> None:
    plan = networks.cifar_cnv()
    assert [tensor.shape for tensor in plan.tensors][1:] == [
        *((64, 30, 30), (64, 28, 28), (64, 14, 14), (128, 12, 12), (128, 10, 10), (128, 5, 5)),
        *((256, 3, 3), (256, 1, 1), (512, 1, 1), (512, 1, 1)),
    ]
    assert plan.output_shape == (10, 1, 1) and plan.input_maximum == 255


def test_a_machine_without_avx2_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(library, "available", lambda: ["sse2"])
    done = CliRunner().invoke(commands.main, ["--build", str(tmp_path)])
    assert done.exit_code == 2 and "need AVX2; this machine runs sse2" in done.output
