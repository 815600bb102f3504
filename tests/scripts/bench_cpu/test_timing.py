# SPDX-License-Identifier: BSD-3-Clause
"""Contenders take turns; medians, ranges and ratios come out of their times."""

import pytest

from scripts.bench_cpu.rows import OURS, row
from scripts.bench_cpu.timing import LEAST_RUNS, MOST_RUNS, Timing, interleaved


def test_contenders_take_turns_and_begin_in_turn() -> None:
    calls: list[tuple[str, int]] = []

    def contender(name: str, seconds: float):  # type: ignore[no-untyped-def]
        def timer(repeats: int) -> float:
            calls.append((name, repeats))
            return seconds

        return timer

    timings = interleaved({"a": contender("a", 0.25), "b": contender("b", 0.001), "c": contender("c", 0.04)}, 3, 0.01)
    assert timings["a"].seconds == (0.25,) * 3
    counted = [call for call in calls[6:] if call[1] > 1 or call[0] == "a"]
    assert counted == [
        *(("a", 1), ("b", 10), ("c", LEAST_RUNS)),
        *(("b", 10), ("c", LEAST_RUNS), ("a", 1)),
        *(("c", LEAST_RUNS), ("a", 1), ("b", 10)),
    ]
    assert interleaved({"fast": lambda repeats: 0.0 if repeats == 1 else repeats}, 1, 1.0)["fast"].median == MOST_RUNS


def test_a_row_says_who_wins() -> None:
    timings = {
        OURS: Timing((1.0, 4.0, 2.0)),
        "slow": Timing((8.0, 8.0, 8.0)),
        "exact": Timing((3.0, 3.0, 3.0)),
        "fast": Timing((1.0, 1.0, 1.0)),
    }
    found = row("layer", {"isa": "x"}, "GMAC/s", 16.0, timings, frozenset({"exact", "slow"}), more=1)
    assert found["ours"] == {"value": 8.0, "range": [4.0, 16.0], "seconds": 2.0}
    assert found["ratios"] == {"slow": 4.0, "exact": 1.5, "fast": 0.5}
    assert (found["best_exact"], found["ratio"], found["wins"], found["more"]) == ("exact", 1.5, ["fast"], 1)


def test_without_exact_rivals_the_fastest_counts() -> None:
    timings = {OURS: Timing((2.0,)), "a": Timing((4.0,)), "b": Timing((3.0,))}
    found = row("network", {}, "images/s", 1.0, timings, frozenset())
    assert found["best_exact"] is None and found["ratio"] == pytest.approx(1.5)
