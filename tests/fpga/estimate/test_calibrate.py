# SPDX-License-Identifier: BSD-3-Clause
"""The factors that come with the toolkit are those of the counts that come with it, and what synthesis says."""

import dataclasses
import json
import time
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner

from fpga import commands, resources, stitch
from fpga.estimate import calibrate, coefficients, measure, samples
from fpga.estimate.structure import Counts


@pytest.fixture(scope="module")
def measured():
    return calibrate.load()


@pytest.fixture(scope="module")
def rows(measured):
    return calibrate.rows(measured)


def expected(row):
    counts = Counts()
    for structure in row.structures:
        counts.add(coefficients.shipped().counts(structure))
    return counts


def test_shipped_factors_are_fitted_to_the_shipped_counts(rows):
    made, shipped = calibrate.table(rows), coefficients.shipped()
    assert json.loads(json.dumps(made.errors)) == shipped.errors
    for cell, kinds in made.factors.items():
        for kind, terms in kinds.items():
            assert terms == pytest.approx(shipped.factors[cell][kind], abs=1e-3), (cell, kind)


def test_estimates_agree_with_the_counts(rows):
    """What was fitted to: nine of ten nodes are within a tenth; flip-flops are nearly exact."""
    for cell, share in (("lut", 0.9), ("ff", 0.95)):
        errors = np.array([abs(calibrate.relative(expected(row), row.counted, cell)) for row in rows])
        assert np.mean(errors <= 0.1) >= share and np.mean(errors <= 0.25) >= 0.95
    assert np.mean([expected(row).bram36 == row.counted.bram36 for row in rows]) > 0.9


def test_units_agree_although_they_were_not_fitted_to():
    """A third at a time is estimated by factors fitted to the others."""
    errors = coefficients.shipped().errors
    assert errors["kinds"]["matrix"]["lut"]["within_10_percent"] >= 0.9
    assert errors["kinds"]["unrolled"]["lut"]["within_10_percent"] >= 0.9
    assert errors["held_out"]["lut"]["within_10_percent"] >= 0.9


def test_levels_of_nodes_that_were_not_fitted_to():
    """Of three in four exact, of nearly all off by one at most."""
    levels = coefficients.shipped().errors["held_out"]["levels"]
    assert levels["exact"] >= 0.75 and levels["within_1"] >= 0.97


def test_every_kind_was_measured(measured):
    assert {entry.kind for entry in measured} == set(samples.KINDS)


def test_samples_are_the_same_whatever_else_is_drawn():
    (first,) = samples.draw({"matrix": 1}, 1)
    again = list(samples.draw({"fold": 2, "matrix": 3}, 1))[2]
    assert first.model.model.SerializeToString() == again.model.model.SerializeToString()


def test_fresh_syntheses(tmp_path):
    """Of nodes that were not measured: a matrix-vector unit and a FIFO; the second time nothing is synthesised."""
    drawn = [sample for sample in samples.draw({"matrix": 3, "fifo": 3}, 7) if sample.index == 2]
    counted = measure.synthesised(drawn, tmp_path)
    for sample, use in zip(drawn, counted, strict=True):
        estimate = expected(calibrate.row(sample, use))
        assert estimate.lut == pytest.approx(use.lut, rel=0.15, abs=3)
        assert estimate.ff == pytest.approx(use.ff, rel=0.1)
        assert abs(estimate.levels - use.levels) <= 1
    with mock.patch.object(measure.yosys, "run") as run:
        assert measure.synthesised(drawn, tmp_path) == counted
    run.assert_not_called()


def test_one_run_counts_as_one_design(tmp_path):
    """Side by side with others a node takes what it takes by itself."""
    (sample,) = samples.draw({"search": 1}, 3)
    (other,) = samples.draw({"label": 1}, 3)
    rtl = tmp_path / "rtl"
    stitch.stitch(sample.model, rtl, "sample", measure.CLOCK_MHZ, samples.PART)
    alone = resources.count(rtl, tmp_path / "cache")
    expected = Counts(**dataclasses.asdict(alone.whole), levels=max(alone.levels.values()))
    assert measure.synthesised([other, sample], tmp_path / "cache")[1] == expected


def test_it_takes_no_time(rows):
    begin = time.process_time()
    for row in rows:
        expected(row)
    assert time.process_time() - begin < 0.1


def test_the_command(tmp_path, monkeypatch):
    """On a few nodes, into other files: it counts, fits, tells, and a second time it synthesises nothing."""
    monkeypatch.setattr(calibrate, "COUNTS", {"padding": 3, "converter": 4})
    monkeypatch.setattr(calibrate, "MEASURED", tmp_path / "measured.json")
    monkeypatch.setattr(coefficients, "SHIPPED", tmp_path / "coefficients.json")
    arguments = ["calibrate", "--build", str(tmp_path / "build")]
    first = CliRunner().invoke(commands.main, arguments)
    assert first.exit_code == 0, first.output
    assert "converter" in first.output and "%" in first.output
    assert len(calibrate.load(tmp_path / "measured.json")) == 7
    assert coefficients.load(tmp_path / "coefficients.json").made_with["nodes"] == "7"
    with mock.patch.object(measure.yosys, "run") as run:
        assert CliRunner().invoke(commands.main, arguments).exit_code == 0
    run.assert_not_called()
