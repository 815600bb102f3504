# SPDX-License-Identifier: BSD-3-Clause
"""Runs a model file in plain onnxruntime or in QONNX's executor, in batches, and shows tensors from within.

Both runners take any number of images at a time, though the file fixes its batch to one.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from chain.errors import InputError, ToolError
from export.ops.functions import WRAP_DOMAIN

Floats = npt.NDArray[np.float32]
Model = ModelProto | bytes | str | os.PathLike[str]
BATCH = 100


def load(model: Model) -> ModelProto:
    """Read a model from a file's path or its bytes; a copy of a model that is read already.

    Raises:
        InputError: there is no such file, or it is not ONNX.
    """
    if isinstance(model, ModelProto):
        copied = ModelProto()
        copied.CopyFrom(model)
        return copied
    where = "the given bytes" if isinstance(model, bytes) else str(model)
    try:
        content = model if isinstance(model, bytes) else Path(model).read_bytes()
        proto = onnx.load_model_from_string(content)
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}") from error
    except DecodeError as error:
        raise InputError(f"{where}: not an ONNX file, or a damaged one: {error}") from error
    if not proto.graph.node or not proto.opset_import:
        raise InputError(f"{where}: not an ONNX file: no graph in it")
    return proto


def accumulators(model: ModelProto) -> dict[str, str]:
    """Map the name of every accumulator's layer to its output tensor, in graph order."""
    return {
        node.name: node.output[0]
        for node in model.graph.node
        if (node.domain, node.op_type) == (WRAP_DOMAIN, "WrapAccumulator")
    }


class Runner(Protocol):
    """What both runners are: a call maps images [N, C, H, W] to the tapped tensors and the graph's outputs by name."""

    taps: tuple[str, ...]

    def __call__(self, images: npt.ArrayLike) -> dict[str, Floats]: ...


class OnnxRuntime:
    """A session of plain onnxruntime, which knows the custom operators by their bodies in the file alone."""

    def __init__(self, model: Model, taps: Sequence[str] = (), threads: int = 0) -> None:
        """Prepare `model` to also give the tensors `taps`; `threads` of 0 means all cores.

        Raises:
            InputError: the model cannot be read, or has no tensor of a tap's name.
            ToolError: onnxruntime refuses the model.
        """
        proto = load(model)
        self.taps, self.input = _prepare(proto, taps, "N")
        outputs = {value.name for value in proto.graph.output}
        proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in self.taps if name not in outputs)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions have no common public base
            raise ToolError(f"onnxruntime {onnxruntime.__version__} refuses the model: {error}") from error

    def __call__(self, images: npt.ArrayLike) -> dict[str, Floats]:
        """Run images [N, C, H, W]."""
        values = self.session.run(list(self.taps), {self.input: np.asarray(images, dtype=np.float32)})
        return dict(zip(self.taps, values, strict=True))


class QonnxExecutor:
    """QONNX's own executor, node by node, which runs the custom operators' Python.

    Datatype annotations are taken off first: the executor would round tensors to them, and so repair what a comparison
    must find.
    """

    def __init__(self, model: Model, taps: Sequence[str] = ()) -> None:
        """Prepare `model` to also give the tensors `taps`.

        Raises:
            InputError: the model cannot be read, or has no tensor of a tap's name.
        """
        self.model = load(model)
        self.taps, self.input = _prepare(self.model, taps, 1)
        del self.model.graph.quantization_annotation[:]
        self.wrappers: dict[int, ModelWrapper] = {}

    def __call__(self, images: npt.ArrayLike) -> dict[str, Floats]:
        """Run images [N, C, H, W]."""
        values = np.asarray(images, dtype=np.float32)
        wrapper = self.wrappers.get(len(values)) or self._rebatched(len(values))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            context = execute_onnx(wrapper, {self.input: values}, return_full_exec_context=True)
        return {name: context[name] for name in self.taps}

    def _rebatched(self, count: int) -> ModelWrapper:
        proto = load(self.model)
        _set_batch(proto, count)
        wrapper = ModelWrapper(proto).transform(InferShapes())
        self.wrappers = {count: wrapper}
        return wrapper


def batches(
    runner: Runner, images: npt.NDArray[Any], size: int = BATCH, advance: Callable[[int], None] = lambda count: None
) -> Iterator[tuple[slice, dict[str, Floats]]]:
    """Run `images` [N, C, H, W], `size` at a time; yield which and their tensors; tell `advance` each count."""
    for start in range(0, len(images), size):
        part = slice(start, min(start + size, len(images)))
        yield part, runner(images[part])
        advance(part.stop - part.start)


def outputs(runner: Runner, images: npt.NDArray[Any], size: int = BATCH) -> dict[str, Floats]:
    """All of the runner's tensors for `images` [N, C, H, W], each [N, ...]; mind the memory."""
    parts = [tensors for _, tensors in batches(runner, images, size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in runner.taps}


def _prepare(proto: ModelProto, taps: Sequence[str], batch: int | str) -> tuple[tuple[str, ...], str]:
    known = {name for node in proto.graph.node for name in node.output} | {v.name for v in proto.graph.output}
    missing = [name for name in taps if name not in known]
    if missing:
        raise InputError(f"no tensor {missing[0]!r} in the model; its tensors: {', '.join(sorted(known))}")
    constants = {initializer.name for initializer in proto.graph.initializer}
    inputs = [value.name for value in proto.graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise InputError(f"one graph input expected, found {len(inputs)}: {', '.join(inputs)}")
    _set_batch(proto, batch)
    return tuple(dict.fromkeys([*taps, *(value.name for value in proto.graph.output)])), inputs[0]


def _set_batch(proto: ModelProto, batch: int | str) -> None:
    constants = {initializer.name for initializer in proto.graph.initializer}
    del proto.graph.value_info[:]
    for value in [*proto.graph.input, *proto.graph.output]:
        dims = value.type.tensor_type.shape.dim
        if value.name in constants or not dims:
            continue
        if isinstance(batch, str):
            dims[0].dim_param = batch
        else:
            dims[0].dim_value = batch
