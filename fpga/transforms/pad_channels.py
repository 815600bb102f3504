# SPDX-License-Identifier: BSD-3-Clause
"""PadChannels: a channel count with few divisors is rounded up, so that more values of PE and SIMD are legal.

The channels that are added are always zero (their thresholds are never reached), so the weights behind them may be
anything, binary ones too. Results are the same; the work grows in proportion.
"""

from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from chain.errors import InputError
from fpga.rtl_memory import signed_bits
from fpga.transforms._graph import attribute, is_output, refuse, set_attribute, shape_of
from fpga.transforms._rewrite import Rewrite
from fpga.transforms.absorb_activation import domain

_COUNTS = {
    "ConvolutionInputGenerator": "IFMChannels",
    "FMPadding": "NumChannels",
    "WindowMax": "Channels",
    "WrapVVU": "Channels",
}
"""Where an op that keeps channels apart says how many there are; the others say so in `shape`."""
_KEEPING = (*_COUNTS, "WrapActivation", "StreamFork", "StreamAdd", "WindowSum", "PoolMax")


@dataclass
class Channels:
    """Tensors that share their channels, and the nodes between, before (`makers`) and after (`readers`) them."""

    count: int
    tensors: list[str] = field(default_factory=list)
    keeping: list[NodeProto] = field(default_factory=list)
    makers: list[NodeProto] = field(default_factory=list)
    readers: list[NodeProto] = field(default_factory=list)


class PadChannels(Rewrite):
    """Pad the output channels of `layer`, and of what is added to it, to `channels` in a graph of `to_dataflow`.

    Raises InputError for an unknown layer, UnsupportedError where the channels are the network's own outputs.
    """

    def __init__(self, layer: str, channels: int) -> None:
        super().__init__()
        self.layer = layer
        self.channels = channels

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        layers = [attribute(node, "layer") for node in model.graph.node if node.op_type == "WrapMVU"]
        if self.layer not in layers:
            raise InputError(f"no layer {self.layer!r} makes channels; the network's are {', '.join(layers)}")
        return super().apply(model)

    def match(self, model: ModelWrapper, node: NodeProto) -> Channels | None:
        if node.op_type != "WrapMVU" or attribute(node, "layer") != self.layer:
            return None
        if attribute(node, "MH") >= self.channels:
            return None
        return shared_channels(model, node)

    def rewrite(self, model: ModelWrapper, found: Channels) -> None:
        more = self.channels - found.count
        for name in found.tensors:
            shape = shape_of(model, name)
            model.set_tensor_shape(name, [*shape[:-1], shape[-1] // found.count * self.channels])
        for node in found.makers:
            set_attribute(node, "MH", self.channels)
            set_attribute(node, "realChannels", attribute(node, "realChannels", 0) or found.count)
            _pad(model, node.input[1], ((0, 0), (0, more)))
        for node in found.readers:
            weights = model.get_initializer(node.input[1])
            taps = weights.reshape(-1, found.count, weights.shape[1])
            taps = np.pad(taps, ((0, 0), (0, more), (0, 0)), constant_values=1)
            model.set_initializer(node.input[1], taps.reshape(-1, weights.shape[1]))
            set_attribute(node, "MW", len(taps) * self.channels)
            set_attribute(node, "inputShape", shape_of(model, node.input[0]))
        for node in found.keeping:
            if node.op_type in _COUNTS:
                set_attribute(node, _COUNTS[node.op_type], self.channels)
            else:
                set_attribute(node, "shape", shape_of(model, node.input[0]))
            if node.op_type == "WrapVVU":
                set_attribute(node, "realChannels", attribute(node, "realChannels", 0) or found.count)
                _pad(model, node.input[1], ((0, 0), (0, more)))
            if node.op_type == "WrapActivation":
                _pad_activation(model, node, found.count, more)


def shared_channels(model: ModelWrapper, unit: NodeProto) -> Channels:
    """What must be padded together with the output of `unit`, a WrapMVU."""
    found = Channels(attribute(unit, "MH"))
    waiting = [unit.output[0]]
    while waiting:
        name = waiting.pop()
        if name in found.tensors:
            continue
        found.tensors.append(name)
        maker, readers = model.find_producer(name), model.find_consumers(name)
        if maker is None or is_output(model, name) or not readers:
            refuse(unit, "its channels are inputs or outputs of the network", "these cannot be padded")
        for node in (maker, *readers):
            if node.op_type in _KEEPING:
                if node not in found.keeping:
                    found.keeping.append(node)
                    sources = node.input if node.op_type == "StreamAdd" else node.input[:1]
                    waiting += [*sources, *node.output]
            elif node.op_type != "WrapMVU":
                refuse(node, "its channels are outputs of the network", "these cannot be padded")
            elif attribute(node, "groups", 1) > 1:
                refuse(node, "its channels are in groups", "these cannot be padded")
        if maker.op_type == "WrapMVU" and maker not in found.makers:
            found.makers.append(maker)
        found.readers += [node for node in readers if node.op_type == "WrapMVU" and node not in found.readers]
    return found


def _pad(model: ModelWrapper, name: str, widths: tuple[tuple[int, int], ...]) -> None:
    """Pad an initializer with ones, which every type of weights can hold."""
    model.set_initializer(name, np.pad(model.get_initializer(name), widths, constant_values=1))


def _pad_activation(model: ModelWrapper, node: NodeProto, count: int, more: int) -> None:
    """Rows of thresholds that no value reaches."""
    kind = getCustomOp(node).get_input_datatype()
    top = domain(kind.bitwidth(), attribute(node, "fold", 0))[1] if kind.signed() else int(kind.max())
    thresholds, flips = (model.get_initializer(name) for name in node.input[1:])
    if len(flips) == 1:
        thresholds, flips = np.repeat(thresholds, count, axis=0), np.repeat(flips, count)
    thresholds = np.pad(thresholds, ((0, more), (0, 0)), constant_values=top + 1)
    model.set_initializer(node.input[1], thresholds)
    model.set_initializer(node.input[2], np.pad(flips, (0, more)))
    set_attribute(node, "rows", count + more)
    set_attribute(node, "thresholdBits", signed_bits(int(thresholds.min()), int(thresholds.max())))
