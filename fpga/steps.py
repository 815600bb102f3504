# SPDX-License-Identifier: BSD-3-Clause
"""The steps of one model from model.onnx on: each reads and writes files of build/<model>/ and records its seconds."""

import contextlib
import hashlib
import json
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chain import record
from chain.agreement import StageResult, discard
from chain.cli import is_path, model_name
from chain.errors import InputError, nearest
from chain.files import atomic
from fpga import resources
from fpga.design import Design, load

if TYPE_CHECKING:  # imported where they are used: FINN takes seconds, and half of the steps need nothing of it
    from fpga.explore import Front
    from fpga.folding import Folding

DEFAULT_FPS = 1000.0
OUTPUTS = ("logits", "labels")
BATCH = 250
SOURCE = "wrapnet.source_sha256"  # in dataflow.onnx: the model.onnx that it and rtl/ were made from

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Hardware:
    """The recipe's [hardware] table, as the model file carries it."""

    part: str = "xc7z020clg400-1"
    clock_mhz: float = 100.0
    fps: float = DEFAULT_FPS
    output: str = "logits"


@dataclass(frozen=True)
class Model:
    """build/<model>/ and what model.onnx says about itself."""

    folder: Path
    name: str
    classes: tuple[str, ...] = ()
    hardware: Hardware = field(default_factory=Hardware)
    recipe: str = ""  # its path, where the user gave that and not the name

    @property
    def argument(self) -> str:
        """MODEL=, as the user gave it."""
        return self.recipe or self.name

    @property
    def onnx(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def dataflow(self) -> Path:
        return self.folder / "dataflow.onnx"

    @property
    def rtl(self) -> Path:
        return self.folder / "rtl"

    @property
    def cache(self) -> Path:
        """Verilator builds, shared by all models."""
        return self.folder.parent / "verilator"

    @property
    def synthesis(self) -> Path:
        return self.folder / "synth"

    @property
    def stages(self) -> Path:
        return self.folder / "stages"


@dataclass(frozen=True)
class Reference:
    """reference.npz: what PyTorch made of the test images. `images` [N, H, W, C], `outputs` [N, classes]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int32]


def open_model(build: Path, model: str) -> Model:
    """MODEL, a name or a recipe's path, in `build`. InputError if it was not exported, or its metadata is unusable."""
    from export.ops import runtime

    name = model_name(model)
    folder = build / name
    path = folder / "model.onnx"
    if not path.is_file():
        exported = [found.parent.name for found in build.glob("*/model.onnx")]
        hint = f"; {nearest(name, exported)}" if exported and model == name else ""
        raise InputError(
            f"{path} does not exist: export the model first (make train export MODEL={model}, or "
            f"export.hand_over for one that was trained elsewhere){hint}"
        )
    properties = {entry.key: entry.value for entry in runtime.load(path).metadata_props}
    try:
        given = json.loads(properties.get("wrapnet.hardware", "{}"))
        classes = tuple(str(item) for item in json.loads(properties.get("wrapnet.classes", "[]")))
        known = {key: given[key] for key in ("part", "clock_mhz", "fps", "output") if given.get(key) is not None}
        hardware = Hardware(**known)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: its metadata wrapnet.hardware or wrapnet.classes is unusable: {error}") from error
    resources.part_of(hardware.part)
    if not hardware.clock_mhz > 0:
        raise InputError(f"{path}: clock_mhz is {hardware.clock_mhz!r}, expected more than 0")
    if hardware.output not in OUTPUTS:
        raise InputError(f"{path}: output is {hardware.output!r}, expected {' or '.join(map(repr, OUTPUTS))}")
    return Model(folder, name, classes, hardware, model if is_path(model) else "")


def require_part(model: str) -> None:
    """Raise InputError where MODEL is a recipe's path and its [hardware] names a part that is not known."""
    if not is_path(model):
        return
    part = tomllib.loads(Path(model).read_text(encoding="utf-8")).get("hardware", {}).get("part", Hardware.part)
    try:
        resources.part_of(part)
    except InputError as error:
        raise InputError(f"recipe {model}: hardware.part: {error}") from None


def changed(model: Model) -> str | None:
    """What to tell the user where the recipe was changed after the export; only one given by its path is looked at."""
    if not model.recipe or Path(model.recipe).stat().st_mtime <= model.onnx.stat().st_mtime:
        return None
    again = f"make train export MODEL={model.recipe}"
    return f"note: {model.recipe} was changed after {model.onnx} was made of it; what follows is of before ({again})"


def reference(model: Model) -> Reference:
    """Read reference.npz. InputError if it is missing or incomplete."""
    path = model.folder / "reference.npz"
    try:
        with np.load(path, allow_pickle=False) as values:
            return Reference(values["images"], values["labels"], values["outputs"])
    except FileNotFoundError:
        raise InputError(
            f"{path} does not exist: export the model first (make export MODEL={model.argument})"
        ) from None
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged ({error}): export the model again") from error


def build_rtl(model: Model, fps: float | None = None, luts: int | None = None) -> "tuple[Folding, Design]":
    """model.onnx -> dataflow.onnx and rtl/. `luts` is a budget; without it `fps` (or the recipe's) is the target."""
    from fpga import folding, padding, stitch

    if fps is not None and luts is not None:
        raise InputError("give FPS= or LUT=, not both")
    hardware = model.hardware
    with seconds(model, "rtl", FPS=fps, LUT=luts):
        graph = mapped(model)
        clock, rate, budget = hardware.clock_mhz, fps if fps is not None else hardware.fps, luts
        if budget is not None:
            graph, chosen = padding.fold(graph, lambda g: folding.for_luts(g, budget, clock), padding.more_fps)
        else:
            graph, chosen = padding.fold(graph, lambda g: folding.for_fps(g, rate, clock), padding.fewer_luts)
        graph = specialised(graph, hardware)
        graph.set_metadata_prop(SOURCE, _digest(model.onnx))
        model.dataflow.unlink(missing_ok=True)  # there is one only beside the rtl/ that was made of it
        made = stitch.stitch(graph, model.rtl, model.name, hardware.clock_mhz, hardware.part, model.classes)
        discard(model.folder, "finn")  # the earlier rtl/ is gone only now: a failure before keeps its figures
        with atomic(model.dataflow) as path:
            graph.save(str(path))
    return chosen, made


def specialised(graph: Any, hardware: Hardware) -> Any:
    """The folded dataflow `graph` as nodes of RTL, with converters and FIFOs, for the part and its clock."""
    from fpga import fifo, levels, mapping

    graph = mapping.specialise(graph, part=hardware.part, clock_ns=1000.0 / hardware.clock_mhz)
    graph = fifo.name_streams(graph)
    return fifo.insert(graph, fifo.depths(graph, levels.limit(hardware.part, hardware.clock_mhz)))


def explore(model: Model, advance: Advance = lambda done: None) -> "Front":
    """The cheapest folding of every frame rate, by estimate; `advance` is told four times."""
    from fpga import explore as exploring

    return exploring.explore(mapped(model), model.name, model.hardware.part, model.hardware.clock_mhz, advance)


def dataflow(model: Model) -> Any:
    """dataflow.onnx. InputError if there is none, or it and rtl/ were made from another model.onnx than there is."""
    from qonnx.core.modelwrapper import ModelWrapper

    again = f"(make rtl MODEL={model.argument})"
    if not model.dataflow.is_file():
        raise InputError(f"{model.dataflow} does not exist: make the RTL first {again}")
    graph = ModelWrapper(str(model.dataflow))
    if graph.get_metadata_prop(SOURCE) != _digest(model.onnx):
        raise InputError(f"{model.rtl} was made from another {model.onnx.name} than {model.onnx}: make it anew {again}")
    return graph


def check_graph(model: Model, advance: Advance = lambda count: None) -> StageResult:
    """Stage "finn": the dataflow graph in Python against onnxruntime, every layer, every image of reference.npz."""
    from export.ops import runtime
    from fpga import mapping

    given = reference(model)
    graph, made = dataflow(model), load(model.rtl)
    proto = runtime.load(model.onnx)
    layers = runtime.accumulators(proto)
    session = runtime.OnnxRuntime(model.onnx, list(layers.values()), threads=1)
    result = StageResult("finn", "onnxruntime")
    with seconds(model, "finn"):
        for part in _batches(len(given.images)):
            images = given.images[part]
            got = mapping.execute(graph, images)
            wanted = session(np.moveaxis(images, -1, 1))
            expected = {layer: wanted[tensor].astype(np.int64) for layer, tensor in layers.items()}
            expected["output"] = results(made, given.outputs[part]).astype(np.int64)
            result.add(given.labels[part], predictions(made, got["output"]), expected, got)
            advance(len(images))
    result.save(model.stages)
    return result


def affordable_images(model: Model, cycles: int, least: int) -> int:
    """How many test images `cycles` simulated cycles carry: at least `least`, at most all."""
    return min(len(reference(model).images), max(least, cycles // load(model.rtl).bound))


def check_rtl(model: Model, images: int, seed: int, percent: int, advance: Advance = lambda count: None) -> StageResult:
    """Stage "rtl": the design in Verilator, every stream against the dataflow graph, in three runs.

    One with stalls on both ends by `seed`, and two with the first few of its images: by the next seed, and without
    stalls, which gives the times. The result is that of the first run with mismatches, or else of the first. Raises
    ToolError if the design stands still, or needs over 1.02 of the bound.
    """
    from fpga import simulate

    given, graph = reference(model), dataflow(model)
    count = min(images, len(given.images))
    with seconds(model, "sim"):
        simulator = simulate.Simulator(model.rtl, model.cache)
        made = simulator.design
        timed = simulate.measure(simulator, given.images)
        run = simulator.run(given.images[:count], seed, percent, advance)
        few = min(count, simulate.INTERVAL_FRAMES)
        again = simulator.run(given.images[:few], seed + 1, percent)
        expected = simulate.expectation(graph, given.images[:count], made)
        expected["output"] = results(made, given.outputs[:count])
        compared = []
        for each, number in ((run, count), (again, few), (timed, few)):
            found = StageResult("rtl", "finn")
            labels = predictions(made, each.outputs)[:number]
            simulate.agree(found, given.labels[:number], labels, expected, each, made)
            compared.append((each, found))
        result = next((found for _, found in compared if found.mismatches), compared[0][1])
        result.extra = {
            "fill": timed.fill,
            "interval": timed.interval,
            "bound": made.bound,
            "cycles": run.cycles,
            "cycles_per_second": run.cycles / run.seconds if run.seconds else 0.0,
            "seed": seed,
            "stall_percent": percent,
            "runs": [
                {
                    "run": each.stalls,
                    "seed": each.seed,
                    "stall_percent": each.percent,
                    "images": found.images,
                    "mismatches": found.mismatches,
                }
                for each, found in compared
            ],
            "latency_us": timed.fill / made.clock_mhz,
            "fps": made.clock_mhz * 1e6 / timed.interval,
        }
    result.save(model.stages)
    return result


def count_resources(model: Model) -> resources.Resources:
    """Count LUTs, flip-flops, BRAMs and DSPs with Yosys and write resources.json. Raises if the part is too small."""
    dataflow(model)
    with seconds(model, "resources"):
        return resources.write(model.rtl, model.synthesis, model.folder / "resources.json")


def check_netlist(
    model: Model, images: int, seed: int, percent: int, advance: Advance = lambda count: None
) -> StageResult:
    """Stage "netlist": the synthesised netlist in Verilator, stalls on both ends, its outputs against PyTorch's."""
    from fpga import netlist

    given, _ = reference(model), dataflow(model)
    count = min(images, len(given.images))
    with seconds(model, "netlist"):
        run = netlist.simulate(model.rtl, model.synthesis, model.cache, given.images[:count], advance, seed, percent)
        made, result = load(model.rtl), StageResult("netlist", "torch")
        expected = results(made, given.outputs[:count])
        result.add(
            given.labels[:count],
            predictions(made, run.outputs),
            {"output": expected},
            {"output": run.outputs.reshape(expected.shape)},
        )
        result.extra = {
            "cycles": run.cycles,
            "cycles_per_second": run.cycles / run.seconds if run.seconds else 0.0,
            "seed": seed,
            "stall_percent": percent,
        }
    result.save(model.stages)
    return result


@contextlib.contextmanager
def seconds(model: Model, step: str, **variables: object) -> Iterator[None]:
    """Record how long the block took, and the `variables` of make that it was given, if it ends well."""
    begin = time.monotonic()
    yield
    record.write(model.folder, step, time.monotonic() - begin, **variables)


def mapped(model: Model) -> Any:
    """model.onnx as a dataflow graph that is not folded, with the output that the recipe asks for."""
    from fpga import mapping
    from fpga.transforms import SelectLabel

    graph = mapping.to_dataflow(model.onnx)
    return graph.transform(SelectLabel()) if model.hardware.output == "labels" else graph


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _batches(count: int) -> Iterator[slice]:
    for start in range(0, count, BATCH):
        yield slice(start, min(start + BATCH, count))


def results(made: Design, outputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What the design gives for a network's outputs [N, classes]: these, or labels [N, 1], the first of equals."""
    return outputs.argmax(axis=1)[:, None] if made.labels else outputs


def predictions(made: Design, results: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Labels [N] from what the design gives."""
    rows = results.reshape(len(results), -1).astype(np.int64)
    return rows[:, 0] if made.labels else rows.argmax(axis=1)
