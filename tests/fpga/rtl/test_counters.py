# SPDX-License-Identifier: BSD-3-Clause
"""Counters of every width, as far as it reaches: windows of 2^n words for window_max."""

from pathlib import Path

import numpy as np

from tests.fpga.rtl.bench import Bench, Case, Stream


def case(bits: int) -> Case:
    """Two windows, a 1 at the very end of the first one."""
    size = 1 << bits
    x = (np.arange(2 * size) == size - 1).astype(int)
    parameters = {"Ch": 1, "K": size, "Pe": 1, "Bits": 1}
    return Case("window_max", parameters, {"in_": Stream(x[:, None], 1)}, {"out_": Stream(np.array([[1], [0]]), 1)})


def test_a_counter_of_each_width_counts_to_its_end(tmp_path: Path) -> None:
    Bench([case(bits) for bits in range(1, 17)], tmp_path, "counters").run(0, 0)
