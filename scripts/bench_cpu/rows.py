# SPDX-License-Identifier: BSD-3-Clause
"""The rows of cpu.json: settings, our figure, every rival's, and the ratios."""

from collections.abc import Mapping
from typing import Any

from scripts.bench_cpu.timing import Timing

Row = dict[str, Any]
OURS = "byte lanes"


def row(
    kind: str,
    settings: Mapping[str, Any],
    unit: str,
    work: float,
    timings: Mapping[str, Timing],
    exact: frozenset[str],
    **more: Any,
) -> Row:
    """One comparison. `timings` has OURS and the rivals; `exact` names those rivals that sum the same products without
    wrapping, as fast as they can. `ratios` are ours by theirs, more than 1 where we are faster; `ratio` is that to the
    fastest of `exact`, or of all rivals where there is none.
    """
    rivals = {name: timing.rates(work) for name, timing in timings.items() if name != OURS}
    ours = timings[OURS].rates(work)
    ratios = {name: timings[name].median / timings[OURS].median for name in rivals}
    best = min((name for name in rivals if not exact or name in exact), key=lambda name: ratios[name])
    return {
        "kind": kind,
        "settings": dict(settings),
        "unit": unit,
        "ours": ours,
        "rivals": rivals,
        "ratios": ratios,
        "best_exact": best if exact else None,
        "ratio": ratios[best],
        "wins": sorted((name for name in ratios if ratios[name] < 1), key=lambda name: ratios[name]),
        **more,
    }
