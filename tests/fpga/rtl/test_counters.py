# SPDX-License-Identifier: BSD-3-Clause
"""Counters of every width, as far as it reaches: windows of as many words for window_max."""

from pathlib import Path

import numpy as np

from tests.fpga.rtl.bench import Bench, Case, Stream

POWERS = [1 << bits for bits in range(17)]
WHOLE = [power - 1 for power in POWERS[2:]]
CUT = [5, 11, 18, 37, 72, 200, 300, 576, 1025, 3000, 5000, 12000, 20000, 40000]


def case(size: int) -> Case:
    """Two windows, a 1 at the very end of the first one."""
    x = (np.arange(2 * size) == size - 1).astype(int)
    parameters = {"Ch": 1, "K": size, "Pe": 1, "Bits": 1}
    return Case("window_max", parameters, {"in_": Stream(x[:, None], 1)}, {"out_": Stream(np.array([[1], [0]]), 1)})


def test_a_counter_counts_to_its_end(tmp_path: Path) -> None:
    Bench([case(size) for size in POWERS + WHOLE + CUT], tmp_path, "counters").run(0, 0)
