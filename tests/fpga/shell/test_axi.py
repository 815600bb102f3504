# SPDX-License-Identifier: BSD-3-Clause
"""The shell on AXI, against cocotbext-axi's models: each test of axi_bench.py in one simulation."""

from pathlib import Path

import pytest

from fpga.shell import build
from tests.fpga import simulation
from tests.fpga.shell import standin

HERE = Path(__file__).parent
SIZES = (3, 5, 10, 3)  # bytes and words of a frame, bytes and words of a result: nothing divides 8
TESTS = (
    "registers",
    "jobs",
    "long_job",
    "back_to_back",
    "empty_job",
    "start_while_busy",
    "bus_errors",
    "refused",
    "abort_and_restart",
    "start_during_reset",
    "counters",
    "full_speed",
)


@pytest.fixture(scope="module")
def results(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of each test that ran -> its failure ('' for none)."""
    folder = repository / "build" / "cocotb" / "shell-{}-{}-{}-{}".format(*SIZES)
    standin.write(folder / "rtl", *SIZES)
    names = ("InWordBytes", "InWordsPerFrame", "OutWordBytes", "OutWordsPerFrame")
    return simulation.run(
        "axi_bench",
        [*build.sources(), folder / "rtl" / "accelerator.sv", HERE / "axi_bench.sv"],
        dict(zip(names, SIZES, strict=True)),
        "tests.fpga.shell.axi_bench",
        folder,
        tmp_path_factory.mktemp("axi"),
        TESTS,
        {"SHELL_SIZES": ",".join(map(str, SIZES))},
    )


@pytest.mark.parametrize("name", TESTS)
def test_axi(name: str, results: dict[str, str]) -> None:
    if results[name]:
        pytest.fail(f"{results[name]}\nrepeat with: SEED={simulation.SEED} pytest tests/fpga/shell/test_axi.py")
