# SPDX-License-Identifier: BSD-3-Clause
"""The netlist of a whole board, as place and route gets it, simulated: shell and accelerator, without processor."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.errors import ToolError, UnsupportedError
from chain.files import write_text
from fpga import netlist, verilate, words
from fpga.bitstream import top
from fpga.bitstream.job import Job
from fpga.bitstream.synthesis import Netlist, family
from fpga.shell import build, registers
from fpga.shell.library import Board

WRAPPER = Path(__file__).parent / "sim" / "zynq7_shell.sv"
_STEP = 1_000  # cycles between two looks at the registers
_BATCH = 8


def library(made: Netlist, job: Job, cache: Path = verilate.DEFAULT_CACHE) -> Path:
    """The simulated board of the netlist: what `Board` takes. UnsupportedError for a family without cell models."""
    require_models(job)
    with tempfile.TemporaryDirectory() as scratch:
        gates = Path(scratch) / "gates.v"
        write_text(gates, netlist.with_cells(made.verilog))
        spec = verilate.Build(
            top=build.TOP,
            sources=[gates, WRAPPER],
            harness=[build.HARNESS],
            kind="library",
            cflags=("-O0",),  # compiling it takes longer than a few dozen images do
            arguments=("-fno-dfg",),  # Verilator 5.48 dies of some netlists there ("Mismatched vertices")
            warnings=False,  # Yosys' netlist and models
        )
        return verilate.build(spec, cache, name=f"netlist-{job.design.model}")


def require_models(job: Job) -> None:
    """UnsupportedError for a board whose cells have no models here."""
    if family(job).top != top.ZYNQ7:
        raise UnsupportedError(f"netlists are simulated for Zynq-7000 alone, not for board {job.board.name!r}")


def run(
    board: Board, ddr: bytearray, job: Job, images: npt.NDArray[np.integer], advance: Callable[[int], None]
) -> npt.NDArray[np.int32]:
    """Results [N, *output shape] for `images` [N, *input shape], read and written through the memory `ddr` of `board`.

    The registers are used as the driver uses them. ToolError for a bus error, or a job that does not end.
    """
    given, wanted = job.design.input, job.design.output
    board.set_limit(0)  # a start must return at once: this netlist does not show when it is idle
    results = []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        frames = words.pack(batch, given.bits, given.elements_per_word).tobytes()
        into = -(-len(frames) // 4096) * 4096
        size = len(batch) * wanted.bytes_per_frame
        if into + size > len(ddr):
            raise ToolError(f"{len(batch)} frames need {into + size:,} bytes of memory, the board has {len(ddr):,}")
        ddr[: len(frames)] = frames
        for side, address in (("OUT", into), ("IN", 0)):
            board.write(registers.OFFSETS[f"{side}_ADDRESS_LOW"], address)
            board.write(registers.OFFSETS[f"{side}_FRAMES"], len(batch))
            board.write(registers.OFFSETS[f"{side}_CONTROL"], registers.START)
        limit = board.cycles + 100 * _STEP + 10 * len(batch) * job.design.bound
        while not board.read(registers.OFFSETS["OUT_CONTROL"]) & registers.IDLE:
            if board.cycles > limit:
                done = board.read(registers.OFFSETS["FRAMES_OUT"])
                raise ToolError(f"the netlist gave {done} of {len(batch)} results from image {start} on, then no more")
            board.run(_STEP)
        failed = board.read(registers.OFFSETS["ERROR"])
        if failed:
            raise ToolError(f"the netlist's shell reports error bits {failed:#b} after image {start}")
        found = np.frombuffer(bytes(ddr[into : into + size]), np.uint8).reshape(-1, wanted.word_bytes)
        values = words.unpack(found, wanted.bits, wanted.elements_per_word, wanted.signed)
        results.append(values.reshape(len(batch), *wanted.shape))
        advance(len(batch))
    return np.concatenate(results)
