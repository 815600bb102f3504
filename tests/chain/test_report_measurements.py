# SPDX-License-Identifier: BSD-3-Clause
"""Measurements in the report: the driver's files are taken, others named, and no simulated figure is a board's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.errors import InputError
from chain.report import collect, measurements, page
from chain.report.commands import main
from fpga.board import machine
from host import bench, measurement
from tests.chain import made_up
from tests.host.measured import HASH, Overlay


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """build/toy with every input, and the design that the simulated board was built of."""
    folder = made_up.write_all(tmp_path)
    (folder / "board").mkdir()
    (folder / "board" / "toy.json").write_text(json.dumps({"design_hash": HASH}), encoding="utf-8")
    return folder


def write(folder: Path, name: str = "Pynq-Z2", simulated: bool = False, **options: Any) -> Path:
    """What the driver writes for an overlay that is made up."""
    overlay = Overlay(simulated, memory=4 * 1000)
    found = bench.measure(overlay, [1, 1000, 2000], 3, 1, energy_seconds=1e-6, **options)
    path = folder / "measurements" / f"{name}.json"
    measurement.save(found, path)
    return path


def report_of(folder: Path) -> collect.Report:
    return collect.collect(folder, folder.name, f"MODEL={folder.name}")


def test_the_name_of_the_simulated_board() -> None:
    assert machine.NAME == measurements.SIMULATED


def test_without_any_the_page_says_that_nothing_was_measured(folder: Path) -> None:
    report = report_of(folder)
    assert report["measurements"] == [] and "Nothing was measured on a board" in page.render(report)


def test_a_boards_figures_are_those_of_its_file(folder: Path) -> None:
    path = write(folder, watts=2.5)
    report = report_of(folder)
    assert report["measurements"] == [{"file": "measurements/Pynq-Z2.json", **json.loads(path.read_text())}]
    assert report["notes"] == []
    (table,) = measurements.shown(report)
    assert (table.title, table.simulated) == ("Measured on Pynq-Z2", False)
    assert "Release 2022_09_20 5a02a07, PynqLinux 22.04, Linux 5.15" in table.about and "100 MHz" in table.about
    assert "median of 3 calls and the interquartile range in brackets" in table.about
    one, many = (dict(zip(table.headings, row, strict=True)) for row in table.rows)
    assert one["interval, cycles"] == one["steady images/s"] == "-"
    assert (many["images a call"], many["interval, cycles"], many["steady images/s"]) == (
        "1,000",
        "40 (0)",
        "2,500,000",
    )
    assert (many["first image, µs"], many["packing, ms"], many["transfer, ms"]) == ("5.07 (0.01)", "7 (1)", "70 (10)")
    assert table.left_out == ("2,000 images: the board has no memory for a buffer of 8000 bytes",)
    assert "mJ an image by the user's own reading of 2.5 W (1,000 images in" in table.energy


def test_a_boards_figures_and_the_simulated_ones_are_not_mixed_up(folder: Path) -> None:
    write(folder, "a-simulated", simulated=True)
    report = report_of(folder)
    assert "Nothing was measured on a board" in page.render(report)
    write(folder)
    real, simulated = measurements.shown(report_of(folder))
    assert (real.simulated, simulated.simulated) == (False, True)
    assert simulated.title == "Counted on the simulated board" and simulated.energy == ""
    assert "Nothing here was measured on hardware" in simulated.about
    assert not {"packing, ms", "transfer, ms", "whole call, ms"} & set(simulated.headings)
    html = page.render(report_of(folder))
    assert "Nothing was measured on a board" not in html
    assert html.index("Measured on Pynq-Z2") < html.index("Counted on the simulated board")


def test_rails_are_told_apart_from_the_users_meter(folder: Path) -> None:
    path = write(folder)
    values = json.loads(path.read_text())
    values["energy"]["rails"] = {
        **{"watts": 4.25, "idle_watts": 3.5, "samples": 9, "of": "the supply", "by_rail": {}},
        "joules_per_image": 0.0123,
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    (table,) = measurements.shown(report_of(folder))
    assert "12.3 mJ an image by the board's rails (4.25 W, at rest 3.50 W; the supply)" in table.energy
    assert "user" not in table.energy
    values["energy"]["rails"] = None
    path.write_text(json.dumps(values), encoding="utf-8")
    (table,) = measurements.shown(report_of(folder))
    assert table.energy.startswith("Energy: Pynq-Z2 has no power sensor") and "mJ" not in table.energy


def test_the_tables_of_the_terminal(folder: Path) -> None:
    write(folder)
    write(folder, "simulated", simulated=True)
    done = CliRunner().invoke(main, ["toy", "--build", str(folder.parent)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    real = done.output.index("Measured on Pynq-Z2")
    assert real < done.output.index("packing, ms") < done.output.index("Counted on the simulated board")
    assert "left out: 2,000 images" in done.output and "Energy: Pynq-Z2 has no power sensor" in done.output
    saved = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [found["simulated"] for found in saved["measurements"]] == [False, True]


def test_one_of_another_design_is_named_and_left_out(folder: Path) -> None:
    write(folder)
    (folder / "board" / "toy.json").write_text(json.dumps({"design_hash": "cd" * 32}), encoding="utf-8")
    report = report_of(folder)
    assert report["measurements"] == []
    assert report["notes"] == [
        "measurements/Pynq-Z2.json was measured on the design abababab, the present one is cdcdcdcd: it is left out; "
        "measure again"
    ]
    assert "abababab" in page.render(report)
    (folder / "board" / "toy.json").unlink()
    assert "the present one is not known (make shell)" in report_of(folder)["notes"][0]


def test_one_of_another_model_is_named_and_left_out(folder: Path) -> None:
    path = write(folder)
    made_up.corrupt(path, model="other")
    report = report_of(folder)
    assert report["measurements"] == []
    assert report["notes"] == ["measurements/Pynq-Z2.json is of the model 'other' and left out"]


def batch(index: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values["batches"][index].update(changes)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda values: values.pop("board"), "'board' is a required property"),
        (lambda values: values.update(format=2), "format: 1 was expected"),
        (lambda values: values.update(design_hash="ab"), "design_hash: 'ab' does not match"),
        (batch(0, fill_cycles=None), "batches.0.fill_cycles"),
        (batch(1, fps="fast"), "batches.1.fps"),
        (lambda values: values["batches"][0].pop("cycles"), "batches.0: 'cycles' is a required property"),
        (batch(0, host_seconds=None), "batches.0.host_seconds"),
        (lambda values: values.update(simulated=True), "is not what `bench` writes"),
        (lambda values: values["board"].update(name="wrapnet-simulated"), "simulated is False on 'wrapnet-simulated'"),
    ],
)
def test_what_is_no_measurement_is_refused(folder: Path, spoil: Callable[[dict[str, Any]], Any], says: str) -> None:
    path = write(folder)
    values = json.loads(path.read_text())
    spoil(values)
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        report_of(folder)
    assert str(path) in str(caught.value) and says in str(caught.value) and "remove it" in str(caught.value)


def test_a_simulated_one_with_a_boards_figures_is_refused(folder: Path) -> None:
    path = write(folder, simulated=True)
    energy = json.loads(write(folder, "real").read_text())["energy"]
    made_up.corrupt(path, energy=energy)
    with pytest.raises(InputError, match=r"energy: .* is not of type 'null'"):
        report_of(folder)


def test_what_is_not_json_is_named(folder: Path) -> None:
    write(folder).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"Pynq-Z2.json is not JSON .*remove it and measure again"):
        report_of(folder)
