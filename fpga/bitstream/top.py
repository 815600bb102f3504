# SPDX-License-Identifier: BSD-3-Clause
"""The top level of a board: its sources in compile order, and the parameters that a design sets."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from fpga.bitstream.job import Job
from fpga.shell import build

TOPS = Path(__file__).parent / "tops"
ZYNQ7 = "zynq7"
ZYNQMP = "zynqmp"
ZYNQ: Mapping[str, str] = {"PS7": ZYNQ7, "PS8": ZYNQMP}
"""The top level by the processor that it instantiates (`Zynq.processor` of a board)."""


def zynq_sources(name: str) -> list[Path]:
    """The top level `name` for a Zynq and the shell, without the accelerator."""
    return [*build.sources(), TOPS / "axi_to_lite.sv", TOPS / f"{name}.sv"]


def sources(job: Job, own: list[Path]) -> list[Path]:
    """Every SystemVerilog file of a build: the accelerator's, then `own`, those around it."""
    return [*(job.rtl / name for name in job.design.files), *own]


def gather(job: Job, own: list[Path], folder: Path) -> list[str]:
    """Copy what Yosys reads into the new folder `folder`: its commands take no path with a blank in it.

    The names of the sources in compile order, the accelerator's first; its memory files lie beside them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in (*sources(job, own), *(job.rtl / name for name in job.design.memories)):
        shutil.copy(path, folder)
    return [path.name for path in sources(job, own)]


def parameters(job: Job) -> dict[str, str]:
    """The top level's parameters as Verilog literals."""
    return literals(build.parameters(job.design, job.design_hash))


def literals(values: Mapping[str, int]) -> dict[str, str]:
    """32-bit Verilog literals: the hash takes all 32 bits, which a plain decimal number cannot say.

    >>> literals({"DesignHash": 0x9ABCDEF0})
    {'DesignHash': "32'h9abcdef0"}
    """
    return {name: f"32'h{value:x}" for name, value in values.items()}


def options(values: Mapping[str, str]) -> str:
    """The options of read_slang that give the top module these parameters.

    >>> options({"Mhz": "32'h64"})
    "-G Mhz=32'h64"
    """
    return " ".join(f"-G {name}={value}" for name, value in values.items())
