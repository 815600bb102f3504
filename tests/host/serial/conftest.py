# SPDX-License-Identifier: BSD-3-Clause
"""A board on a pseudo-terminal and its metadata, for each test anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.serial import device as devices


@pytest.fixture
def device() -> Iterator[devices.Device]:
    with devices.running() as device:
        yield device


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return devices.write(tmp_path)
