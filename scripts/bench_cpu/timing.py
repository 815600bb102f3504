# SPDX-License-Identifier: BSD-3-Clause
"""Contenders timed in turns, so that what else the machine does hits all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LEAST_RUNS, MOST_RUNS = 3, 2000  # of one repetition
_LONG = 0.1  # seconds: runs this long need no company


@dataclass(frozen=True)
class Timing:
    """Seconds of a run, one of each repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the repetitions."""
        return statistics.median(self.seconds)

    def rates(self, work: float) -> dict[str, float | list[float]]:
        """`work` a second: the median, the least and the largest over the repetitions; and the median of seconds."""
        return {
            "value": work / self.median,
            "range": [work / max(self.seconds), work / min(self.seconds)],
            "seconds": self.median,
        }


Timer = Callable[[int], float]
"""The least seconds of so many runs."""


def wall(run: Callable[[], object]) -> Timer:
    """Times `run` by the wall clock."""

    def least(repeats: int) -> float:
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times)

    return least


def interleaved(contenders: Mapping[str, Timer], repetitions: int, turn: float) -> dict[str, Timing]:
    """Every contender's timing. A repetition is the best of as many runs as fit in `turn` seconds, after one that does
    not count; where a run is long, it is one run. The contenders take turns, another one first each time.
    """
    runs = {}
    for name, timer in contenders.items():
        timer(1)
        once = max(timer(1), 1e-9)
        runs[name] = 1 if once > _LONG else max(LEAST_RUNS, min(MOST_RUNS, int(turn / once)))
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for repetition in range(repetitions):
        first = repetition % len(names)
        for name in names[first:] + names[:first]:
            if runs[name] > 1:
                contenders[name](1)
            seconds[name].append(contenders[name](runs[name]))
    return {name: Timing(tuple(values)) for name, values in seconds.items()}
