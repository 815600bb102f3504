# SPDX-License-Identifier: BSD-3-Clause
"""onnxruntime and PyTorch on a network of the same shapes and weights, in float32 and in their own int8.

The network is what a user of these tools has: convolution with batch norm folded in, ReLU, pool. It computes no wrapped
sums and rounds no levels, so it is checked against the same formula in float64 numpy, and its int8 form against that
within what 8 bits can hold. Images come as float32 [N, C, H, W], as these tools take them: converting is not timed.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import nn

from chain.errors import AgreementError, UnsupportedError
from host.cpu.plan import Add, Conv, Lookup, MaxPool, Plan, SumPool, sources
from scripts.bench_cpu.integers import Levels, Requantisation, padded, pool

Floats = npt.NDArray[np.float32]
_CALIBRATION = 32  # images
_FLOAT_TOLERANCE, _INT8_TOLERANCE = 1e-4, 0.5  # of the results' standard deviation, root mean square


class Foreign(Protocol):
    """Another tool's network."""

    def runner(self, images: Levels, threads: int) -> Callable[[], Any]:
        """What runs it on images [N, H, W, C] with so many threads."""


@dataclass(frozen=True)
class FloatLayer:
    """`kind`: "conv" with weights [O, C, kh, kw] and bias, or "dense" (then of the flattened image), either with ReLU
    or without; "pool" 2 x 2; "add" of two tensors; "average" over the image. `padding`: top, left, bottom, right.
    """

    kind: str
    sources: tuple[int, ...]
    target: int | None
    weights: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    bias: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    stride: tuple[int, int] = (1, 1)
    relu: bool = False


def float_layers(plan: Plan, steps: Mapping[str, Requantisation]) -> list[FloatLayer]:
    """The network without rounding: each layer's exact sums scaled and offset as its requantisation does."""
    layers = []
    seen = 0  # the tensor that the first layer sees: a look-up before it is done with the pixels
    for step in plan.steps:
        read = tuple(max(seen, source) for source in sources(step))
        if isinstance(step, Conv):
            weights = step.weights.astype(np.float64)
            bias = np.zeros(len(weights))
            if step.name in steps:
                weights = weights * steps[step.name].scale[:, None, None, None]
                bias = steps[step.name].bias
            dense = step.weights.shape[1:] == plan.tensors[step.source].shape
            layers.append(
                FloatLayer(
                    "dense" if dense else "conv",
                    read,
                    step.target,
                    weights.astype(np.float32),
                    bias.astype(np.float32),
                    step.padding,
                    step.stride,
                    step.name in steps,
                )
            )
        elif isinstance(step, Lookup):
            if step.source != 0:
                raise UnsupportedError(f"{step.name}: the frameworks' networks have a {step.kind} of pixels only")
            seen = step.target
        else:
            kind = {MaxPool: "pool", Add: "add", SumPool: "average"}[type(step)]
            layers.append(FloatLayer(kind, read, step.target))
    return layers


def is_chain(layers: list[FloatLayer]) -> bool:
    """Whether each layer reads the one before, and PyTorch's quantiser takes it as an nn.Sequential."""
    return all(layer.kind in ("conv", "dense", "pool") for layer in layers)


def pixels(plan: Plan, images: Levels) -> Floats:
    """What the first convolution sees, float32 [N, C, H, W]."""
    first = plan.steps[0]
    levels = first.table[0][images] if isinstance(first, Lookup) else images
    return np.ascontiguousarray(levels.transpose(0, 3, 1, 2), dtype=np.float32)


def numpy_results(layers: list[FloatLayer], images: Floats) -> npt.NDArray[np.float64]:
    """The same in float64, [N, outputs]."""
    values: dict[int | None, Any] = {layers[0].sources[0]: images.transpose(0, 2, 3, 1).astype(np.float64)}
    for layer in layers:
        made = values[layer.sources[0]]
        if layer.kind == "pool":
            made = pool(made)
        elif layer.kind == "add":
            made = made + values[layer.sources[1]]
        elif layer.kind == "average":
            made = made.mean(axis=(1, 2), keepdims=True)
        else:
            weights = layer.weights.astype(np.float64)
            windows = np.lib.stride_tricks.sliding_window_view(
                padded(made, layer.padding), weights.shape[2:], axis=(1, 2)
            )[:, :: layer.stride[0], :: layer.stride[1]]
            made = np.tensordot(windows, weights, axes=((3, 4, 5), (1, 2, 3))) + layer.bias
            if layer.relu:
                made = np.maximum(made, 0)
        values[layer.target] = made
    return values[layers[-1].target].reshape(len(images), -1)


def check_close(name: str, found: npt.NDArray[Any], expected: npt.NDArray[np.float64], tolerance: float) -> None:
    """Raise AgreementError if the root mean square of differences is above `tolerance` standard deviations."""
    error = float(np.sqrt(np.mean((found.reshape(expected.shape) - expected) ** 2)) / expected.std())
    if not error <= tolerance:
        raise AgreementError(f"{name} is {error:.3g} standard deviations away from numpy, expected {tolerance}")


class OnnxRuntime:
    """A session for each number of threads of the model in `path`."""

    def __init__(self, plan: Plan, path: Path):
        self._plan, self._path = plan, path
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}

    def run(self, values: Floats, threads: int = 1) -> Floats:
        """Results [N, outputs] for float32 [N, C, H, W]."""
        if threads not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
            # Idle threads that go on spinning would take time from whoever has the next turn.
            options.add_session_config_entry("session.force_spinning_stop", "1")
            self._sessions[threads] = onnxruntime.InferenceSession(
                str(self._path), options, providers=["CPUExecutionProvider"]
            )
        (found,) = self._sessions[threads].run(None, {"input": values})
        return found

    def runner(self, images: Levels, threads: int) -> Callable[[], Any]:
        """Runs images [N, H, W, C]."""
        values = pixels(self._plan, images)
        return lambda: self.run(values, threads)


class Torch:
    """A module, run in inference mode; `channels_last` says how its images lie."""

    def __init__(self, plan: Plan, module: nn.Module, channels_last: bool):
        self._plan, self._module = plan, module
        self._format = torch.channels_last if channels_last else torch.contiguous_format

    def run(self, values: torch.Tensor, threads: int = 1) -> torch.Tensor:
        """Results [N, outputs] for float32 [N, C, H, W]."""
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        with torch.inference_mode():
            return self._module(values)

    def runner(self, images: Levels, threads: int) -> Callable[[], Any]:
        """Runs images [N, H, W, C]."""
        values = torch.from_numpy(pixels(self._plan, images)).contiguous(memory_format=self._format)
        return lambda: self.run(values, threads)


def foreign(
    plan: Plan, steps: Mapping[str, Requantisation], folder: Path, images: Levels
) -> tuple[dict[str, Foreign], dict[str, float]]:
    """All contenders of both tools, checked, and the int8 ones' errors in standard deviations of the results.

    Models are written to `folder`; int8 is calibrated on `images` [N, H, W, C].
    """
    layers = float_layers(plan, steps)
    values = pixels(plan, images[:_CALIBRATION])
    expected = numpy_results(layers, values[:4])
    floats, int8 = folder / "float32.onnx", folder / "int8.onnx"
    onnx.save(onnx_model(layers, values.shape[1:], plan.outputs), floats)
    _quantise(floats, int8, values)
    candidates: dict[str, OnnxRuntime | Torch] = {
        "onnxruntime float32": OnnxRuntime(plan, floats),
        "onnxruntime int8": OnnxRuntime(plan, int8),
    }
    if is_chain(layers):
        candidates |= {
            "PyTorch float32": Torch(plan, torch_module(layers), False),
            "PyTorch float32, channels last": Torch(plan, _channels_last(torch_module(layers)), True),
            "PyTorch int8": Torch(plan, torch_int8(layers, torch.from_numpy(values)), True),
        }
    errors = {}
    for name, network in candidates.items():
        if isinstance(network, Torch):
            found = network.run(torch.from_numpy(values[:4])).numpy()
        else:
            found = network.run(values[:4])
        check_close(name, found, expected, _INT8_TOLERANCE if "int8" in name else _FLOAT_TOLERANCE)
        if "int8" in name:
            errors[name] = float(np.sqrt(np.mean((found - expected) ** 2)) / expected.std())
    return dict(candidates), errors


def onnx_model(layers: list[FloatLayer], shape: tuple[int, ...], outputs: int) -> onnx.ModelProto:
    """The network as ONNX for images [N, *shape]."""
    nodes, constants, flat = [], [], False
    values: dict[int | None, str] = {layers[0].sources[0]: "input"}
    for number, layer in enumerate(layers):
        read, made = [values[source] for source in layer.sources], f"value{number}"
        values[layer.target] = made
        if layer.kind in ("pool", "add", "average"):
            operator = {"pool": "MaxPool", "add": "Add", "average": "GlobalAveragePool"}[layer.kind]
            window: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [2, 2]} if layer.kind == "pool" else {}
            nodes.append(helper.make_node(operator, read, [made], **window))
            continue
        is_dense = layer.kind == "dense"
        weights = layer.weights.reshape(len(layer.weights), -1) if is_dense else layer.weights
        names = [f"weights{number}", f"bias{number}"]
        constants += [numpy_helper.from_array(weights, names[0]), numpy_helper.from_array(layer.bias, names[1])]
        if is_dense and not flat:
            nodes.append(helper.make_node("Flatten", read, ["flat"], axis=1))
            read, flat = ["flat"], True
        if is_dense:
            nodes.append(helper.make_node("Gemm", [*read, *names], [made], transB=1))
        else:
            sides: dict[str, Any] = {"pads": list(layer.padding), "strides": list(layer.stride)}
            nodes.append(helper.make_node("Conv", [*read, *names], [made], **sides))
        if layer.relu:
            values[layer.target] = f"relu{number}"
            nodes.append(helper.make_node("Relu", [made], [values[layer.target]]))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info(values[None], TensorProto.FLOAT, ["n", outputs])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


class _Reader(CalibrationDataReader):
    def __init__(self, values: Floats):
        self._left = iter([{"input": values}])

    def get_next(self) -> dict[str, Floats] | None:  # type: ignore[override]
        return next(self._left, None)


def _quantise(source: Path, target: Path, values: Floats) -> None:
    """onnxruntime's static quantiser: QDQ, weights by channel, activations unsigned."""
    with _silence():
        quantize_static(
            str(source),
            str(target),
            _Reader(values),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


def torch_module(layers: list[FloatLayer]) -> nn.Sequential:
    """The network in PyTorch."""
    modules: list[nn.Module] = []
    flat = False
    for layer in layers:
        if layer.kind == "pool":
            modules.append(nn.MaxPool2d(2))
            continue
        made: nn.Conv2d | nn.Linear
        outputs, channels, height, width = layer.weights.shape
        if layer.kind == "dense":
            if not flat:
                modules.append(nn.Flatten())
                flat = True
            made = nn.Linear(channels * height * width, outputs)
        else:
            top, left, bottom, right = layer.padding
            if (top, left) != (bottom, right):
                raise UnsupportedError(f"padding {layer.padding}: PyTorch's convolution pads both sides alike")
            made = nn.Conv2d(channels, outputs, (height, width), layer.stride, (top, left))
        made.weight.data = torch.from_numpy(layer.weights.reshape(made.weight.shape).copy())
        assert made.bias is not None  # both classes make one unless told not to
        made.bias.data = torch.from_numpy(layer.bias.copy())
        modules.append(made)
        if layer.relu:
            modules.append(nn.ReLU())
    return nn.Sequential(*modules).eval()


def _channels_last(module: nn.Module) -> nn.Module:
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def torch_int8(layers: list[FloatLayer], values: torch.Tensor) -> nn.Module:
    """PyTorch's static quantisation of the network (its x86 engine), ReLUs fused, weights by channel."""
    from torch.ao import quantization

    with _silence():
        torch.backends.quantized.engine = "x86"
        network = torch_module(layers)
        pairs = [
            [str(i), str(i + 1)]
            for i in range(len(network) - 1)
            if isinstance(network[i], nn.Conv2d | nn.Linear) and isinstance(network[i + 1], nn.ReLU)
        ]
        quantization.fuse_modules(network, pairs, inplace=True)
        whole = nn.Sequential(quantization.QuantStub(), network, quantization.DeQuantStub()).eval()
        whole.qconfig = quantization.get_default_qconfig("x86")  # type: ignore[assignment]
        quantization.prepare(whole, inplace=True)
        with torch.inference_mode():
            whole(values)
        return quantization.convert(whole)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """The quantisers' advice on models to come is not for who runs a benchmark."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.root.setLevel(level)
