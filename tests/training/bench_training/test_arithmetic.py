# SPDX-License-Identifier: BSD-3-Clause
"""The saturating accumulator against integers of Python, and its gradient."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from training.bench_training.arithmetic import SaturateQuant

sums = st.integers(-(1 << 24) + 1, (1 << 24) - 1)


@given(st.integers(4, 24), st.lists(sums, min_size=1, max_size=20))
def test_saturation_is_exact(bits: int, values: list[int]) -> None:
    h = 1 << (bits - 1)
    found = SaturateQuant(bits)(torch.tensor(values, dtype=torch.float32))
    assert found.tolist() == [min(max(value, -h), h - 1) for value in values]


def test_its_gradient_passes_everywhere() -> None:
    z = torch.tensor([-1000.0, 0.0, 127.0, 1000.0], requires_grad=True)
    SaturateQuant(8)(z).sum().backward()
    assert z.grad is not None and z.grad.tolist() == [1.0, 1.0, 1.0, 1.0]
