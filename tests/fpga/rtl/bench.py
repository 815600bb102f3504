# SPDX-License-Identifier: BSD-3-Clause
"""A test bench for stream cells: many instances of a cell in one Verilator build, all driven at once.

A `Case` is an instance: its parameters, its memory files, what goes in and what must come out. `Bench` builds one
SystemVerilog top that wires all of them, and `run` compares every output word under random stalls.
"""

import contextlib
import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fpga.rtl_memory import hex_lines
from fpga.verilate import DEFAULT_CACHE, Build, build

ROOT = Path(__file__).resolve().parents[3]
RTL = ROOT / "fpga" / "rtl"
FAULTS = (
    "",
    "valid withdrawn",
    "data changed while waiting",
    "valid or data depends on ready",
    "too many words",
    "valid in reset",
)
LIMIT = 1_000_000
STALLS = [(0, 0), (0, 60), (60, 0), (30, 30), (80, 10), (10, 80)]


@dataclass(frozen=True)
class Stream:
    """The elements of one port, [words, lanes] of `bits` bits each (negative ones as two's complement)."""

    values: npt.NDArray[np.integer]
    bits: int

    @property
    def width(self) -> int:
        return self.values.shape[1] * self.bits

    def packed(self) -> npt.NDArray[np.uint32]:
        """[words, 32-bit chunks], the lowest lane in the lowest bits."""
        mask = (1 << self.bits) - 1
        lines = hex_lines(np.asarray(self.values, dtype=np.int64) & mask, self.bits)
        chunks = -(-self.width // 32)
        return np.array(
            [[int(line, 16) >> (32 * i) & 0xFFFFFFFF for i in range(chunks)] for line in lines], dtype=np.uint32
        ).reshape(len(lines), chunks)


@dataclass(frozen=True)
class Case:
    """One instance of `cell`. Ports are named by their prefixes: "in_" and "out_", or "in0_", "in1_" and so on."""

    cell: str
    parameters: Mapping[str, int | str]
    inputs: Mapping[str, Stream]
    outputs: Mapping[str, Stream]
    memories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    name: str = ""

    def __str__(self) -> str:
        return self.name or "-".join(f"{k}{v}" for k, v in self.parameters.items() if k != "InitFile")


@dataclass(frozen=True)
class Result:
    """Cycles at which the first output's words and the first input's words of one case were transferred."""

    inputs: npt.NDArray[np.uint64]
    outputs: npt.NDArray[np.uint64]


class _Port(ctypes.Structure):
    _fields_ = (
        ("words", ctypes.c_uint32),
        ("stall_percent", ctypes.c_uint32),
        ("count", ctypes.c_uint64),
        ("data", ctypes.c_void_p),
        ("cycles", ctypes.c_void_p),
        ("done", ctypes.c_uint64),
    )


class Bench:
    """All `cases` in one simulation; their memories and the top level are written to `folder`.

    `sources` are cells beside those of fpga/rtl.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        folder: Path,
        name: str,
        defines: Mapping[str, str] | None = None,
        cflags: Sequence[str] = ("-O1",),
        sources: Sequence[Path] = (),
    ) -> None:
        self.cases = cases
        self.folder = folder
        self.defines = defines or {}
        self.inputs, self.outputs, self.stride = _ports(cases)
        top = write_top(cases, folder)
        spec = Build(
            "bench",
            [*sorted(RTL.glob("*.sv")), *sources, top],
            [Path(__file__).with_name("bench.cpp")],
            defines=self.defines,
            cflags=cflags,
            warnings=False,
        )
        self.library = build(spec, ROOT / DEFAULT_CACHE, f"bench-{name}")
        self._run = ctypes.CDLL(str(self.library)).bench_run
        self._run.restype = ctypes.c_uint64

    def run(self, idle: int, back_pressure: int, seed: int = 1, reset_at: int = 0) -> list[Result]:
        """Run all cases with `idle` and `back_pressure` percent of stalls; AssertionError at the first difference."""
        again = f"repeat with Bench.run(idle={idle}, back_pressure={back_pressure}, seed={seed}, reset_at={reset_at})"
        sim = self._simulate(idle, back_pressure, seed, reset_at, LIMIT)
        if sim.fault[0]:
            case, prefix, _ = self.outputs[sim.fault[1]]
            raise AssertionError(f"{case.cell} {case}: {prefix} {FAULTS[sim.fault[0]]}, cycle {sim.fault[2]}; {again}")
        for i, (case, prefix, stream) in enumerate(self.outputs):
            where = f"{case.cell} {case}: {prefix}"
            wanted, got = stream.packed(), sim.data[i]
            assert sim.given[i] == len(wanted), f"{where} gave {sim.given[i]} of {len(wanted)} words; {again}"
            wrong = np.argwhere((got != wanted).any(axis=1))
            if wrong.size:
                word = int(wrong[0, 0])
                raise AssertionError(
                    f"{where} word {word}: expected {stream.values[word].tolist()} of {stream.bits} bits "
                    f"= {wanted[word][::-1]}, got {got[word][::-1]}; {again}"
                )
        results = []
        for case in self.cases:
            first_in = next(i for i, (owner, _, _) in enumerate(self.inputs) if owner is case)
            first_out = next(i for i, (owner, _, _) in enumerate(self.outputs) if owner is case)
            results.append(Result(sim.in_cycles[first_in], sim.out_cycles[first_out]))
        return results

    def fill(self) -> list[int]:
        """How many words each input takes while no output is ever ready."""
        return self._simulate(0, 100, 1, 0, 3000).taken

    def _simulate(self, idle: int, back_pressure: int, seed: int, reset_at: int, limit: int) -> "_Simulation":
        sent = [stream.packed() for _, _, stream in self.inputs]
        got = [np.zeros_like(stream.packed()) for _, _, stream in self.outputs]
        in_cycles = [np.zeros(len(words), dtype=np.uint64) for words in sent]
        out_cycles = [np.zeros(len(words), dtype=np.uint64) for words in got]
        ins = (_Port * len(sent))(*(_port(*pair, idle) for pair in zip(sent, in_cycles, strict=True)))
        outs = (_Port * len(got))(*(_port(*pair, back_pressure) for pair in zip(got, out_cycles, strict=True)))
        fault = (ctypes.c_uint64 * 3)()
        with contextlib.chdir(self.folder):
            self._run(
                ctypes.c_uint32(seed),
                ctypes.c_uint32(self.stride),
                ins,
                ctypes.c_uint32(len(sent)),
                outs,
                ctypes.c_uint32(len(got)),
                ctypes.c_uint64(limit),
                ctypes.c_uint64(reset_at),
                fault,
            )
        return _Simulation(
            got, [p.done for p in outs], [p.done for p in ins], in_cycles, out_cycles, (fault[0], fault[1], fault[2])
        )


@dataclass(frozen=True)
class _Simulation:
    data: list[npt.NDArray[np.uint32]]
    given: list[int]
    taken: list[int]
    in_cycles: list[npt.NDArray[np.uint64]]
    out_cycles: list[npt.NDArray[np.uint64]]
    fault: tuple[int, int, int]


def _port(words: npt.NDArray[np.uint32], cycles: npt.NDArray[np.uint64], stall: int) -> _Port:
    return _Port(words.shape[1], stall, len(words), words.ctypes.data, cycles.ctypes.data, 0)


Ports = list[tuple[Case, str, Stream]]


def _ports(cases: Sequence[Case]) -> tuple[Ports, Ports, int]:
    """All inputs, all outputs, and the 32-bit chunks that the widest of them takes (at least 3)."""
    inputs = [(case, prefix, stream) for case in cases for prefix, stream in case.inputs.items()]
    outputs = [(case, prefix, stream) for case in cases for prefix, stream in case.outputs.items()]
    return inputs, outputs, max(3, *(-(-stream.width // 32) for _, _, stream in (*inputs, *outputs)))


def write_top(cases: Sequence[Case], folder: Path) -> Path:
    """Write the bench's SystemVerilog and the memories to `folder`: port i lies at bit i * 32 * chunks of its kind."""
    inputs, outputs, stride = _ports(cases)
    ins, outs = max(len(inputs), 65), max(len(outputs), 65)
    bits = stride * 32
    lines = [
        "module bench (input logic clk_i, input logic rst_ni,",
        f"  input logic [{ins * bits - 1}:0] in_data_i, input logic [{ins - 1}:0] in_valid_i,",
        f"  output logic [{ins - 1}:0] in_ready_o, output logic [{outs * bits - 1}:0] out_data_o,",
        f"  output logic [{outs - 1}:0] out_valid_o, input logic [{outs - 1}:0] out_ready_i);",
    ]
    for index, case in enumerate(cases):
        values = [f'.{k}("{v}")' if isinstance(v, str) else f".{k}({v})" for k, v in case.parameters.items()]
        wires = [".clk_i(clk_i)", ".rst_ni(rst_ni)"]
        for i, (owner, prefix, stream) in enumerate(inputs):
            if owner is case:
                wires.append(f".{prefix}data_i(in_data_i[{i * bits}+:{stream.width}])")
                wires.append(f".{prefix}valid_i(in_valid_i[{i}]), .{prefix}ready_o(in_ready_o[{i}])")
        for i, (owner, prefix, stream) in enumerate(outputs):
            if owner is case:
                wires.append(f".{prefix}data_o(out_data_o[{i * bits}+:{stream.width}])")
                wires.append(f".{prefix}valid_o(out_valid_o[{i}]), .{prefix}ready_i(out_ready_i[{i}])")
        lines.append(f"  {case.cell} #({', '.join(values)}) i_{index} ({', '.join(wires)});")
    for i, (_, _, stream) in enumerate(outputs):
        if stream.width < bits:
            lines.append(f"  assign out_data_o[{i * bits + stream.width}+:{bits - stream.width}] = '0;")
    for case in cases:
        for file, content in case.memories.items():
            (folder / file).write_text("\n".join(content) + "\n", encoding="utf-8")
    path = folder / "bench.sv"
    path.write_text("\n".join([*lines, "endmodule", ""]), encoding="utf-8")
    return path
