# SPDX-License-Identifier: BSD-3-Clause
"""How much the nets of a contender's netlist switch, a vector of random inputs or a test image: a proxy of its energy.

The netlist is that of which the cells are counted. Vectors follow each other without a pause, and every result is
compared with exact arithmetic: a contender that does not compute the layer has no figure.
"""

import gzip
import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.errors import AgreementError, InputError, ToolError
from chain.files import write_json, write_text
from chain.integers import wrap
from fpga import design as manifest
from fpga import netlist, resources, steps, switching, verilate, words, yosys
from fpga.bench_hardware import distributed, recorded
from fpga.bench_hardware.contest import OURS, Contest
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.flow import Flow, kept
from fpga.bench_hardware.layer import Integers
from fpga.bench_hardware.layer import steps as thresholded
from fpga.bench_hardware.workers import each

FORMAT = 2
STANDS_STILL = 3
"""What HARNESS ends with where no word moves for long."""
HARNESS = Path(switching.__file__).parent / "harness" / "meter.cpp"
CYCLES = 1024
"""Of the window in which changes are counted, about: whole vectors, LEAST of them or more."""
LEAST = 16
WARM = 96
"""Cycles before the window: more than any contender takes from an input to its result."""
IMAGES = (6, 2, 1)
"""Of a network: before the window (longer than the first result takes), in it, behind it."""
_PATIENCE = 4096

Bytes = npt.NDArray[np.uint8]
Stage = Callable[[str, int], None]
"""Told what is done now, and how many percent of it are."""

_AXIS = """.ap_clk(clk), .ap_rst_n(rst_n), .s_axis_tdata(in_data), .s_axis_tvalid(in_valid), .s_axis_tready(in_ready),
      .m_axis_tdata(out_data), .m_axis_tvalid(out_valid), .m_axis_tready(out_ready)"""
_NODE = """.ap_clk(clk), .ap_rst_n(rst_n), .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)"""
_PLAIN = """.clk_i(clk), .rst_ni(rst_n), .in_data_i(in_data), .in_valid_i(in_valid), .in_ready_o(in_ready),
      .out_data_o(out_data), .out_valid_o(out_valid), .out_ready_i(out_ready)"""
_BARE = ".clk(clk), .model_inp(in_data), .model_out(out_data)"


def _untold(stage: str, percent: int) -> None:
    """For those that ask for nothing."""


@dataclass(frozen=True)
class Switching:
    """Changes of nets, each times its takers, over `vectors` inputs (of a network: images) that took `cycles`; and the
    `latency`, cycles from the first word to the first result.
    """

    changes: int
    vectors: int
    cycles: int
    latency: int

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
    tasks = {
        design: partial(measure, one, name, flow, cache) for one in contests for name, design in one.designs.items()
    }
    return each(tasks, workers, advance)


def measure(contest: Contest, name: str, flow: Flow, cache: Path) -> Switching:
    """The switching of contender `name`, over CYCLES or the vectors of an image, counted now unless it is known.
    AgreementError as in `run`.
    """
    design, layer = contest.designs[name], contest.layer
    gates = flow.netlist(design)
    of = f"-{contest.vectors}" if contest.vectors else ""
    path = flow.folder / f"{gates.name.removesuffix('.v.gz')}-{layer.key()[:8]}-switching-{FORMAT}{of}.json"
    known = kept(path, Switching)
    if known is not None:
        return known
    sf, nf = layer.fan_in // layer.simd, layer.outputs // layer.pe
    before, counted = -(-WARM // (sf * nf)), contest.vectors or max(LEAST, CYCLES // (sf * nf))
    inputs = layer.inputs(before + counted + 2)
    values, bits = expected(contest, name, inputs)
    sent = words.pack(_biased(inputs, layer.activation_bits), layer.activation_bits, layer.simd)
    wanted = words.pack(_biased(values, bits), bits, layer.pe)
    window = (before * sf, (before + counted) * sf)
    metered = gzip.decompress(gates.read_bytes()).decode("utf-8")
    found = simulate(metered, _shell(contest, name, bits), sent, wanted, window, cache, f"{layer.name}, {name}")
    made = Switching(found["toggles"], counted, found["cycles"], found["latency"])
    write_json(path, {"top": design.top, "layer": layer.name, "figures": asdict(made)})
    return made


def network(model: steps.Model, cache: Path, advance: Stage = _untold) -> Switching:
    """The switching of an image: our whole netlist on test images, behind others; counted now unless it is known.

    `advance` is called with what is done now, and how many percent of it are. ToolError for a netlist that stands
    still, AgreementError for one that differs from PyTorch.
    """
    steps.dataflow(model)  # refuses RTL of another model.onnx
    design = manifest.load(model.rtl)
    folder = resources.synthesise(model.rtl, model.folder / "synth")
    given, images = steps.reference(model), sum(IMAGES)
    if len(given.images) < images:
        raise InputError(f"{model.folder}: reference.npz has {len(given.images)} images, expected {images}")
    stimulus = hashlib.sha256(np.ascontiguousarray(given.images[:images]).tobytes() + bytes(IMAGES)).hexdigest()
    path = folder / f"switching-{stimulus[:12]}-{FORMAT}.json"
    known = kept(path, Switching)
    if known is not None:
        return known
    advance("netlist", 0)
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch).absolute()
        commands = [*resources.flat_commands(design.top), *switching.write_commands(target)]
        yosys.run(commands, folder.absolute(), target / "log.txt", kept=folder.parent / "yosys.log")
        metered = switching.metered(target, design.top)
    sent = words.pack(given.images[:images], design.input.bits, design.input.elements_per_word)
    results = steps.results(design, given.outputs[:images])
    wanted = words.pack(results, design.output.bits, design.output.elements_per_word)
    frame, (before, counted, _) = design.input.words_per_frame, IMAGES
    shell = Shell(design.top, _AXIS, 8 * sent.shape[1], 8 * wanted.shape[1])
    window = (before * frame, (before + counted) * frame)
    patience = 20 * design.bound
    found = simulate(metered, shell, sent, wanted, window, cache, design.model, ("-O1",), patience, advance)
    made = Switching(found["toggles"], counted, found["cycles"], found["latency"])
    write_json(path, {"model": design.model, "figures": asdict(made)})
    return made


@dataclass(frozen=True)
class Shell:
    """A netlist's module, its ports joined to those of `meter`, their data's bits, and what else is in `meter`."""

    top: str
    ports: str
    in_bits: int
    out_bits: int
    around: str = ""

    def text(self) -> str:
        """The module `meter`."""
        return (
            "module meter (input logic clk, input logic rst_n,\n"
            f"    input logic [{self.in_bits - 1}:0] in_data, input logic in_valid, output logic in_ready,\n"
            f"    output logic [{self.out_bits - 1}:0] out_data, output logic out_valid, input logic out_ready,\n"
            f"    output logic [63:0] toggles);\n  {self.top} i_netlist (\n      {self.ports},\n"
            f"      .{switching.PORT}(toggles)\n  );\n{self.around}endmodule\n"
        )


def simulate(
    metered: str,
    shell: Shell,
    sent: Bytes,
    wanted: Bytes,
    window: tuple[int, int],
    cache: Path,
    name: str,
    cflags: Sequence[str] = ("-O0",),
    patience: int = _PATIENCE,
    advance: Stage = _untold,
) -> dict[str, int]:
    """Toggles and cycles of `metered` while it takes the words of `window` (from, to) of `sent` [words, bytes], and its
    latency.

    ToolError if no word moves for `patience` cycles, AgreementError for a result that is not `wanted` [words, bytes].
    """
    with tempfile.TemporaryDirectory() as scratch:
        plain, gates, top, given, got = (Path(scratch) / n for n in ("plain.v", "gates.v", "meter.sv", "in", "out"))
        write_text(plain, metered)
        write_text(gates, netlist.with_cells(plain))
        write_text(top, shell.text())
        spec = verilate.Build(
            top="meter",
            sources=[gates, top],
            harness=[HARNESS],
            kind="executable",
            cflags=(*cflags, f"-DIN_BYTES={sent.shape[1]}", f"-DOUT_BYTES={wanted.shape[1]}"),
            warnings=False,  # Yosys' netlist and models
        )
        advance("compilation", 0)
        program = verilate.build(spec, cache, "meter")
        given.write_bytes(sent.tobytes())
        advance("simulation", 0)
        command = [str(item) for item in (program, given, got, len(wanted), *window, patience)]
        status, facts = _told(command, lambda percent: advance("simulation", percent))
        if status == STANDS_STILL:
            raise ToolError(f"{name}: no word has moved through the netlist for {patience:,} cycles")
        if status:
            raise ToolError(f"{name}: the simulation ended with status {status}")
        result = np.frombuffer(got.read_bytes(), np.uint8).reshape(wanted.shape)
    wrong = np.argwhere((result != wanted).any(axis=1))
    if len(wrong):
        raise AgreementError(f"{name}: the netlist differs in word {wrong[0, 0]} of {len(wanted)}")
    return facts


def _told(command: Sequence[str], advance: Callable[[int], None]) -> tuple[int, dict[str, int]]:
    """The exit status of HARNESS' program, and what it printed; `advance` is called with its percents."""
    facts = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            key, number = line.split()
            facts[key] = int(number)
            if key == "percent":
                advance(facts[key])
    return process.returncode, facts


def expected(contest: Contest, name: str, inputs: Integers) -> tuple[Integers, int]:
    """What contender `name` makes of `inputs` [n, fan_in]: [n, outputs], as unsigned numbers of so many bits."""
    layer, width = contest.layer, contest.widths[name]
    sums = wrap(layer.sums(inputs), width)
    if contest.kind != "layer":
        return sums & ((1 << width) - 1), width
    return (layer.folded(inputs) if name == OURS else thresholded(sums, layer.thresholds(width))), layer.activation_bits


def _biased(values: Integers, bits: int) -> Integers:
    """The same bit patterns, as words.pack takes them."""
    return values & ((1 << bits) - 1)


def _shell(contest: Contest, name: str, bits: int) -> Shell:
    """Around contender `name`, whose results have so many bits each."""
    design, layer = contest.designs[name], contest.layer
    width_in, width_out = layer.simd * layer.activation_bits, layer.pe * bits
    if name == OURS:  # whole bytes
        ports = _NODE if contest.kind == recorded.KIND else _AXIS
        return Shell(design.top, ports, -(-width_in // 8) * 8, -(-width_out // 8) * 8)
    if contest.kind == "unrolled":
        return Shell(design.top, _BARE, width_in, width_out, _handshake(distributed.latency(design)))
    return Shell(design.top, _PLAIN, width_in, width_out)


def _handshake(latency: int) -> str:
    """Of a circuit that has none: every cycle's result is `latency` cycles late."""
    return (
        f"  logic [{latency - 1}:0] valid_q;\n  logic unused;\n  assign unused = out_ready;\n"
        f"  always_ff @(posedge clk) valid_q <= rst_n ? {latency}'({{valid_q, in_valid}}) : '0;\n"
        f"  assign out_valid = valid_q[{latency - 1}];\n  assign in_ready = 1'b1;\n"
    )
