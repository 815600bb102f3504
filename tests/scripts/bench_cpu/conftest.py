# SPDX-License-Identifier: BSD-3-Clause
"""The rivals, compiled once for all of these tests."""

from pathlib import Path

import pytest

from scripts.bench_cpu.compiled import Compiler


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """One with a cache of its own."""
    folder: Path = tmp_path_factory.mktemp("rivals")
    return Compiler(folder)
