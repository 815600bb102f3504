# SPDX-License-Identifier: BSD-3-Clause
"""Both foldings of a network, judged by the estimate of the whole design with its converters and FIFOs."""

from collections.abc import Callable
from typing import Any

from chain.errors import InputError
from fpga import folding
from fpga.bench_folding import set_folding
from fpga.resources import Use

RATES = (500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000)
"""Frames a second that are asked for."""

SHARES = (1.0, 0.97, 0.94, 0.9, 0.86)
"""Of FINN's look-up tables, what the search is given, the most first: it reckons without FIFOs, which count in the
end.
"""

Row = dict[str, Any]
Make = Callable[[], Any]
"""Gives a fresh dataflow graph, not folded."""
Count = Callable[[Any, str], Use]
"""What Yosys makes of a folded graph, "theirs" or "smaller"."""


def row(make: Make, fps: float, clock_mhz: float, count: Count | None = None) -> Row:
    """FINN's folding for `fps`, which may fall short of it; ours at no fewer frames a second than that ("smaller"), and
    with no more look-up tables ("faster"; None where none is found). `lut_ratio` is theirs by ours, `fps_ratio` ours by
    theirs. Figures are estimates; with `count`, "counted" holds those of Yosys for theirs and "smaller".
    """
    theirs = make()
    rate = clock_mhz * 1e6 / set_folding.fold(theirs, int(clock_mhz * 1e6 / fps))
    budget = set_folding.cost(theirs)
    ours = make()
    found = folding.for_fps(ours, rate, clock_mhz)
    smaller = set_folding.cost(ours)
    faster = _faster(make, budget.lut, clock_mhz)
    counted: Row | None = None
    if count:
        uses = {"theirs": count(theirs, "theirs"), "smaller": count(ours, "smaller")}
        ratio = uses["theirs"].lut / uses["smaller"].lut
        counted = {name: _cells(use) for name, use in uses.items()} | {"lut_ratio": ratio}
    return {
        "fps": fps,
        "theirs": _figures(rate, budget),
        "smaller": _figures(found.fps, smaller),
        "faster": faster,
        "lut_ratio": budget.lut / smaller.lut,
        "fps_ratio": faster["fps"] / rate if faster else None,
        "counted": counted,
    }


def _faster(make: Make, budget: int, clock_mhz: float) -> Row | None:
    """The fastest of ours within the budget: less to spend makes none faster."""
    for share in SHARES:
        graph = make()
        try:
            found = folding.for_luts(graph, int(share * budget), clock_mhz)
        except InputError:
            continue
        cost = set_folding.cost(graph)
        if cost.lut <= budget:
            return _figures(found.fps, cost)
    return None


def _figures(fps: float, use: Use) -> Row:
    return {"fps": fps} | _cells(use)


def _cells(use: Use) -> Row:
    return {"lut": use.lut, "ff": use.ff, "bram36": use.bram36}
