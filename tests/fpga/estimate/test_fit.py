# SPDX-License-Identifier: BSD-3-Clause
"""Factors are found again, and what is held out was not seen."""

import numpy as np
import pytest

from chain.errors import InputError
from fpga.estimate.coefficients import Table
from fpga.estimate.fit import Row, fit, held_out
from fpga.estimate.structure import Counts, Structure


def made(seed, count=24):
    """Nodes of two kinds whose cells follow factors near 1 and a constant."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        kind, a, b = f"kind {index % 2}", int(rng.integers(20, 200)), int(rng.integers(20, 200))
        lut = round(1.2 * a + 0.8 * b + 15)
        rows.append(Row(kind, (Structure(kind, {"a": a, "b": b, "one": 1}, {"a": a}),), Counts(lut=lut, ff=a)))
    return rows


def test_factors_are_found_again():
    factors = fit(made(0))
    assert set(factors["lut"]) == {"kind 0", "kind 1"}
    for terms in factors["lut"].values():
        assert terms["a"] == pytest.approx(1.2, abs=0.1) and terms["b"] == pytest.approx(0.8, abs=0.1)
    assert factors["ff"]["kind 0"]["a"] == pytest.approx(1.0, abs=0.01)
    assert factors["carry4"] == {"kind 0": {}, "kind 1": {}}


def test_none_is_negative():
    rows = [Row("k", (Structure("k", {"a": n, "b": 100 - n}, {}),), Counts(lut=3 * n)) for n in range(10, 90, 10)]
    assert all(value >= 0 for value in fit(rows)["lut"]["k"].values())


def test_what_is_held_out_was_not_seen():
    """A node that lies is expected as the others say it should be."""
    rows = made(1)
    honest = rows[3].counted.lut
    rows[3] = Row(rows[3].kind, rows[3].structures, Counts(lut=5 * honest, ff=rows[3].counted.ff))
    assert held_out(rows, 4)[3].lut == pytest.approx(honest, rel=0.1)


def test_every_node_is_held_out_once_but_those_of_a_kind_of_their_own():
    rows = [*made(2, 9), Row("alone", (Structure("alone", {"a": 1}, {}),), Counts(lut=1))]
    assert sorted(held_out(rows, 5)) == list(range(9))


def test_a_kind_that_was_not_calibrated_is_told():
    with pytest.raises(InputError, match=r"no factors for lut of 'new'.*make calibrate"):
        Table(fit(made(3))).counts(Structure("new", {"a": 1}, {}))
