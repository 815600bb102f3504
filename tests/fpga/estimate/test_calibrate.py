# SPDX-License-Identifier: BSD-3-Clause
"""The factors that come with the toolkit are those of the counts that come with it, and what synthesis says."""

import json
import time

import numpy as np
import pytest

from fpga.estimate import calibrate, coefficients, measure, samples
from fpga.resources import Use


@pytest.fixture(scope="module")
def measured():
    return calibrate.load()


@pytest.fixture(scope="module")
def rows(measured):
    return calibrate.rows(measured)


def expected(row):
    use = Use()
    for structure in row.structures:
        use.add(coefficients.shipped().use(structure))
    return use


def test_shipped_factors_are_fitted_to_the_shipped_counts(rows):
    made, shipped = calibrate.table(rows), coefficients.shipped()
    assert json.loads(json.dumps(made.errors)) == shipped.errors
    for cell, kinds in made.factors.items():
        for kind, terms in kinds.items():
            assert terms == pytest.approx(shipped.factors[cell][kind], abs=1e-3), (cell, kind)


def test_estimates_agree_with_the_counts(rows):
    """Nine of ten nodes are within a quarter, half of them within a tenth; flip-flops are nearly exact."""
    for cell, share in (("lut", 0.5), ("ff", 0.8)):
        errors = [abs(calibrate.relative(expected(row), row.counted, cell)) for row in rows]
        assert np.mean(np.array(errors) <= 0.25) >= 0.9
        assert np.mean(np.array(errors) <= 0.1) >= share
    assert np.mean([expected(row).bram36 == row.counted.bram36 for row in rows]) > 0.9


def test_every_kind_was_measured(measured):
    assert {entry.kind for entry in measured} == set(samples.KINDS)


def test_samples_are_the_same_whatever_else_is_drawn():
    (first,) = samples.draw({"matrix": 1}, 1)
    again = list(samples.draw({"fold": 2, "matrix": 3}, 1))[2]
    assert first.model.model.SerializeToString() == again.model.model.SerializeToString()


def test_a_fresh_synthesis(tmp_path):
    """Of a node that was not measured: a deep FIFO between two registers."""
    (sample,) = [s for s in samples.draw({"fifo": 100}, 7) if s.index == 99]
    counted = measure.synthesised(sample, tmp_path)
    estimate = expected(calibrate.row(sample, counted))
    assert estimate.lut == pytest.approx(counted.lut, rel=0.3)
    assert estimate.ff == pytest.approx(counted.ff, rel=0.1)
    assert estimate.bram36 == counted.bram36


def test_it_takes_no_time(rows):
    begin = time.process_time()
    for row in rows:
        expected(row)
    assert time.process_time() - begin < 0.1
