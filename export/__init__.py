# SPDX-License-Identifier: BSD-3-Clause
"""Trained networks to QONNX files that run everywhere alike, and the proof that they do.

`export.to_qonnx(model, path)` writes a file, `export.check(path)` names what in a file cannot be mapped to hardware,
`export.agree(...)` compares PyTorch, QONNX's executor and onnxruntime integer for integer, `export.hand_over(...)`
gives `make hardware` a network that was trained without a recipe.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.agreement import agree
    from export.handover import hand_over
    from export.metadata import Metadata
    from export.problems import check
    from export.qonnx import to_qonnx

__all__ = ["Metadata", "agree", "check", "hand_over", "to_qonnx"]

_HOMES = {
    "Metadata": "metadata",
    "agree": "agreement",
    "check": "problems",
    "hand_over": "handover",
    "to_qonnx": "qonnx",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: the folder of operators must be importable without torch.
    if name in _HOMES:
        return getattr(import_module(f"export.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'export' has no attribute {name!r}")
