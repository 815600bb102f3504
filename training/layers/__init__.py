# SPDX-License-Identifier: BSD-3-Clause
"""Layers with wraparound accumulators, and what they need around them, on top of Brevitas."""

from training.layers.affine import ChannelAffine
from training.layers.arithmetic import InputQuant, QuantAdd, QuantSumPool
from training.layers.inspection import accumulators, overflow_penalty, penalising, recording, set_wrapping
from training.layers.wrapping import WrapConv2d, WrapLinear

__all__ = [
    "ChannelAffine",
    "InputQuant",
    "QuantAdd",
    "QuantSumPool",
    "WrapConv2d",
    "WrapLinear",
    "accumulators",
    "overflow_penalty",
    "penalising",
    "recording",
    "set_wrapping",
]
