# SPDX-License-Identifier: BSD-3-Clause
"""The file that `bench` writes: quartiles, its place, and that it is whole or absent."""

import json
import statistics
from pathlib import Path

import numpy as np
import pytest

from host import bench, manifest, measurement
from tests.host.measured import Overlay


def test_quartiles_are_those_of_the_standard_library() -> None:
    values = np.random.default_rng(2).exponential(size=21).tolist()
    found = measurement.spread(values)
    assert [found.q1, found.median, found.q3] == pytest.approx(statistics.quantiles(values, n=4, method="inclusive"))
    assert found.iqr == pytest.approx(found.q3 - found.q1)
    assert measurement.spread([7]) == measurement.Spread(7.0, 7.0, 7.0)


def test_the_file(tmp_path: Path) -> None:
    found = bench.measure(Overlay(), [1, 4], watts=2.0, energy_seconds=1e-6)
    path = tmp_path / "new" / "Pynq-Z2.json"
    measurement.save(found, path)
    values = json.loads(path.read_text())
    assert values == found.as_json() | {"batches": values["batches"]}
    assert (values["format"], values["simulated"], values["spread"]) == (1, False, "interquartile range")
    assert values["board"] == {
        "name": "Pynq-Z2",
        "image": "Release 2022_09_20 5a02a07",
        "system": "PynqLinux 22.04, Linux 5.15",
        "remote": False,
    }
    assert set(values["driver"]) == {"driver", "pynq", "numpy", "python"}
    one, four = values["batches"]
    assert one["fps"] is None and one["interval_cycles"] is None and four["fps"] == 2.5e6
    assert set(four["host_seconds"]) == {"pack", "transfer", "unpack", "call"}
    assert values["energy"]["meter"]["watts"] == 2.0 and values["energy"]["rails"] is None


def test_a_batch_that_was_left_out_has_no_figures(tmp_path: Path) -> None:
    found = bench.measure(Overlay(memory=8), [2, 3], energy_seconds=1e-6)
    assert found.as_json()["batches"][1] == {
        "images": 3,
        "skipped": "the board has no memory for a buffer of 12 bytes",
    }


def test_what_is_no_number_is_not_written(tmp_path: Path) -> None:
    overlay = Overlay()
    overlay.clock_mhz = float("nan")
    found = bench.measure(overlay, [2], energy_seconds=1e-6)
    with pytest.raises(ValueError, match="Out of range float values"):
        measurement.save(found, tmp_path / "file.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("bitfile", "expected"),
    [
        ("build/toy/board/toy.bit", "build/toy/measurements/Pynq-Z2.json"),
        ("build/toy/bitstream/pynq-z2/toy.bit", "build/toy/measurements/Pynq-Z2.json"),
        ("somewhere/toy.bit", "somewhere/measurements/Pynq-Z2.json"),
    ],
)
def test_its_place_is_where_the_report_looks(tmp_path: Path, bitfile: str, expected: str) -> None:
    assert measurement.default_path(tmp_path / bitfile, "Pynq-Z2") == tmp_path / expected


def test_in_a_bundle_its_place_is_the_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / manifest.NAME).touch()
    assert measurement.default_path(folder / "toy.bit", "x") == folder / "measurements" / "x.json"


@pytest.mark.parametrize(("board", "name"), [("../../etc", "_.._etc"), ("a b/c", "a_b_c"), ("..", "board")])
def test_a_boards_name_stays_in_the_folder(tmp_path: Path, board: str, name: str) -> None:
    path = measurement.default_path(tmp_path / "toy.bit", board)
    assert path == tmp_path / "measurements" / f"{name}.json"
