# SPDX-License-Identifier: BSD-3-Clause
"""The estimate of a whole accelerator, before any RTL is written."""

from typing import Any

from fpga.estimate import nodes
from fpga.layers import hardware
from fpga.resources import Use


def estimate(model: Any) -> Use:
    """What a graph of hardware nodes takes: of mapping.specialise, with its FIFOs (fpga.fifo)."""
    use = Use()
    for node in model.graph.node:
        use.add(nodes.node(hardware(node)))
    return use
