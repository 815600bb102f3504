# SPDX-License-Identifier: BSD-3-Clause
"""Peak memory of a function in a process of its own."""

from collections.abc import Callable

import torch

from training import footprint

MIB = 1 << 20


def prepare(mebibytes: int) -> Callable[[], Callable[[int], None]]:
    kept = torch.ones(64 * MIB, dtype=torch.uint8)  # there before: not counted

    def build() -> Callable[[int], None]:
        def step(index: int) -> None:
            torch.ones(mebibytes * MIB, dtype=torch.uint8).add_(kept[0])

        return step

    return build


def test_what_is_let_go_counts_once_and_what_was_there_does_not() -> None:
    assert 198 * MIB <= footprint.peak(prepare, 3, "cpu", 200) <= 215 * MIB
