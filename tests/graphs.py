# SPDX-License-Identifier: BSD-3-Clause
"""Small ONNX models in the exporter's form with random weights, made without torch: what mapping must cope with.

`CASES` maps a name to a function of a seed that returns a model; `images` makes input for one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.infer_shapes import InferShapes

from export.ops.functions import QUANT_DOMAIN, WRAP_DOMAIN, make_model

Floats = npt.NDArray[np.float32]


def images(model: ModelProto, count: int, seed: int = 0) -> Floats:
    """Random raw integers [count, C, H, W] for `model`, 0..255 or what its input annotation allows."""
    wrapper = ModelWrapper(model)
    shape = wrapper.get_tensor_shape("input")
    top = int(wrapper.get_tensor_datatype("input").max())
    values = np.random.default_rng(seed).integers(0, top + 1, (count, *shape[1:]))
    return values.astype(np.float32)


@dataclass
class Builder:
    """Writes a model layer by layer; `tensor` names the current one, `scale` its scale, `channels` its channels."""

    shape: tuple[int, int, int]
    seed: int = 0
    input_type: str = "UINT8"
    tensor: str = "input"
    scale: float = 1.0
    channels: int = 0
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, Floats] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.channels = self.shape[0]

    def op(self, name: str, op_type: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Add a node; its output, named after it unless told, becomes the current tensor."""
        self.tensor = output or f"{name}.out"
        self.nodes.append(helper.make_node(op_type, inputs, [self.tensor], name=name, **attributes))
        return self.tensor

    def constant(self, name: str, value: npt.ArrayLike, dtype: type = np.float32) -> str:
        self.constants[name] = np.asarray(value, dtype=dtype)
        return name

    def quant(self, name: str, bits: int, scale: float) -> "Builder":
        """An unsigned quantiser of `bits` bits."""
        self.scale = float(np.float32(scale))
        inputs = [
            self.tensor,
            self.constant(f"{name}.scale", self.scale),
            self.constant(f"{name}.zero_point", 0.0),
            self.constant(f"{name}.bits", bits),
        ]
        self.op(name, "Quant", inputs, domain=QUANT_DOMAIN, signed=0, narrow=0, rounding_mode="ROUND")
        return self

    def input_quant(self, bits: int) -> "Builder":
        """Raw integers to 0..1, then `bits` bits."""
        top = DataType[self.input_type].max()
        self.op("input_quant.mul", "Mul", [self.tensor, self.constant("input_quant.factor", 1 / top)])
        return self.quant("input_quant", bits, 1 / (2**bits - 1))

    def integers(self, name: str) -> str:
        """Divide the current tensor by its scale and round."""
        self.op(f"{name}.div", "Div", [self.tensor, self.constant(f"{name}.in_scale", self.scale)])
        return self.op(f"{name}.round", "Round", [self.tensor], f"{name}.int")

    def weights(self, name: str, kind: str, shape: tuple[int, ...]) -> str:
        """Random integers of the QONNX datatype `kind`."""
        datatype = DataType[kind]
        values = self.random.integers(int(datatype.min()), int(datatype.max()) + 1, shape)
        if kind == "BIPOLAR":
            values = self.random.integers(0, 2, shape) * 2 - 1
        self.types[f"{name}.weight"] = kind
        return self.constant(f"{name}.weight", values)

    def accumulate(self, name: str, bits: int, fold: int, output: str | None = None) -> "Builder":
        self.op(
            name, "WrapAccumulator", [self.tensor], output or f"{name}.acc", domain=WRAP_DOMAIN, bits=bits, fold=fold
        )
        self.last_bits = bits
        return self

    def conv(
        self,
        name: str,
        channels: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        pads: tuple[int, int, int, int] = (0, 0, 0, 0),
        weights: str = "BIPOLAR",
        bits: int = 8,
        fold: int = 3,
        depthwise: bool = False,
        groups: int = 1,
    ) -> "Builder":
        """A convolution up to and with its accumulator; `pads` is top, left, bottom, right."""
        group = self.channels if depthwise else groups
        channels = self.channels if depthwise else channels
        weight = self.weights(name, weights, (channels, self.channels // group, *kernel))
        self.op(
            f"{name}.conv",
            "Conv",
            [self.integers(name), weight],
            f"{name}.sum",
            kernel_shape=list(kernel),
            strides=list(stride),
            pads=list(pads),
            group=group,
            dilations=[1, 1],
        )
        self.channels = channels
        return self.accumulate(name, bits, fold)

    def activate(self, name: str, bits: int, scale: float = 0.25, spread: float = 40.0, bias: bool = True) -> "Builder":
        """Scale and offset a channel, ReLU, quantiser of `bits` bits; `spread` is the accumulator's usual magnitude.

        Among the channels, in this order as far as they go: one of a negative factor, one that never leaves zero, one
        always at the top, one of factor zero.
        """
        top = scale * (2**bits - 1)
        factor = self.random.uniform(0.3, 1.5, self.channels) * top / spread
        factor *= self.random.choice([-1, 1], self.channels)
        offset = self.random.uniform(-0.3, 0.7, self.channels) * top
        factor[0] = -abs(factor[0])
        if bias and self.channels >= 5:
            offset[1], offset[2], factor[3] = -1000 * top, 1000 * top, 0.0
        shape = (1, -1, 1, 1)
        self.op(f"{name}.mul", "Mul", [self.tensor, self.constant(f"{name}.factor", factor.reshape(shape))])
        if bias:
            self.op(f"{name}.add", "Add", [self.tensor, self.constant(f"{name}.offset", offset.reshape(shape))])
        self.op(f"{name}.relu", "Relu", [self.tensor])
        return self.quant(name, bits, scale)

    def max_pool(self, name: str, kernel: tuple[int, int], stride: tuple[int, int] | None = None) -> "Builder":
        self.op(
            name, "MaxPool", [self.tensor], kernel_shape=list(kernel), strides=list(stride or kernel), pads=[0, 0, 0, 0]
        )
        return self

    def sum_pool(self, name: str, pixels: int, bits: int) -> "Builder":
        """Global average pooling of `pixels` positions as an integer sum, then a quantiser of the same scale."""
        scale = self.scale
        axes = self.constant(f"{name}.axes", [2, 3], np.int64)
        self.op(f"{name}.sum", "ReduceSum", [self.integers(name), axes], keepdims=1)
        self.op(f"{name}.mul", "Mul", [self.tensor, self.constant(f"{name}.factor", scale / pixels)])
        return self.quant(f"{name}.quant", bits, scale)

    def add(self, name: str, other: str) -> "Builder":
        """Add the tensor `other`, which has the current scale."""
        self.op(name, "Add", [other, self.tensor])
        return self

    def head(
        self, name: str, inputs: int, classes: int, weights: str = "BIPOLAR", bits: int = 8, fold: int = 3
    ) -> ModelProto:
        """Flatten, the last linear layer, and the whole model."""
        self.op("flatten", "Flatten", [self.tensor], axis=1)
        weight = self.weights(name, weights, (inputs, classes))
        self.op(f"{name}.matmul", "MatMul", [self.integers(name), weight], f"{name}.sum")
        self.accumulate(name, bits, fold, "output")
        return self.model(classes)

    def model(self, classes: int) -> ModelProto:
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [value("input", TensorProto.FLOAT, [1, *self.shape])],
            [value("output", TensorProto.FLOAT, [1, classes])],
            [numpy_helper.from_array(array, name) for name, array in self.constants.items()],
        )
        wrapper = ModelWrapper(make_model(graph))
        wrapper.set_tensor_datatype("input", DataType[self.input_type])
        for name, kind in self.types.items():
            wrapper.set_tensor_datatype(name, DataType[kind])
        return wrapper.transform(InferShapes()).model


def plain(seed: int = 0) -> ModelProto:
    """Two 3x3 convolutions, max pooling, a linear head; binary weights."""
    b = Builder((1, 8, 8), seed).input_quant(8)
    b.conv("conv1", 8, (3, 3), pads=(1, 1, 1, 1)).activate("act1", 2).max_pool("pool1", (2, 2))
    b.conv("conv2", 16, (3, 3), pads=(1, 1, 1, 1)).activate("act2", 2).max_pool("pool2", (2, 2))
    return b.head("fc", 16 * 2 * 2, 10)


def odd(seed: int = 0) -> ModelProto:
    """Channel counts of 7 and 13, non-square input and kernels, stride 2, uneven padding, ternary and 3-bit weights."""
    b = Builder((3, 11, 9), seed).input_quant(4)
    b.conv("stem", 7, (5, 5), stride=(2, 1), pads=(2, 2, 2, 2), weights="TERNARY").activate("stem_act", 3)
    b.conv("wide_kernel", 13, (1, 7), pads=(0, 3, 0, 3), bits=7, fold=1).activate("wide_act", 2)
    b.conv("point", 7, (1, 1), weights="INT3", bits=9, fold=7).activate("point_act", 1)
    return b.head("fc", 7 * 6 * 9, 5, bits=10)


def depthwise(seed: int = 0) -> ModelProto:
    """A depthwise 3x3 of stride 2, then a 1x1 convolution, global sum pooling, a head."""
    b = Builder((3, 10, 8), seed).input_quant(8)
    b.conv("stem", 7, (3, 3), pads=(1, 1, 1, 1), bits=10).activate("stem_act", 4, spread=200)
    b.conv("depth", 7, (3, 3), (2, 2), (1, 1, 1, 1), depthwise=True).activate("depth_act", 4)
    b.conv("point", 12, (1, 1)).activate("point_act", 4)
    return b.sum_pool("pool", 5 * 4, 4).head("fc", 12, 10, "INT4")


def grouped(seed: int = 0) -> ModelProto:
    """Groups of several channels: binary 3x3, 3-bit 1x1 of stride 2, two outputs a channel, a kernel as the image."""
    b = Builder((3, 8, 9), seed).input_quant(4)
    b.conv("stem", 8, (3, 3), pads=(1, 1, 1, 1)).activate("stem_act", 3)
    b.conv("pairs", 12, (3, 3), pads=(1, 1, 1, 1), groups=2).activate("pairs_act", 2)
    b.conv("threes", 6, (1, 1), (2, 2), weights="INT3", bits=7, groups=3).activate("threes_act", 3)
    b.conv("doubled", 12, (2, 3), groups=6, fold=1).activate("doubled_act", 2)
    b.conv("whole", 8, (3, 3), weights="TERNARY", bits=6, groups=4).activate("whole_act", 2)
    return b.head("fc", 8, 5)


def residual(seed: int = 0) -> ModelProto:
    """A residual block whose sum of two 3-bit tensors, 4 bits wide, feeds the next convolution and the next sum."""
    b = Builder((3, 8, 8), seed).input_quant(8)
    b.conv("stem", 8, (3, 3), pads=(1, 1, 1, 1)).activate("stem_act", 3)
    skip = b.tensor
    b.conv("block.conv1", 8, (3, 3), pads=(1, 1, 1, 1)).activate("block.act1", 2)
    b.conv("block.conv2", 8, (3, 3), pads=(1, 1, 1, 1)).activate("block.act2", 3).add("block.add", skip)
    b.conv("last", 13, (3, 3), (2, 2), (1, 1, 1, 1)).activate("last_act", 4)
    return b.sum_pool("pool", 4 * 4, 4).head("fc", 13, 10)


def wide(seed: int = 0) -> ModelProto:
    """First and last layer too wide to overflow, without a fold; 6-bit accumulators without a fold between them."""
    b = Builder((1, 7, 5), seed).input_quant(8)
    b.conv("first", 5, (3, 3), pads=(1, 1, 1, 1), bits=13, fold=0).activate("first_act", 1, spread=700)
    b.conv("middle", 7, (3, 3), bits=6, fold=0).activate("middle_act", 2, spread=15, bias=False)
    return b.head("fc", 7 * 5 * 3, 3, "INT8", bits=18, fold=0)


def linear(seed: int = 0) -> ModelProto:
    """A head alone on 1-bit inputs: the smallest graph."""
    return Builder((1, 4, 4), seed).input_quant(1).head("fc", 16, 4, "TERNARY", bits=4, fold=1)


CASES: dict[str, Callable[[int], ModelProto]] = {
    case.__name__: case for case in (plain, odd, depthwise, grouped, residual, wide, linear)
}
