# SPDX-License-Identifier: BSD-3-Clause
"""Everything that a build gets, with a stitched design in it: our files are read without a warning.

Cells, shell and top levels have tests of their own; here are the generated files (wrappers, accelerator.sv) among them.
FINN's files are in the design as well, and warned of: what is said of them is not ours to mend.
"""

from pathlib import Path

import pyslang
import pytest

from fpga import verilate, yosys
from fpga.bitstream import top
from fpga.bitstream.job import Job
from fpga.shell import build
from tests import graphs
from tests.fpga.bitstream import processor, toy_job

TOPS = pytest.mark.parametrize("name", [top.ZYNQ7, top.ZYNQMP])


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A network with residual blocks: forks, sums, pooling, padding, windows, width converters."""
    return toy_job.make(tmp_path_factory.mktemp("lint"), "pynq-z2", graphs.CASES["residual"](0))


def ours(job: Job) -> list[Path]:
    """The files of the design that are not FINN's, which say no licence in their first line."""
    paths = [job.rtl / name for name in job.design.files]
    found = [path for path in paths if path.read_text(encoding="utf-8").startswith("// SPDX-License-Identifier: BSD-3")]
    assert len(found) > 15 and len(paths) > len(found) and job.rtl / "accelerator.sv" in found
    return found


def blamed(text: str, files: list[Path]) -> list[str]:
    """The lines of `text` that warn of a place in one of `files`."""
    names = [f"{path.name}:" for path in files]
    return [line for line in text.splitlines() if "warning" in line.lower() and any(name in line for name in names)]


@TOPS
def test_verilator(job: Job, name: str, tmp_path: Path) -> None:
    own = top.zynq_sources(name)
    sources = [*(job.rtl / file for file in job.design.files), *own, *processor.write(tmp_path, name)]
    parameters = build.parameters(job.design, job.design_hash)
    # Ports that are not used, FINN's and the processor's, are listed and left open: that is what this option is about.
    told = verilate.lint(sources, name, parameters, ["-Wno-PINCONNECTEMPTY", "-Wno-fatal"])
    assert "%Error" not in told
    assert blamed(told, [*ours(job), *own]) == []


@TOPS
def test_slang(job: Job, name: str, tmp_path: Path) -> None:
    own = top.zynq_sources(name)
    declared = processor.black_boxes().read_text(encoding="utf-8")
    others = [path for path in processor.write(tmp_path, name) if f"module {path.stem}(" not in declared]
    sources = [*(job.rtl / file for file in job.design.files), *own, *others]
    flags = ["-Wextra", "-Werror", "-Wno-empty-inout-connection", "-Wno-empty-output-connection"]
    finn = [job.rtl / file for file in job.design.files if job.rtl / file not in ours(job)]
    # A cast to a parameter's width is of no use where the width happens to be the same.
    flags += ["-Wno-useless-cast", "--allow-use-before-declare", *(f"--suppress-warnings {path}" for path in finn)]
    values = [f"-G {key}={value}" for key, value in build.parameters(job.design, "0" * 64).items()]
    arguments = ["slang", f"--top {name}", *flags, *values, *map(str, sources), f"-v {processor.black_boxes()}"]
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    assert driver.parseCommandLine(" ".join(arguments), pyslang.driver.CommandLineOptions())
    assert driver.processOptions()
    assert driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), quiet=True)
    assert driver.reportDiagnostics(quiet=True)


@TOPS
def test_yosys(job: Job, name: str, tmp_path: Path) -> None:
    own = top.zynq_sources(name)
    values = " ".join(f"-G {key}={value}" for key, value in top.parameters(job).items())
    commands = [
        "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
        "read_slang --allow-use-before-declare "
        f"--top {name} {values} {' '.join(job.design.files)} {' '.join(map(str, own))}",
        f"hierarchy -check -top {name}",
        "proc",
    ]
    yosys.run(commands, job.rtl, tmp_path / "log.txt")
    assert blamed((tmp_path / "log.txt").read_text(encoding="utf-8"), [*ours(job), *own]) == []
