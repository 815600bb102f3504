# SPDX-License-Identifier: BSD-3-Clause
"""What all tests share: threads, the state of random tests, the folder of cached builds, and the pynq interpreter."""

import os
import signal
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is loaded; one process of many shares the machine

import hypothesis
import pytest

# A shell that starts the tests in the background lets them ignore Ctrl-C, and so the programs that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent

# A failing example is printed with the line that repeats it. Simulations and first imports take any time they like.
hypothesis.settings.register_profile("wrapnet", deadline=None, print_blob=True)
hypothesis.settings.load_profile("wrapnet")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the whole chain first, minutes in a file: begun last, they would leave the other cores without work."""
    items.sort(key=lambda item: item.path.parent != ROOT / "tests")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def pynq_python() -> Path:
    """The interpreter of the pynq environment, which `make setup` makes."""
    return _interpreter("pynq")


@pytest.fixture(scope="session")
def pynq4_python() -> Path:
    """The interpreter of the environment with pynq 4.0 in place of 3.1, which `make test` makes."""
    return _interpreter("pynq4")


@pytest.fixture(scope="session", params=["pynq", "pynq4"])
def each_pynq_python(request: pytest.FixtureRequest) -> Path:
    """The interpreter with pynq 3.1, then the one with 4.0."""
    return _interpreter(request.param)


def _interpreter(environment: str) -> Path:
    python = ROOT / ".venv" / environment / "bin" / "python"
    if not python.exists():
        pytest.fail(f"{python} is missing: run `scripts/python scripts/environments.py {environment}`")
    return python
