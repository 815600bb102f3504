# SPDX-License-Identifier: BSD-3-Clause
"""One proof: Yosys makes an and-inverter graph of the properties, ABC decides it.

Property directed reachability (`pdr`) proves for any number of cycles, a bounded model check (`bmc3`) for those up to a
depth. Registers and memories that nothing initialises begin with free values: reset finds the cell in any state.
"""

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from chain.errors import ToolError
from fpga import yosys

TRACE = "trace.vcd"

Status = Literal["proved", "refuted", "open"]

_FAILED = re.compile(r"Output (\d+) of miter \"[^\"]*\" was asserted in frame (\d+)")
_BOUNDED = re.compile(r"No output (?:failed|asserted|was asserted) in (\d+) frames")
# The second: nothing is left but constants. No output has a time limit of its own, so that none can have run out.
_PROVED = ("Property proved", "All outputs solved or timed out")
# Adders and comparators stay as they are: ABC proves ripple carries more easily than what techmap makes of them.
_KEPT = ("$add", "$sub", "$lt", "$le", "$gt", "$ge", "$assert", "$assume", "$anyinit", "$anyseq")


@dataclass(frozen=True)
class Proof:
    """No assertion of module `top` can fail, and no wire leads from the first to the second port of a pair in `apart`.

    name        cell and parameters, unique in the catalogue
    cell        the cell that it is about
    parameters  of `top`, as SystemVerilog literals
    files       memory files, by name, line by line
    apart       pairs of an input and an output of `top` without a combinational path between them
    depth       0: for any number of cycles; else how many from reset on are covered
    quick       whether it is among those that every test run does, which take seconds together
    form        "ADDERS" for the cells with WRAPNET_ADDERS (fpga/rtl/heap_pkg.sv)
    """

    name: str
    top: str
    cell: str
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    apart: Sequence[tuple[str, str]] = ()
    depth: int = 0
    quick: bool = False
    form: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a proof. `failed` names what does not hold, in `cycle`; `open`: not decided within the time."""

    status: Status
    seconds: float
    failed: str = ""
    cycle: int = 0


def decide(proof: Proof, sources: Sequence[Path], folder: Path, limit: int = 600) -> Outcome:
    """Decide `proof` over `sources` in the empty `folder`, within about `limit` seconds in ABC.

    A counterexample is left in `folder`/trace.vcd. Raises ToolError if Yosys or ABC fail, or nothing is asserted.
    """
    started = time.monotonic()
    for name, lines in proof.files.items():
        (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    yosys.run(_to_graph(proof, sources), folder, folder / "yosys.log")
    for index, (begin, end) in enumerate(proof.apart):
        if (folder / f"path{index}.txt").read_text(encoding="utf-8").strip():
            return Outcome("refuted", time.monotonic() - started, f"a combinational path from {begin} to {end}")
    asserts = json.loads((folder / "names.json").read_text(encoding="utf-8"))["asserts"]
    if not asserts:
        raise ToolError(f"{proof.name}: no assertion came out of {proof.top}; Yosys' log: {folder / 'yosys.log'}")
    log = _abc(proof, folder, limit)
    if failed := _FAILED.search(log):
        label = ".".join(part.removeprefix("\\") for part in asserts[int(failed[1])])
        _trace(folder)
        return Outcome("refuted", time.monotonic() - started, label, int(failed[2]))
    bounded = _BOUNDED.search(log)
    proved = any(text in log for text in _PROVED)
    if proof.depth and bounded:
        proved = proved or int(bounded[1]) >= proof.depth
    return Outcome("proved" if proved else "open", time.monotonic() - started)


def _to_graph(proof: Proof, sources: Sequence[Path]) -> list[str]:
    options = " ".join(f"-G{name}={value}" for name, value in proof.parameters.items())
    if proof.form:
        options += f" -D WRAPNET_{proof.form}=1"
    paths = [
        f"tee -q -o path{index}.txt select -list o:{end} %ci*:-$dff i:{begin} %i"
        for index, (begin, end) in enumerate(proof.apart)
    ]
    return [
        f"read_slang --top {proof.top} {options} {' '.join(str(path.resolve()) for path in sources)}",
        f"prep -flatten -nordff -top {proof.top}",
        "chformal -lower",
        "memory_map -formal",
        "dffunmap",
        "opt_clean",
        *paths,
        "write_rtlil clocked.il",
        "formalff -clk2ff -ff2anyinit",
        "opt -full",
        "simplemap",
        f"techmap t:$* {' '.join(f't:{cell} %d' for cell in _KEPT)}",
        "techmap t:$fa",
        "simplemap",
        "setundef -undriven -anyseq",
        "aigmap",
        "delete -output",
        "opt_clean",
        "write_aiger -I -B -zinit -no-startoffset -map graph.aim -ywmap names.json graph.aig",
    ]


def _abc(proof: Proof, folder: Path, limit: int) -> str:
    """ABC's output."""
    engine = f"bmc3 -F {proof.depth} -T {limit} -v" if proof.depth else f"pdr -T {limit}"
    script = f"read_aiger graph.aig; fold; strash; print_stats; {engine}; write_cex -a graph.aiw"
    done = subprocess.run(
        [yosys.share().parent / "yosys-abc", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    (folder / "abc.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode or "i/o" not in done.stdout:
        raise ToolError(f"{proof.name}: ABC failed (exit {done.returncode}); its log: {folder / 'abc.log'}")
    return done.stdout


def _trace(folder: Path) -> None:
    """The cells under the inputs and first values that ABC found, as a VCD file.

    Every latch of the graph begins with 0 (first values are inputs); ABC leaves out those that it swept away.
    """
    latches = int((folder / "graph.aig").read_bytes().split(b"\n", 1)[0].split()[3])
    _, *inputs = (folder / "graph.aiw").read_text(encoding="utf-8").splitlines()
    (folder / "graph.aiw").write_text("\n".join(["0" * latches, *inputs, ""]), encoding="utf-8")
    simulate = f"sim -clock clk_i -r graph.aiw -map graph.aim -vcd {TRACE}"
    yosys.run(["read_rtlil clocked.il", "chformal -remove", simulate], folder, folder / "trace.log")
