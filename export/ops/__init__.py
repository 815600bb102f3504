# SPDX-License-Identifier: BSD-3-Clause
"""The ONNX operator domain `export.ops`, and what runs files that use it. Free of torch.

QONNX's registry imports this package by the domain's name and finds the operators in `custom_op`.
"""

from export.ops.wrap_accumulator import WrapAccumulator

custom_op = {"WrapAccumulator": WrapAccumulator}

__all__ = ["WrapAccumulator", "custom_op"]
