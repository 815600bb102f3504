# SPDX-License-Identifier: BSD-3-Clause
"""Small dataflow graphs of FINN's own RTL nodes, for tests of what stands on such graphs."""

from collections.abc import Sequence

from fpga import environment

environment.prepare()

import finn.custom_op.fpgadataflow.rtl  # noqa: E402, F401
from onnx import TensorProto, helper  # noqa: E402
from qonnx.core.datatype import DataType  # noqa: E402
from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.util.basic import qonnx_make_model  # noqa: E402

RTL = "finn.custom_op.fpgadataflow.rtl"


def graph(nodes: Sequence, shapes: dict[str, list[int]], bits: int) -> ModelWrapper:
    """A dataflow graph from `nodes`; its first and last tensor in `shapes` are input and output."""
    names = list(shapes)
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    made = helper.make_graph(
        list(nodes), "toy", [infos[names[0]]], [infos[names[-1]]], value_info=[infos[name] for name in names[1:-1]]
    )
    model = ModelWrapper(qonnx_make_model(made))
    for name in names:
        model.set_tensor_datatype(name, DataType[f"UINT{bits}"])
    return model


def padding(source: str, sink: str, name: str, dim: list[int], pads: list[int], channels: int, simd: int, bits: int):
    return helper.make_node(
        "FMPadding_rtl",
        [source],
        [sink],
        name=name,
        domain=RTL,
        backend="fpgadataflow",
        ImgDim=dim,
        Padding=pads,
        NumChannels=channels,
        SIMD=simd,
        inputDataType=f"UINT{bits}",
    )


def window(
    source: str,
    sink: str,
    name: str,
    dim: list[int],
    kernel: list[int],
    stride: list[int],
    channels: int,
    simd: int,
    bits: int,
    depthwise: int = 0,
    parallel: int = 0,
):
    out = [(dim[i] - kernel[i]) // stride[i] + 1 for i in (0, 1)]
    return helper.make_node(
        "ConvolutionInputGenerator_rtl",
        [source],
        [sink],
        name=name,
        domain=RTL,
        backend="fpgadataflow",
        ConvKernelDim=kernel,
        IFMChannels=channels,
        IFMDim=dim,
        OFMDim=out,
        SIMD=simd,
        Stride=stride,
        Dilation=[1, 1],
        inputDataType=f"UINT{bits}",
        outputDataType=f"UINT{bits}",
        depthwise=depthwise,
        parallel_window=parallel,
        ram_style="auto",
    )


def converter(source: str, sink: str, name: str, shape: list[int], in_width: int, out_width: int, bits: int):
    return helper.make_node(
        "StreamingDataWidthConverter_rtl",
        [source],
        [sink],
        name=name,
        domain=RTL,
        backend="fpgadataflow",
        inShape=shape,
        outShape=shape,
        inWidth=in_width,
        outWidth=out_width,
        dataType=f"UINT{bits}",
    )


def toy(height: int = 6, width: int = 5, channels: int = 4, simd: int = 2, bits: int = 4) -> ModelWrapper:
    """Padding by 1, a 3x3 window, a conversion to twice the word: FINN's RTL in one chain."""
    padded = [height + 2, width + 2]
    rows = [1, height, width, 9 * channels]
    return graph(
        [
            padding("in", "padded", "FMPadding_rtl_0", [height, width], [1, 1, 1, 1], channels, simd, bits),
            window("padded", "rows", "ConvolutionInputGenerator_rtl_0", padded, [3, 3], [1, 1], channels, simd, bits),
            converter("rows", "out", "StreamingDataWidthConverter_rtl_0", rows, simd * bits, 2 * simd * bits, bits),
        ],
        {"in": [1, height, width, channels], "padded": [1, *padded, channels], "rows": rows, "out": rows},
        bits,
    )
