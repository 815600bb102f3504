# SPDX-License-Identifier: BSD-3-Clause
"""What a node of a graph is called: its op, whatever its form, and its layer."""

from typing import Any


def op_of(node: Any) -> str:
    """The name of a node's op, whatever its form."""
    return str(node.op_type).removesuffix("_rtl").removesuffix("_hls")


def layer_of(node: Any) -> str:
    """The node's `layer` attribute, also where FINN's op does not list it ('' for none)."""
    for attribute in node.attribute:
        if attribute.name == "layer":
            return str(attribute.s.decode())
    return ""
