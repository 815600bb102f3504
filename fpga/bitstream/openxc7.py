# SPDX-License-Identifier: BSD-3-Clause
"""openXC7: Yosys, nextpnr-xilinx, fasm2frames and xc7frames2bit, with the options of that project's demos.

Yosys is the one of this environment; the other programs are the user's. nextpnr-xilinx writes no report, so the clock
that is reached and what is used are read from its log.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from chain.errors import ToolError
from fpga import yosys
from fpga.bitstream import process, synthesis, xray
from fpga.bitstream.job import Built, Job, Timing
from fpga.design import Design

_FMAX = re.compile(r"Max frequency for clock +'([^']*)': ([\d.]+) MHz")
_USE = re.compile(r"^Info:\s+([A-Z][A-Z0-9_]*): +(\d+)/ *(\d+) +\d+%$", re.MULTILINE)
_SOURCE = re.compile(r"^Info: +[\d.]+ +[\d.]+ +Source (\S+)$", re.MULTILINE)


def build(job: Job) -> Built:
    """Synthesise, place, route and write the bitstream, in `job.folder`, where every log stays.

    Raises ToolError for what is missing, or fails: the program, its first error and its log; a clock that is not
    reached, with the layer in which the slowest path begins.
    """
    databases = xray.find(job.board.part)
    for path in job.folder.iterdir():
        if path.is_file():
            path.unlink()  # an earlier run's
    name = version(job.programs["nextpnr-xilinx"])
    for program, path in job.programs.items():
        job.say(f"{path}" + (f": {name}" if program == "nextpnr-xilinx" else ""))
    job.say(f"yosys {yosys.version()}: synthesis")
    made = synthesis.synthesise(job, job.folder / "synthesis")
    job.say(f"{name}: place and route of {sum(made.cells.values()):,} cells")
    text = place_and_route(job, databases, made.json)
    frames, bits = job.folder / "design.frames", job.folder / "design.bit"
    job.say("fasm2frames, xc7frames2bit")
    # fasm2frames prints the frames.
    arguments: list[str | Path] = ["--part", job.board.part, "--db-root", databases.family, job.folder / "design.fasm"]
    run(job.programs["fasm2frames"], arguments, job.folder / "fasm2frames.log", frames)
    arguments = ["--part_file", databases.part_file, "--part_name", job.board.part]
    arguments += ["--frm_file", frames, "--output_file", bits]
    run(job.programs["xc7frames2bit"], arguments, job.folder / "xc7frames2bit.log")
    if not bits.is_file() or not bits.stat().st_size:
        raise ToolError(f"xc7frames2bit wrote no {bits}: see {job.folder / 'xc7frames2bit.log'}")
    use = {kind: float(used) for kind, used, _ in _USE.findall(text)}
    available = {kind: float(total) for kind, _, total in _USE.findall(text)}
    return Built(bits, name, timing(text, job.design), use, available)


def place_and_route(job: Job, databases: xray.Databases, netlist: Path) -> str:
    """nextpnr's log. There is nothing to constrain but the clock: the processor has no pin of ours."""
    constraints = job.folder / "design.xdc"
    constraints.write_text("", encoding="utf-8")
    log = job.folder / "nextpnr.log"
    arguments: list[str | Path] = ["--chipdb", databases.chipdb, "--xdc", constraints, "--json", netlist]
    arguments += ["--fasm", job.folder / "design.fasm", "--freq", f"{job.design.clock_mhz:g}"]
    try:
        run(job.programs["nextpnr-xilinx"], arguments, log)
    except ToolError:
        text = log.read_text(encoding="utf-8", errors="replace")
        if not _FMAX.search(text):
            raise
        missed(text, job, log)  # it fails for a missed clock, too
        raise
    text = log.read_text(encoding="utf-8", errors="replace")
    missed(text, job, log)
    return text


def missed(log: str, job: Job, path: Path) -> None:
    """ToolError if the clock asked for is not reached."""
    reached = timing(log, job.design)
    if not reached.met:
        raise ToolError(
            f"{job.design.model} reaches {reached.fmax_mhz:.1f} MHz of {reached.clock_mhz:g} MHz after place and route "
            f"(the slowest path in {reached.where}): lower clock_mhz in the recipe's [hardware], or fold "
            f"further (FPS=). Log: {path}"
        )


def timing(log: str, design: Design) -> Timing:
    """Of nextpnr's log: of the last analysis, after routing, the slowest clock. ToolError if there is none in it."""
    _, _, last = log.rpartition("Critical path report for clock")
    found = _FMAX.findall(last or log)
    if not found:
        raise ToolError("nextpnr-xilinx told no clock's frequency: has the design a clock?")
    source = _SOURCE.search(last)
    layer = design.layer_at(source.group(1)) if source else ""
    return Timing(design.clock_mhz, min(float(mhz) for _, mhz in found), layer)


def version(nextpnr: Path) -> str:
    """Name and version that nextpnr prints of itself."""
    done = subprocess.run([nextpnr, "--version"], capture_output=True, text=True, errors="replace", check=False)
    found = re.search(r"Version ([^)\s]+)", done.stdout + done.stderr)
    return f"nextpnr-xilinx {found.group(1) if found else 'of unknown version'}"


def run(program: Path, arguments: Sequence[str | Path], log: Path, output: Path | None = None) -> None:
    """Run `program`; stdout goes to `output` if that is given, all else to `log`. ToolError with its first error."""
    process.require(program.name, [program, *arguments], log, output=output)
