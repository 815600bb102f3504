# SPDX-License-Identifier: BSD-3-Clause
"""Trained networks to QONNX files that run everywhere alike, and the proof that they do.

`export.to_qonnx(model, path)` writes a file, `export.check(path)` names what in a file cannot be mapped to hardware,
`export.agree(...)` compares PyTorch, QONNX's executor and onnxruntime integer for integer.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.agreement import agree
    from export.metadata import Metadata
    from export.problems import check
    from export.qonnx import to_qonnx

__all__ = ["Metadata", "agree", "check", "to_qonnx"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the folder of operators must be importable without torch.
    if name == "agree":
        from export.agreement import agree

        return agree
    if name == "Metadata":
        from export.metadata import Metadata

        return Metadata
    if name == "check":
        from export.problems import check

        return check
    if name == "to_qonnx":
        from export.qonnx import to_qonnx

        return to_qonnx
    raise AttributeError(f"module 'export' has no attribute {name!r}")
