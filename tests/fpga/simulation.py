# SPDX-License-Identifier: BSD-3-Clause
"""Runs a bench of cocotb's in Verilator: built in a folder that stays, so that the next run finds it."""

import contextlib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cocotb_tools.runner import get_runner

from fpga import verilate

SEED = int(os.environ.get("SEED", "1"))


def run(
    top: str,
    sources: Sequence[Path],
    parameters: Mapping[str, int],
    module: str,
    folder: Path,
    output: Path,
    tests: Collection[str],
    environment: Mapping[str, str],
) -> dict[str, str]:
    """Name of each test of `module` that ran -> its failure ('' for none); fails unless they are just `tests`.

    Built in `folder`, run in `folder`/rtl, where memory files lie; logs go to `output`. make's time stamps say when the
    bench is built anew.
    """
    root = verilate.include_dir().parent
    log, report = output / "log.txt", output / "results.xml"
    with pytest.MonkeyPatch.context() as patch:
        # Verilator's package keeps its program out of the path, where cocotb looks for it.
        patch.setenv("VERILATOR_ROOT", str(root))
        # Its make files call "python".
        patch.setenv("PATH", f"{root / 'bin'}{os.pathsep}{Path(sys.executable).parent}", prepend=os.pathsep)
        patch.setattr("cocotb_tools.runner._get_max_parallel_build_jobs", lambda: 2)
        runner = get_runner("verilator")
        runner.build(
            sources=list(sources),
            hdl_toplevel=top,
            parameters=dict(parameters),
            build_args=["--assert", "-Wno-fatal", "--x-initial", "unique", "-CFLAGS", "-O1"],
            build_dir=folder,
            timescale=("1ns", "1ns"),
            log_file=output / "build.txt",
        )
        # Failures are read from the report, test by test; a broken bus rule ends the simulation and leaves none.
        with contextlib.suppress(SystemExit, RuntimeError):
            runner.test(
                test_module=module,
                hdl_toplevel=top,
                seed=SEED,
                build_dir=folder,
                test_dir=folder / "rtl",
                results_xml=str(report),
                extra_env={**environment, "PYTHONWARNINGS": "ignore"},
                timescale=("1ns", "1ns"),
                log_file=log,
            )
    found = {}
    if report.exists():
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            problem = case.find("failure") if case.find("failure") is not None else case.find("error")
            found[str(case.get("name"))] = "" if problem is None else f"{problem.get('message')}\n{problem.text}"
    if set(found) != set(tests):
        pytest.fail(f"ran {sorted(found)}, expected {sorted(tests)}; end of the log:\n{log.read_text()[-3000:]}")
    return found
