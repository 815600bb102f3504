# SPDX-License-Identifier: BSD-3-Clause
"""The rivals, compiled once for all of these tests, and torch's number of threads, which they change."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from scripts.bench_cpu.compiled import Compiler


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """One with a cache of its own."""
    folder: Path = tmp_path_factory.mktemp("rivals")
    return Compiler(folder)


@pytest.fixture(scope="module", autouse=True)
def same_threads() -> Iterator[None]:
    """Other tests compare trainings bit by bit: torch has its number of threads back."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
