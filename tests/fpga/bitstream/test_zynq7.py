# SPDX-License-Identifier: BSD-3-Clause
"""The top level for Zynq-7000 with the processor's AXI3 ports played: each test of zynq7_bench.py in one simulation."""

from pathlib import Path

import pytest

from fpga.bitstream import top
from fpga.shell import build
from tests.fpga import simulation
from tests.fpga.bitstream import processor
from tests.fpga.shell import standin

SIZES = (3, 5, 10, 3)  # bytes and words of a frame, bytes and words of a result: nothing divides 8
HASH = "0" * 56 + "9abcdef0"
TESTS = ("jobs", "bursts", "both_ways_at_once", "reset_by_the_processor")


@pytest.fixture(scope="module")
def results(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of each test that ran -> its failure ('' for none)."""
    folder = repository / "build" / "cocotb" / "zynq7-{}-{}-{}-{}".format(*SIZES)
    made = standin.write(folder / "rtl", *SIZES)
    return simulation.run(
        top.ZYNQ7,
        [*processor.write(folder / "rtl"), folder / "rtl" / "accelerator.sv", *top.zynq_sources(top.ZYNQ7)],
        build.parameters(made, HASH),
        "tests.fpga.bitstream.zynq7_bench",
        folder,
        tmp_path_factory.mktemp("zynq7"),
        TESTS,
        {"SHELL_SIZES": ",".join(map(str, SIZES))},
    )


@pytest.mark.parametrize("name", TESTS)
def test_zynq7(name: str, results: dict[str, str]) -> None:
    if results[name]:
        pytest.fail(f"{results[name]}\nrepeat with: SEED={simulation.SEED} pytest tests/fpga/bitstream/test_zynq7.py")
