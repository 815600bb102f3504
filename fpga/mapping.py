# SPDX-License-Identifier: BSD-3-Clause
"""A QONNX file becomes a FINN dataflow graph, and that, once folded, one whose every node has Verilog.

model = to_dataflow("build/digits/model.onnx")       # PE = SIMD = 1, executable
...                                                  # set PE and SIMD
model = specialise(model, Path("build/digits/ip"))   # width converters, RTL
execute(model, images)                               # the same integers throughout
"""

import os
import shutil
from pathlib import Path

import fpga.ops  # noqa: F401  isort: skip  (sets FINN's environment, before anything of FINN is imported)
import numpy as np
from finn.transformation.fpgadataflow.insert_dwc import InsertDWC
from finn.transformation.fpgadataflow.specialize_layers import SpecializeLayers
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.general import GiveUniqueNodeNames

from chain.errors import InputError, UnsupportedError, WrapNetError
from fpga import levels, rom
from fpga.execution import execute
from fpga.ops import WrapActivation, WrapMVU
from fpga.ops._base import StreamOp
from fpga.resources import part_of
from fpga.transforms import NarrowStream, stages

PART = "xc7z020clg400-1"

__all__ = ["PART", "execute", "generate", "specialise", "to_dataflow"]


def to_dataflow(path: str | os.PathLike[str]) -> ModelWrapper:
    """Map the QONNX file at `path` to a graph of hardware ops with PE = SIMD = 1; its input is [1, H, W, C].

    Raises:
        InputError: there is no such file, or it is no ONNX.
        UnsupportedError: something in it cannot be mapped; names the node, the reason and the way out.
    """
    if not Path(path).is_file():
        raise InputError(f"no file {str(path)!r}; export the model first (make export MODEL=)")
    try:
        model = ModelWrapper(str(path))
    except Exception as error:  # protobuf's exception types differ between its implementations
        raise InputError(f"{str(path)!r} is not an ONNX file: {error}") from error
    for stage in stages():
        model = model.transform(stage, make_deepcopy=False)
    note_parameters(model)
    return model.transform(GiveUniqueNodeNames(), make_deepcopy=False)


def note_parameters(model: ModelWrapper) -> None:
    """Tell the nodes of `model`, changed in place, what estimates need to know of their weights and thresholds."""
    for node in model.graph.node:
        op = getCustomOp(node)
        if isinstance(op, WrapMVU):
            op.note(model.graph)
        if isinstance(op, WrapActivation):
            op.set_nodeattr("falling", int(np.count_nonzero(op.initializer(model.graph, 2))))


def specialise(
    model: ModelWrapper, build: Path | None = None, part: str = PART, clock_ns: float = 10.0
) -> ModelWrapper:
    """A copy of the folded `model` with width converters and the RTL form of every node, under FINN's node names.

    Weights are given block RAM or look-up tables, by what pays in the part.

    With `build`, each node's Verilog and memory files are written to `build`/<node name>; `build` is replaced.

    Raises:
        UnsupportedError: a PE or SIMD does not divide what it must, or FINN cannot make RTL of a node.
    """
    model = model.transform(SpecializeLayers(part))
    model = model.transform(InsertDWC(), make_deepcopy=False)
    model = model.transform(GiveUniqueNodeNames(), make_deepcopy=False)  # FINN's converters come without
    model = model.transform(NarrowStream(), make_deepcopy=False)
    for node in model.graph.node:
        if node.op_type == "StreamingDataWidthConverter":
            node.attribute.append(helper.make_attribute("preferred_impl_style", "rtl"))
    model = model.transform(SpecializeLayers(part), make_deepcopy=False)
    model = model.transform(GiveUniqueNodeNames(), make_deepcopy=False)
    place_weights(model, part)
    limit_levels(model, levels.limit(part, 1000.0 / clock_ns))
    if build is not None:
        folder = Path(build).resolve()
        shutil.rmtree(folder, ignore_errors=True)
        for node in model.graph.node:
            generate(model, node, folder / node.name, part, clock_ns)
    return model


def place_weights(model: ModelWrapper, part: str) -> None:
    """Choose what each weight memory of the folded `model`, changed in place, is made of in `part`."""
    ops = [getCustomOp(node) for node in model.graph.node if node.op_type in ("WrapMVU_rtl", "WrapVVU_rtl")]
    for op, style in zip(ops, rom.styles([op.weight_memory() for op in ops], part_of(part)), strict=True):
        op.set_nodeattr("romStyle", style)


def limit_levels(model: ModelWrapper, most: int) -> None:
    """Have the ops of `model`, changed in place, put registers so that at most so many levels of logic lie between."""
    for node in model.graph.node:
        op = getCustomOp(node)
        if most < levels.UNLIMITED and isinstance(op, StreamOp):
            op.set_nodeattr("maxLevels", most)


def generate(model: ModelWrapper, node: NodeProto, folder: Path, part: str = PART, clock_ns: float = 10.0) -> None:
    """Write the Verilog of one RTL node to `folder`; what FINN raises becomes an UnsupportedError naming the node."""
    folder.mkdir(parents=True, exist_ok=True)
    op = getCustomOp(node)
    op.set_nodeattr("code_gen_dir_ipgen", str(folder))
    try:
        op.code_generation_ipgen(model, part, clock_ns)
    except (WrapNetError, OSError):
        raise
    except Exception as error:
        raise UnsupportedError(
            f"node {node.name!r} ({node.op_type}): FINN cannot generate its Verilog: {error}; choose another folding "
            "or change the layer's geometry"
        ) from error
