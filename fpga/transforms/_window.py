# SPDX-License-Identifier: BSD-3-Clause
"""Padding and sliding window of convolutions and max pooling, by FINN's own RTL ops."""

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper

from fpga.transforms._graph import attribute, hardware, new_tensor, refuse, shape_of


@dataclass(frozen=True)
class Window:
    """Geometry in [H, W]; `pads` is top, left, bottom, right, filled with zeros; `image` is before padding."""

    image: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: tuple[int, int, int, int]

    @property
    def padded(self) -> tuple[int, int]:
        return self.image[0] + self.pads[0] + self.pads[2], self.image[1] + self.pads[1] + self.pads[3]

    @property
    def reach(self) -> tuple[int, int]:
        """Pixels from the first to the last tap of the kernel."""
        h, w = ((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return h, w

    @property
    def output(self) -> tuple[int, int]:
        h, w = ((p - r) // s + 1 for p, r, s in zip(self.padded, self.reach, self.stride, strict=True))
        return h, w

    @property
    def covers_image(self) -> bool:
        """Whether the only window is the image itself, in the order in which it streams anyway."""
        return self.kernel == self.padded

    @property
    def tiles(self) -> bool:
        """Whether the windows lie side by side: none overlap, and no pixel is between two of them."""
        sizes = zip(self.kernel, self.stride, self.padded, self.output, strict=True)
        return self.dilation == (1, 1) and all(k == s or p // k == o == 1 for k, s, p, o in sizes)

    def insert(
        self, model: ModelWrapper, source: str, layer: str, depthwise: bool, sliding: bool = True
    ) -> tuple[list[NodeProto], str]:
        """Nodes (FMPadding, ConvolutionInputGenerator, as needed) that make windows of the NHWC tensor `source`."""
        nodes = []
        channels = shape_of(model, source)[-1]
        kind = model.get_tensor_datatype(source)
        common = {"layer": layer, "preferred_impl_style": "rtl", "inputDataType": kind.name, "SIMD": 1}
        if any(self.pads):
            target = new_tensor(model, f"{layer}.padded", [1, *self.padded, channels], kind)
            nodes.append(
                hardware(
                    model,
                    "FMPadding",
                    [source],
                    [target],
                    ImgDim=list(self.image),
                    Padding=list(self.pads),
                    NumChannels=channels,
                    numInputVectors=1,
                    **common,
                )
            )
            source = target
        if sliding and (self.kernel, self.stride) != ((1, 1), (1, 1)):
            elements = self.kernel[0] * self.kernel[1] * channels
            target = new_tensor(model, f"{layer}.windows", [1, *self.output, elements], kind)
            nodes.append(
                hardware(
                    model,
                    "ConvolutionInputGenerator",
                    [source],
                    [target],
                    ConvKernelDim=list(self.kernel),
                    IFMChannels=channels,
                    IFMDim=list(self.padded),
                    OFMDim=list(self.output),
                    Stride=list(self.stride),
                    Dilation=list(self.dilation),
                    outputDataType=kind.name,
                    depthwise=int(depthwise),
                    ram_style="auto",
                    **common,
                )
            )
            source = target
        return nodes, source


def window(model: ModelWrapper, node: NodeProto, kernel: Sequence[int]) -> Window:
    """The geometry of a Conv or MaxPool; UnsupportedError naming it where FINN's sliding window cannot do it."""
    shape = shape_of(model, node.input[0])
    if len(shape) != 4 or len(kernel) != 2:
        refuse(node, f"its input has the shape {shape}", "the toolkit maps two-dimensional images [1, C, H, W]")
    if attribute(node, "auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        refuse(node, f"auto_pad is {attribute(node, 'auto_pad')}", "export it with explicit pads")
    if attribute(node, "ceil_mode", 0):
        refuse(node, "it rounds its output size up (ceil_mode)", "pad its input instead")
    top, left, bottom, right = attribute(node, "pads", [0, 0, 0, 0])
    stride_h, stride_w = attribute(node, "strides", [1, 1])
    dilation_h, dilation_w = attribute(node, "dilations", [1, 1])
    found = Window(
        (shape[2], shape[3]),
        (kernel[0], kernel[1]),
        (stride_h, stride_w),
        (dilation_h, dilation_w),
        (top, left, bottom, right),
    )
    if any(r > p or s > p for r, s, p in zip(found.reach, found.stride, found.padded, strict=True)):
        refuse(
            node, f"its kernel or stride exceeds its padded image {list(found.padded)}", "use a smaller one or pad more"
        )
    if min(found.pads) < 0:
        refuse(node, f"it has negative pads {list(found.pads)}", "crop before the network")
    return found
