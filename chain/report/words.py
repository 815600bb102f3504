# SPDX-License-Identifier: BSD-3-Clause
"""Numbers as the page and the tables write them."""


def count(value: float) -> str:
    """Thousands apart, no decimals.

    >>> count(12345.6)
    '12,346'
    """
    return f"{value:,.0f}"


def percent(value: float) -> str:
    """A share as a percentage with two decimals.

    >>> percent(0.97222)
    '97.22 %'
    """
    return f"{100 * value:.2f} %"


def rate(value: float) -> str:
    """A share that may be tiny: two significant digits, "0 %" only for zero.

    >>> [rate(0), rate(0.0312), rate(0.00000234), rate(1e-9)]
    ['0 %', '3.1 %', '0.00023 %', '< 0.0001 %']
    """
    if value == 0:
        return "0 %"
    if value < 1e-6:
        return "< 0.0001 %"
    return f"{float(f'{100 * value:.2g}'):.10f}".rstrip("0").rstrip(".") + " %"


def plain(value: float) -> str:
    """Thousands apart, decimals only where there are any.

    >>> [plain(100.0), plain(2.5)]
    ['100', '2.5']
    """
    return f"{value:,.10g}"


def micro(value: float) -> str:
    """Microseconds, in the unit that reads best.

    >>> [micro(12.34), micro(1234.0)]
    ['12.3 µs', '1.23 ms']
    """
    return f"{value:.1f} µs" if value < 1000 else f"{value / 1000:.2f} ms"
