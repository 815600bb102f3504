# SPDX-License-Identifier: BSD-3-Clause
"""Ticks of a picture's axis."""

import math


def step(reach: float) -> float:
    """A round distance of ticks that makes three to six of them over `reach` > 0.

    >>> step(100.0), step(3.0)
    (25.0, 1.0)
    """
    rough = reach / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
