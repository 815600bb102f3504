# SPDX-License-Identifier: BSD-3-Clause
"""AMD Vivado in batch mode, without a project: tcl/vivado.tcl does the steps, this module runs it.

Neither Vivado nor a board could be had by the project: what is tested is everything up to Vivado's commands, and the
reading of reports in the form that AMD documents (UG835, UG906, UG907).
"""

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chain.errors import InputError, ToolError, UnsupportedError
from fpga import levels
from fpga.bitstream import process, top, vivado_reports
from fpga.bitstream.job import Built, Job, Timing

SCRIPT = Path(__file__).parent / "tcl" / "vivado.tcl"
SETTINGS = "settings.txt"
CONSTRAINTS = "clock.xdc"
LOG = "vivado.log"
_PROGRESS = "wrapnet: "
_CLOCK_PINS: Mapping[str, str] = {"PS7": "FCLKCLK[0]", "PS8": "PLCLK[0]"}


def build(job: Job) -> Built:
    """Run Vivado in `job.folder`, which is emptied first and keeps log and reports; a failure leaves no .bit there.

    Raises ToolError with Vivado's first error and the log's path, or the worst path where timing is not met;
    UnsupportedError for a board that is no Zynq, InputError for a path that cannot be handed over.
    """
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True)
    bits = (job.folder / f"{job.design.model}.bit").resolve()
    prepare(job, bits)
    command = [str(job.programs["vivado"]), "-mode", "batch", "-nojournal", "-nolog", "-notrace"]
    command += ["-source", str(SCRIPT), "-tclargs", SETTINGS]
    finished = False
    try:
        status, error = _run(command, job.folder, job.say)
        if status or error:
            raise ToolError(
                f"vivado failed (exit {status}): {error or 'it said no ERROR'}\nWhole log: {job.folder / LOG}"
            )
        built = read(job, bits)
        finished = True
        return built
    finally:
        if not finished:
            bits.unlink(missing_ok=True)


def prepare(job: Job, bits: Path) -> None:
    """Write what the script reads into `job.folder`: settings, the clock's constraint, and the memories' contents."""
    if job.board.zynq is None:
        raise UnsupportedError(f"board {job.board.name!r} is no Zynq: Vivado's flow is for the boards with one")
    name = top.ZYNQ[job.board.zynq.processor]
    sources = [path.resolve() for path in top.sources(job, top.zynq_sources(name))]
    settings = [("part", job.board.part), ("top", name), ("constraints", CONSTRAINTS), ("bitstream", str(bits))]
    settings += [("verilog" if path.suffix == ".v" else "systemverilog", str(path)) for path in sources]
    settings += [("generic", f"{key}={value}") for key, value in top.parameters(job).items()]
    if levels.is_fast(job.design.part, job.design.clock_mhz):
        settings.append(("option", "-no_srlextract"))  # registers in a row stay registers (UG901)
    for key, value in settings:
        if any(character in value for character in "\t\r\n"):
            raise InputError(f"{key} {value!r}: no tab or line break can be in it; set BUILD= to another folder")
    # The processor's own constraints come with AMD's block design only: an instance of the primitive has none.
    pin = _CLOCK_PINS[job.board.zynq.processor]
    constraint = f"create_clock -name fabric -period {period_ns(job):.3f} [get_pins {{i_processor/{pin}}}]\n"
    (job.folder / SETTINGS).write_text("".join(f"{key}\t{value}\n" for key, value in settings), encoding="utf-8")
    (job.folder / CONSTRAINTS).write_text(constraint, encoding="utf-8")
    for memory in job.design.memories:  # $readmemh names them without a folder
        shutil.copyfile(job.rtl / memory, job.folder / memory)


def period_ns(job: Job) -> float:
    """The clock's period in the constraint: whole picoseconds, not more than that of the clock asked for."""
    return math.floor(1e6 / job.design.clock_mhz * (1 + 1e-12)) / 1000


def read(job: Job, bits: Path) -> Built:
    """What Vivado's reports say. ToolError if timing is not met, or something is missing."""
    summary = vivado_reports.timing(_report(job.folder, "timing_summary.rpt"))
    clock = job.design.clock_mhz
    reached = 1000.0 / (period_ns(job) - summary.setup)
    timing = Timing(clock, reached, job.design.layer_at(summary.source, summary.destination))
    if summary.worst < 0:
        kind = "hold" if summary.is_hold else "setup"
        way_out = (
            "A slower clock does not help: try another version of Vivado, or another folding (FPS=)"
            if summary.is_hold
            else f"Lower clock_mhz in the recipe's [hardware] ({math.floor(reached)} MHz would do), or fold further "
            "(FPS=)"
        )
        raise ToolError(
            f"{job.design.model} does not meet its timing after routing: slack {summary.worst:g} ns ({kind}) at "
            f"{clock:g} MHz; the worst path goes from {summary.source} to {summary.destination}, in {timing.where} "
            f"({job.folder / 'timing_summary.rpt'}). {way_out}"
        )
    if not bits.is_file() or not bits.stat().st_size:
        raise ToolError(f"vivado ended well and wrote no {bits.name}\nWhole log: {job.folder / LOG}")
    use, available = vivado_reports.utilization(_report(job.folder, "utilization.rpt"))
    hierarchy = _report(job.folder, "utilization_hierarchical.rpt")
    return Built(
        bits,
        f"vivado {vivado_reports.version(hierarchy)}",
        replace(timing, fmax_mhz=max(reached, clock)),  # what is met is not to look missed by a rounding
        use,
        available,
        vivado_reports.power(_report(job.folder, "power.rpt")),
        vivado_reports.instance(hierarchy, "i_accelerator"),
    )


def _report(folder: Path, name: str) -> str:
    path = folder / name
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise ToolError(f"vivado ended well and wrote no {name}\nWhole log: {folder / LOG}") from None


def _run(command: Sequence[str], folder: Path, say: Callable[[str], None]) -> tuple[int, str]:
    """Run `command` in `folder`; its exit status, and the first line that says ERROR. All output is in the log."""
    errors: list[str] = []

    def line(text: str) -> None:
        if text.startswith(_PROGRESS):
            say(f"vivado: {text.removeprefix(_PROGRESS)}")
        elif text.startswith("ERROR"):
            errors.append(text)

    status = process.run(command, folder / LOG, line, folder)
    return status, errors[0] if errors else ""
