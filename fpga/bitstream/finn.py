# SPDX-License-Identifier: BSD-3-Clause
"""FINN's own Zynq build on our dataflow graph: its DMAs, its block design, its clock; Vivado and Vitis HLS do the work.

What comes out is FINN's design, not the shell's: no counters, other registers. `host/` cannot drive it; FINN's driver
can, with Vivado's .hwh and the finished graph, which are kept in the job's folder.
"""

import fpga.ops  # noqa: F401  isort: skip  (sets FINN's environment, and registers our ops)
import contextlib
import logging
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from finn.transformation.fpgadataflow.make_zynq_proj import ZynqBuild
from finn.util.settings import get_settings
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import InputError, ToolError, UnsupportedError
from fpga import environment
from fpga.bitstream import vivado_reports
from fpga.bitstream.job import Built, Job, Timing
from fpga.layers import hardware
from fpga.names import op_of
from fpga.sliding import slides

WORK = "work"
_PROJECT = "vivado_zynq_proj_"
_STAGES = {
    "dataflow_partition_": "FINN: the design is cut into input DMA, accelerator and output DMA",
    "code_gen_ipgen_StreamingDataflowPartition_0_IODMA_hls": "Vitis HLS: the DMAs",
    "vivado_stitch_proj_": "Vivado: a part of the design is packed",
    _PROJECT: "Vivado: block design, synthesis, place and route",
}
"""Folders that FINN makes, by how their names begin, and what happens from then on."""


def build(job: Job) -> Built:
    """Run FINN's build in `job.folder`/work, which stays, with all scripts and logs; `job.folder` is emptied first.

    Raises UnsupportedError for a board that FINN does not know, InputError for a path that FINN's Tcl cannot take,
    ToolError for what is missing, or failed: with the first error that a log holds.
    """
    platform = job.board.zynq.finn if job.board.zynq else ""
    if not platform:
        raise UnsupportedError(f"FINN has no board {job.board.name!r}; take toolchain {job.board.toolchains[0]}")
    work = (job.folder / WORK).resolve()
    if any(character.isspace() for character in str(work)):
        raise InputError(f"{str(work)!r}: FINN's scripts take no path with a blank in it; set BUILD= to another folder")
    version = environment.vendor_tools(job.programs["vivado"])
    _require_sources()
    dataflow = ModelWrapper(str(job.rtl.parent / "dataflow.onnx"))
    require_windows(dataflow)
    shutil.rmtree(job.folder, ignore_errors=True)
    work.mkdir(parents=True)
    job.say(f"FINN's Zynq build for {platform} with Vivado {version}, in {work}")
    with _quiet(), _build_folder(work), _stages(work, job.say):
        try:
            model = transform(dataflow, platform, job.design.clock_mhz)
        except Exception as error:  # FINN raises a dozen types, some of them plain Exception
            raise ToolError(f"FINN's build failed: {_told(work) or error}\nAll scripts and logs: {work}") from error
    return _built(job, model, version)


def transform(dataflow: ModelWrapper, platform: str, clock_mhz: float) -> ModelWrapper:
    """The graph after FINN's whole build: its metadata names the files. `platform` is the board as FINN names it."""
    # FINN cuts the frequency that it computes from this to whole MHz: a rounding error must not cost one.
    period = 1000.0 / (clock_mhz * (1 + 1e-12))
    return dataflow.transform(ZynqBuild(platform, period))


def require_windows(model: ModelWrapper) -> None:
    """UnsupportedError for a sliding window that our cells can do and FINN's module cannot."""
    for node in model.graph.node:
        if op_of(node) == "ConvolutionInputGenerator":
            _require_window(hardware(node))


def _require_window(inst: Any) -> None:
    """FINN's whole windows come out wrong where there are two in a row, and its addressed buffer cannot step over more
    words than it holds.
    """
    try:
        fits = not inst.get_nodeattr("parallel_window") or inst.get_nodeattr("OFMDim")[1] != 2
        if slides(inst):
            inst.prepare_codegen_default()
    except AssertionError:
        fits = False
    if not fits:
        raise UnsupportedError(
            f"{inst.onnx_node.name}: FINN's sliding window does not do this kernel, stride and image at this folding; "
            "take another toolchain (TOOLCHAIN=), or another FPS="
        )


def _built(job: Job, model: ModelWrapper, version: str) -> Built:
    """What FINN's build left. ToolError if the clock is not reached, which FINN itself does not look at."""
    model.save(str(job.folder / "finn.onnx"))
    project = Path(model.get_metadata_prop("vivado_pynq_proj"))
    reports = project / "finn_zynq_link.runs" / "impl_1"
    summary = reports / "top_wrapper_timing_summary_routed.rpt"
    clock = job.design.clock_mhz
    timing = Timing(clock, 1000.0 / (1000.0 / clock - vivado_reports.timing(_report(summary)).setup))
    if not timing.met:
        raise ToolError(
            f"{job.design.model} reaches {timing.fmax_mhz:.1f} MHz of {clock:g} MHz after place and route ({summary}); "
            "lower clock_mhz in the recipe's [hardware], or fold further (FPS=)"
        )
    hand_off = job.folder / f"{job.design.model}.hwh"
    shutil.copyfile(model.get_metadata_prop("hw_handoff"), hand_off)
    job.say(f"{hand_off}: the hand-off that belongs to this bitstream; FINN's driver runs it, `host/` does not")
    use, available = vivado_reports.utilization(_report(reports / "top_wrapper_utilization_placed.rpt"))
    return Built(Path(model.get_metadata_prop("bitfile")), f"Vivado {version}, FINN", timing, use, available)


def _report(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise ToolError(f"Vivado made no {path.name}, which belongs to a finished run ({path.parent})") from None


def _require_sources() -> None:
    """ToolError unless FINN's HLS sources and board files, which no package brings, are where FINN looks for them."""
    folder = get_settings().finn_deps
    missing = [name for name in ("finn-hlslib", "board_files") if not (folder / name).is_dir()]
    if missing:
        raise ToolError(
            f"{folder} lacks {' and '.join(missing)}, which FINN's Zynq build needs: `finn deps update` (beside the "
            "tools' Python) fetches them; FINN_DEPS names another folder that has them"
        )


@contextlib.contextmanager
def _build_folder(folder: Path) -> Iterator[None]:
    """Let FINN make its folders in `folder`."""
    settings = get_settings()
    before = settings.finn_build_dir
    settings.finn_build_dir = folder
    try:
        yield
    finally:
        settings.finn_build_dir = before


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """FINN and QONNX warn about much that is as it should be here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


@contextlib.contextmanager
def _stages(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Say what FINN is at, by the folders that it makes: for an hour it says nothing itself."""
    over = threading.Event()

    def watch() -> None:
        seen: set[str] = set()
        while not over.wait(1):
            names = sorted(path.name for path in folder.iterdir())
            for start, text in _STAGES.items():
                for name in names:
                    if name.startswith(start) and name not in seen:
                        say(text)
                        seen.add(name)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _told(work: Path) -> str:
    """The first line with an error in the logs below `work`, the latest log first, and its file; "" if none has one."""
    logs = sorted(work.rglob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("ERROR:"):
                return f"{line} ({log})"
    return ""
