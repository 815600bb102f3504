# SPDX-License-Identifier: BSD-3-Clause
"""The stitched design in Verilator: every layer's stream recorded, times measured, stalls on both ends on request."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chain.agreement import StageResult
from chain.errors import AgreementError, InputError, ToolError
from chain.files import write_text
from fpga import verilate, words
from fpga.design import Design, Tap, load

HARNESS = Path(__file__).parent / "harness" / "accelerator.cpp"
TOLERANCE = 1.02
INTERVAL_FRAMES = 8

Progress = Callable[[int], None]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Edge:
    """What passed a stream: words moved, cycles with a word and no taker, cycles with a taker and no word."""

    name: str
    moved: int
    blocked: int
    starved: int


@dataclass(frozen=True)
class Run:
    """One simulation. `ends[i]`: cycles from the first input word accepted to the last word of result i, inclusive.

    `streams` maps tap signals to integers [N, *shape of the tap].
    """

    outputs: Integers
    streams: Mapping[str, Integers]
    ends: tuple[int, ...]
    cycles: int
    seconds: float
    edges: tuple[Edge, ...]
    seed: int = 1
    percent: int = 0

    @property
    def stalls(self) -> str:
        """In which cycles words were held back, in words."""
        return f"{self.percent} % stalls, seed {self.seed}" if self.percent else "without stalls"

    @property
    def fill(self) -> int:
        """First input word accepted -> last word of the first result, in cycles."""
        return self.ends[0]

    @property
    def interval(self) -> float:
        """Cycles between results in the steady state: over the second half of the run."""
        middle = len(self.ends) // 2
        if middle == len(self.ends) - 1:
            middle -= 1
        if middle < 0:
            raise InputError("an interval needs two images at least")
        return (self.ends[-1] - self.ends[middle]) / (len(self.ends) - 1 - middle)


class Simulator:
    """A design built for simulation: `run` may be called any number of times.

    With `netlist`, files of the synthesised design take the place of the RTL, and only its ends are recorded.
    """

    def __init__(self, rtl: Path, cache: Path = verilate.DEFAULT_CACHE, netlist: Sequence[Path] = ()) -> None:
        self.rtl = rtl
        self.design = load(rtl)
        self._taps = () if netlist else self.design.taps
        with tempfile.TemporaryDirectory() as scratch:
            self.program = build(self.design, rtl, cache, Path(scratch), netlist)

    def run(
        self,
        images: npt.NDArray[np.integer],
        seed: int = 1,
        percent: int = 0,
        progress: Progress | None = None,
    ) -> Run:
        """Send `images` [N, *input shape]; hold words back on both ends in `percent` of 100 cycles, by `seed`.

        Raises InputError for images of another shape or range, ToolError naming the streams that stand still when the
        design does.
        """
        design = self.design
        _check_images(images, design)
        packed = words.pack(images, design.input.bits, design.input.elements_per_word)
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch) / "input"
            source.write_bytes(packed.tobytes())
            target = Path(scratch) / "streams"
            target.mkdir()
            patience = (4 * sum(layer.cycles for layer in design.layers) + 10_000) * 100 // (100 - percent)
            command = [self.program, source, target, len(images), seed, percent, patience]
            facts, code = _execute([str(item) for item in command], self.rtl, progress)
            edges = tuple(Edge(name, *(int(value) for value in rest)) for name, *rest in facts.get("edge", []))
            if code == 3:
                raise ToolError(
                    f"the design stands still after {facts['received'][0][0]} result words of {len(images)} images "
                    f"(seed {seed}, {percent} % stalls). {diagnose(edges)}"
                )
            streams = {tap.signal: _read(target / tap.signal, tap, len(images)) for tap in self._taps}
            outputs = _read(target / "m_axis", _output_tap(design), len(images))
        return Run(
            outputs=outputs,
            streams=streams,
            ends=tuple(int(value) for (value,) in facts.get("frame", [])),
            cycles=int(facts["cycles"][0][0]),
            seconds=float(facts["seconds"][0][0]),
            edges=edges,
            seed=seed,
            percent=percent,
        )


def build(design: Design, rtl: Path, cache: Path, scratch: Path, netlist: Sequence[Path] = ()) -> Path:
    """The simulation program of `design`, from the cache if nothing has changed. `scratch` is for generated files."""
    edges = [] if netlist else _edges(rtl / f"{design.top}.sv")
    tapped = {
        tap.signal: f"{name}, {words.word_bytes(tap.bits, tap.elements_per_word)}, {tap.words_per_frame}ull"
        for tap in design.taps
        if (name := tap.signal) in edges
    }
    listed = " ".join(f"TAPPED({tapped[name]})" if name in tapped else f"PLAIN({name})" for name in edges)
    write_text(
        scratch / "streams.h",
        f"#define IN_BYTES {design.input.word_bytes}\n#define IN_WORDS {design.input.words_per_frame}ull\n"
        f"#define OUT_BYTES {design.output.word_bytes}\n#define OUT_WORDS {design.output.words_per_frame}ull\n"
        f"#define EDGES(PLAIN, TAPPED) {listed}\n",
    )
    shutil.copyfile(HARNESS, scratch / HARNESS.name)
    visible = [(name, kind) for name in edges for kind in ("tvalid", "tready")]
    visible += [(name, "tdata") for name in edges if name in tapped]
    rules = [f'public_flat_rd -module "{design.top}" -var "{name}_{kind}"' for name, kind in visible]
    write_text(scratch / "streams.vlt", "\n".join(["`verilator_config", *rules, ""]))
    return verilate.build(
        verilate.Build(
            top=design.top,
            sources=netlist or [rtl / name for name in design.files],
            harness=[scratch / HARNESS.name],
            kind="executable",
            vlt=[scratch / "streams.vlt"],
            # A netlist is simulated once, and g++ takes longer over it than the simulation.
            cflags=("-O1",) if netlist else ("-O2", "-fno-stack-protector"),
            arguments=("-Wno-WIDTH", "-Wno-fatal"),
            warnings=False,
        ),
        cache=cache,
        name=f"{'netlist' if netlist else 'rtl'}-{design.model}",
    )


def measure(simulator: Simulator, images: npt.NDArray[np.integer]) -> Run:
    """Run without stalls and hold the interval against the folding's bound.

    Raises ToolError naming the stream that holds the design up when the interval is over 1.02 of the bound.
    """
    run = simulator.run(images[:INTERVAL_FRAMES])
    bound = simulator.design.bound
    if run.interval > TOLERANCE * bound:
        raise ToolError(
            f"an image takes {run.interval:.0f} cycles, over {TOLERANCE} times the folding's bound of {bound} "
            f"({simulator.design.bottleneck.name}). {diagnose(run.edges)}"
        )
    return run


def diagnose(edges: tuple[Edge, ...]) -> str:
    """Which node holds the others up: the first whose inputs wait for it while its outputs starve."""
    if not edges:
        return "The design has a single node."
    worst = max(edges, key=lambda edge: edge.blocked)
    hungry = max(edges, key=lambda edge: edge.starved)
    return (
        f"Words wait longest on {worst.name} ({worst.blocked} cycles: the node behind it takes none); "
        f"takers wait longest on {hungry.name} ({hungry.starved} cycles)"
    )


def expectation(graph: Any, images: npt.NDArray[np.integer], design: Design) -> dict[str, npt.NDArray[np.int32]]:
    """What the taps of `design` must carry, by the dataflow graph's own execution: by tensor, [N, ...], channels last.

    The outputs are under "output".
    """
    from fpga import execution

    output = graph.graph.output[0].name
    names = {output, *(tap.tensor for tap in design.taps)}
    parts: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in names}
    for batch in execution.tensors(graph, images, names):
        for name, values in batch.items():
            parts[name].append(values.astype(np.int32))
    found = {name: np.concatenate(batches) for name, batches in parts.items()}
    return {**found, "output": found[output]}


def agree(
    result: StageResult,
    labels: npt.NDArray[np.integer],
    predictions: npt.NDArray[np.integer],
    expected: Mapping[str, npt.NDArray[np.integer]],
    run: Run,
    design: Design,
) -> None:
    """Add a run's first images, as many as `labels`: every tap (by its `tensor`), and the outputs (key "output").

    `expected` maps tensors of the dataflow graph to integers [N, *tap shape], of as many images or more. A tap that
    `expected` lacks is an error: no layer may go unseen.
    """
    count = len(labels)
    missing = [tap.tensor for tap in design.taps if tap.tensor not in expected]
    if missing:
        raise AgreementError(f"no expected values for the streams {missing}")
    want: dict[str, npt.NDArray[np.integer]] = {}
    got: dict[str, npt.NDArray[np.integer]] = {}
    for tap in design.taps:
        key = f"{tap.layer}.{tap.kind}"
        key = key if key not in want else f"{key} ({tap.tensor})"
        values = run.streams[tap.signal][:count]
        want[key] = _channels_first(np.asarray(expected[tap.tensor])[:count].reshape(values.shape))
        got[key] = _channels_first(values)
    got["output"] = run.outputs[:count]
    want["output"] = np.asarray(expected["output"])[:count].reshape(got["output"].shape)
    result.add(labels, predictions, want, got, run.stalls)


def _channels_first(values: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    return np.moveaxis(values, -1, 1) if values.ndim == 4 else values


def _output_tap(design: Design) -> Tap:
    end = design.output
    return Tap("output", "act", "m_axis", end.bits, end.signed, end.shape, end.elements_per_word)


def _check_images(images: npt.NDArray[np.integer], design: Design) -> None:
    if images.ndim != 1 + len(design.input.shape) or tuple(images.shape[1:]) != design.input.shape or not len(images):
        raise InputError(
            f"images of shape {images.shape}, expected [N >= 1, {', '.join(map(str, design.input.shape))}]"
        )


def _edges(top: Path) -> list[str]:
    """The streams inside the top module, in order of declaration."""
    found = []
    for line in top.read_text(encoding="utf-8").splitlines():
        name = line.strip().removeprefix("wire ").removesuffix(";")
        if line.startswith("    wire ") and name.endswith("_tvalid"):
            found.append(name.removesuffix("_tvalid"))
    return found


def _read(path: Path, tap: Tap, images: int) -> Integers:
    size = words.word_bytes(tap.bits, tap.elements_per_word)
    data = np.fromfile(path, dtype=np.uint8)
    need = images * tap.words_per_frame * size
    if data.size < need:
        raise ToolError(f"stream {tap.signal}: {data.size} bytes recorded, expected {need}")
    # Padding may already have sent the zeros that begin a following frame.
    data = data[:need]
    values = words.unpack(data.reshape(-1, size), tap.bits, tap.elements_per_word, tap.signed)
    return values.reshape(images, *tap.shape)


def _execute(command: list[str], cwd: Path, progress: Progress | None) -> tuple[dict[str, list[list[str]]], int]:
    """Run the program; its lines by their first word. Ends it when this process is interrupted."""
    facts: dict[str, list[list[str]]] = {}
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            for line in process.stdout:
                key, *rest = line.split()
                facts.setdefault(key, []).append(rest)
                if key == "frame" and progress:
                    progress(1)
            errors = process.stderr.read()
            code = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if code not in (0, 3):
        raise ToolError(f"the simulation failed (exit {code}): {errors.strip() or 'no message'}")
    return facts, code
