# SPDX-License-Identifier: BSD-3-Clause
"""From a small ONNX model to a stitched design, as the chain does it; Verilator's builds stay in build/verilator."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper

from fpga import folding, mapping, steps, stitch
from fpga.design import Design
from tests import graphs

PART = "xc7z020clg400-1"
CACHE = Path("build") / "verilator"


def queued(model: ModelProto, folder: Path, fps: float, clock: float = 100.0) -> ModelWrapper:
    """The dataflow graph of `model`, folded for `fps` at `clock` MHz, with FIFOs."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    graph = mapping.to_dataflow(folder / "model.onnx")
    folding.for_fps(graph, fps, clock)
    return steps.specialised(graph, steps.Hardware(PART, clock))


def design(model: ModelProto, folder: Path, fps: float, clock: float = 100.0) -> tuple[Design, ModelWrapper]:
    """`folder`/rtl of `model`, and its graph."""
    graph = queued(model, folder, fps, clock)
    return stitch.stitch(graph, folder / "rtl", "toy", clock, PART), graph


def pixels(model: ModelProto, count: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Random images [N, H, W, C] for `model`."""
    return np.moveaxis(graphs.images(model, count, seed), 1, -1).astype(np.int64)
