# SPDX-License-Identifier: BSD-3-Clause
"""The PLL's dividers make the clock exactly, within what the chip can do."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from chain.errors import InputError
from fpga.bitstream import pll


@given(st.integers(4, 64), st.integers(1, 3))
def test_the_clock_is_exact(multiple: int, divider: int) -> None:
    clock = 25.0 * multiple / 4 / divider
    try:
        made = pll.dividers(25.0, clock)
    except InputError:
        return
    assert 25.0 * made.feedback == pytest.approx(clock * made.input, rel=1e-12)
    assert pll.OSCILLATOR[0] <= clock * made.output <= pll.OSCILLATOR[1]
    assert pll.PHASE_DETECTOR[0] <= 25.0 / made.input


@pytest.mark.parametrize("clock", [3.0, 50.1, 401.0])
def test_what_cannot_be_made_is_refused(clock: float) -> None:
    with pytest.raises(InputError, match=f"makes {clock:g} MHz of 25 MHz exactly: choose a clock_mhz"):
        pll.dividers(25.0, clock)
