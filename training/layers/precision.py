# SPDX-License-Identifier: BSD-3-Clause
"""What exact sums ask of torch: convolutions and products in float32, whatever else is computed in.

torch.compile is no option of training: it breaks its graph at every quantiser, which reads its width from a tensor.
"""

import torch
from torch import Tensor

from chain.errors import UnsupportedError

# NNPACK's Winograd transform is not exact on integers.
torch.backends.nnpack.set_flags(False)
# TF32 holds the operands, integers of at most 8 bits, but tensor cores do not promise how precisely they add up. The
# older switch says the same, for what still asks it: torch refuses to tell it while the two differ.
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]


def require_exact(x: Tensor, what: str) -> None:
    """Raise UnsupportedError if torch is set to compute sums of `x` in less than float32; `what` names the layer."""
    kind = x.device.type
    if torch.is_autocast_enabled(kind):
        kept = str(torch.get_autocast_dtype(kind)).removeprefix("torch.")
        raise UnsupportedError(
            f"{what}: autocast to {kept} is on, which does not hold its sums: bfloat16 is exact to 256, float16 to "
            '2048. Run the model outside of autocast; a recipe\'s gradients = "bfloat16" saves time and keeps the sums'
        )
    if x.dtype in (torch.bfloat16, torch.float16):
        raise UnsupportedError(
            f"{what}: the input is {str(x.dtype).removeprefix('torch.')}, which does not hold its sums; keep the model "
            "in float32"
        )
    if kind == "cuda" and "tf32" in _cuda_precisions():
        raise UnsupportedError(
            f"{what}: TF32 is on, and tensor cores do not promise exact sums; "
            'torch.set_float32_matmul_precision("highest"), and torch.backends.cudnn.conv.fp32_precision = "ieee"'
        )


def rounded(z: Tensor) -> Tensor:
    """The exact sums `z`, in place, where cuDNN made them: it may choose Winograd's or Fourier's transform, which miss
    integers by far less than a half. The gradient passes as if nothing was done.
    """
    if z.is_cuda:
        z.detach().round_()
    return z


def _cuda_precisions() -> tuple[str, str]:
    return torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision  # type: ignore[attr-defined]
