# SPDX-License-Identifier: BSD-3-Clause
"""How much the nets of a contender's netlist switch, a vector of random inputs: a proxy of its energy.

The netlist is that of which the cells are counted. Vectors follow each other without a pause, and every result is
compared with exact arithmetic: a contender that does not compute the layer has no figure.
"""

import gzip
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from chain.errors import AgreementError, ToolError
from chain.files import write_json, write_text
from chain.integers import wrap
from fpga import netlist, switching, verilate, words
from fpga.bench_hardware import distributed
from fpga.bench_hardware.contest import OURS, Contest
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Flow, kept
from fpga.bench_hardware.layer import Integers, steps

FORMAT = 1
HARNESS = Path(switching.__file__).parent / "harness" / "meter.cpp"
CYCLES = 1024
"""Of the window in which changes are counted, about: whole vectors, LEAST of them or more."""
LEAST = 16
WARM = 96
"""Cycles before the window: more than any contender takes from an input to its result."""
_PATIENCE = 4096

_AXIS = """.ap_clk(clk), .ap_rst_n(rst_n), .s_axis_tdata(in_data), .s_axis_tvalid(in_valid), .s_axis_tready(in_ready),
      .m_axis_tdata(out_data), .m_axis_tvalid(out_valid), .m_axis_tready(out_ready)"""
_PLAIN = """.clk_i(clk), .rst_ni(rst_n), .in_data_i(in_data), .in_valid_i(in_valid), .in_ready_o(in_ready),
      .out_data_o(out_data), .out_valid_o(out_valid), .out_ready_i(out_ready)"""
_BARE = ".clk(clk), .model_inp(in_data), .model_out(out_data)"


@dataclass(frozen=True)
class Switching:
    """Changes of nets, each times its takers, over `vectors` inputs that took `cycles`."""

    changes: int
    vectors: int
    cycles: int

    @property
    def a_vector(self) -> float:
        """Of one input vector."""
        return self.changes / self.vectors


def run(
    contests: Sequence[Contest], flow: Flow, cache: Path, workers: int, advance: Callable[[], None]
) -> dict[Design, Switching]:
    """The switching of every design of `contests`, `workers` at a time; `advance` is called after each of them.

    Simulations that are built go to `cache`. AgreementError for a netlist that computes something else.
    """
    found: dict[Design, Switching] = {}
    with ThreadPoolExecutor(workers) as pool:
        waiting = {
            pool.submit(measure, one, name, flow, cache): design
            for one in contests
            for name, design in one.designs.items()
        }
        try:
            for done in as_completed(waiting):
                found[waiting[done]] = done.result()
                advance()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return found


def measure(contest: Contest, name: str, flow: Flow, cache: Path) -> Switching:
    """The switching of contender `name`, counted now unless it is known. AgreementError as in `run`."""
    design, layer = contest.designs[name], contest.layer
    gates = flow.netlist(design)
    path = flow.folder / f"{gates.name.removesuffix('.v.gz')}-{layer.key()[:8]}-switching-{FORMAT}.json"
    known = kept(path, Switching)
    if known is not None:
        return known
    sf, nf = layer.fan_in // layer.simd, layer.outputs // layer.pe
    before, counted = -(-WARM // (sf * nf)), max(LEAST, CYCLES // (sf * nf))
    inputs = layer.inputs(before + counted + 2)
    values, bits = expected(contest, name, inputs)
    sent = words.pack(_biased(inputs, layer.activation_bits), layer.activation_bits, layer.simd)
    wanted = words.pack(_biased(values, bits), bits, layer.pe)
    program = _build(contest, name, gates, sent.shape[1], wanted.shape[1], cache)
    with tempfile.TemporaryDirectory() as scratch:
        given, got = Path(scratch) / "in", Path(scratch) / "out"
        given.write_bytes(sent.tobytes())
        window = (before * sf, (before + counted) * sf)
        command = [str(item) for item in (program, given, got, len(wanted), *window, _PATIENCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ToolError(f"{layer.name}, {name}: the netlist stands still (exit {done.returncode})")
        result = np.frombuffer(got.read_bytes(), np.uint8).reshape(wanted.shape)
    wrong = np.argwhere((result != wanted).any(axis=1))
    if len(wrong):
        raise AgreementError(f"{layer.name}: the netlist of {name} differs in word {wrong[0, 0]} of {len(wanted)}")
    facts = dict(line.split() for line in done.stdout.splitlines())
    made = Switching(int(facts["toggles"]), counted, int(facts["cycles"]))
    write_json(path, {"top": design.top, "layer": layer.name, "figures": asdict(made)})
    return made


def expected(contest: Contest, name: str, inputs: Integers) -> tuple[Integers, int]:
    """What contender `name` makes of `inputs` [n, fan_in]: [n, outputs], as unsigned numbers of so many bits."""
    layer, width = contest.layer, contest.widths[name]
    sums = wrap(layer.sums(inputs), width)
    if contest.kind == "unrolled":
        return sums & ((1 << width) - 1), width
    return (layer.folded(inputs) if name == OURS else steps(sums, layer.thresholds(width))), layer.activation_bits


def _biased(values: Integers, bits: int) -> Integers:
    """The same bit patterns, as words.pack takes them."""
    return values & ((1 << bits) - 1)


def _build(contest: Contest, name: str, gates: Path, in_bytes: int, out_bytes: int, cache: Path) -> Path:
    """The program of HARNESS around the metered netlist `gates`."""
    design, layer = contest.designs[name], contest.layer
    width = {"in": layer.simd * layer.activation_bits, "out": layer.pe * expected(contest, name, layer.inputs(1))[1]}
    if name == OURS:
        ports, around, width = _AXIS, "", {"in": 8 * in_bytes, "out": 8 * out_bytes}
    elif design.top == f"{distributed.TOP}_wrapper":
        ports, around = _BARE, _handshake(distributed.latency(design))
    else:
        ports, around = _PLAIN, ""
    with tempfile.TemporaryDirectory() as scratch:
        plain, metered, top = (Path(scratch) / name for name in ("netlist.v", "gates.v", "meter.sv"))
        plain.write_bytes(gzip.decompress(gates.read_bytes()))
        write_text(metered, netlist.with_cells(plain))
        write_text(
            top,
            "module meter (input logic clk, input logic rst_n,\n"
            f"    input logic [{width['in'] - 1}:0] in_data, input logic in_valid, output logic in_ready,\n"
            f"    output logic [{width['out'] - 1}:0] out_data, output logic out_valid, input logic out_ready,\n"
            f"    output logic [63:0] toggles);\n  {design.top} i_netlist (\n      {ports},\n"
            f"      .{switching.PORT}(toggles)\n  );\n{around}endmodule\n",
        )
        spec = verilate.Build(
            top="meter",
            sources=[metered, top],
            harness=[HARNESS],
            kind="executable",
            cflags=("-O0", f"-DIN_BYTES={in_bytes}", f"-DOUT_BYTES={out_bytes}"),
            warnings=False,  # Yosys' netlist and models
        )
        return verilate.build(spec, cache, "meter")


def _handshake(latency: int) -> str:
    """Of a circuit that has none: every cycle's result is `latency` cycles late."""
    return (
        f"  logic [{latency - 1}:0] valid_q;\n  logic unused;\n  assign unused = out_ready;\n"
        f"  always_ff @(posedge clk) valid_q <= rst_n ? {latency}'({{valid_q, in_valid}}) : '0;\n"
        f"  assign out_valid = valid_q[{latency - 1}];\n  assign in_ready = 1'b1;\n"
    )
