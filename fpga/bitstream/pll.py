# SPDX-License-Identifier: BSD-3-Clause
"""The dividers of the ECP5's PLL (EHXPLLL) for a clock that is made exactly, or not at all."""

from dataclasses import dataclass
from fractions import Fraction

from chain.errors import InputError

# MHz, from the family's data sheet; dividers from the cell's.
PHASE_DETECTOR = (10, 400)
OSCILLATOR = (400, 800)
_MOST_INPUT, _MOST_FEEDBACK, _MOST_OUTPUT = 128, 80, 128


@dataclass(frozen=True)
class Pll:
    """Clock = reference * feedback / input; the PLL's own oscillator runs `output` times as fast as the clock."""

    input: int
    feedback: int
    output: int


def dividers(reference_mhz: float, clock_mhz: float) -> Pll:
    """Dividers that make exactly `clock_mhz`: the fastest phase detector, then an oscillator in mid-range.

    >>> dividers(25.0, 50.0)
    Pll(input=1, feedback=2, output=12)

    Raises InputError if there are none.
    """
    reference, clock = Fraction(reference_mhz), Fraction(clock_mhz)
    outputs = [n for n in range(1, _MOST_OUTPUT + 1) if OSCILLATOR[0] <= clock * n <= OSCILLATOR[1]]
    for divider in range(1, _MOST_INPUT + 1):
        detector = reference / divider
        feedback = clock / detector
        fits = PHASE_DETECTOR[0] <= detector <= PHASE_DETECTOR[1] and feedback <= _MOST_FEEDBACK
        if fits and feedback.denominator == 1 and outputs:
            middle = sum(OSCILLATOR) / 2
            return Pll(divider, int(feedback), min(outputs, key=lambda n: abs(clock * n - Fraction(middle))))
    raise InputError(
        f"no setting of the ECP5's PLL makes {clock_mhz:g} MHz of {reference_mhz:g} MHz exactly: choose a clock_mhz "
        f"that is a simple fraction of {reference_mhz:g} (its multiples, halves, ...) between 3.2 and 400"
    )
